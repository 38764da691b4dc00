"""URLs of ``bench/constant.py``."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from newsroom.urls import handler500, urlpatterns

__all__ = ["handler500", "urlpatterns"]


def constant(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(settings.BENCH_BODY, content_type="application/json")


urlpatterns = [path("constant.json", constant), *urlpatterns]
