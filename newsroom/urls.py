"""URLs: health checks, the admin, and everything else from the articles app."""

from django.contrib import admin
from django.urls import include, path

from articles.accounts import passwords
from articles.watching.metrics import metrics
from newsroom import health, optional_sign_in

handler500 = "newsroom.errors.server_error"

admin.autodiscover()

urlpatterns = [
    # They take the place of the admin's own page for sign-in.
    *(
        [path("admin/", include("articles.admin.users.sso_urls"))]
        if optional_sign_in.is_on()
        else []
    ),
    # Probes expect these without a final slash.
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/password/forgot/", passwords.ForgotPassword.as_view(), name="admin_password_reset"),
    path("admin/password/sent/", passwords.LinkSent.as_view(), name="password_reset_done"),
    path("admin/password/done/", passwords.PasswordSet.as_view(), name="password_reset_complete"),
    path(
        "admin/password/<uidb64>/<token>/",
        passwords.SetPassword.as_view(),
        name="password_reset_confirm",
    ),
    path("admin/", admin.site.urls),
    path("", include("articles.urls")),
]
