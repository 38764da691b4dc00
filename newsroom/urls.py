"""Addresses: the admin, what watches the process, and everything else from the articles app."""

from django.contrib import admin
from django.urls import include, path

from newsroom import health

handler500 = "newsroom.errors.server_error"

urlpatterns = [
    # Without a slash at the end, as probes ask for them.
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("articles.urls")),
]
