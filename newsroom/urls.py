"""URLs: health checks, the admin, and everything else from the articles app."""

from django.contrib import admin
from django.urls import include, path

from articles.watching.metrics import metrics
from newsroom import health

handler500 = "newsroom.errors.server_error"

admin.autodiscover()

urlpatterns = [
    # Probes expect these without a final slash.
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("articles.urls")),
]
