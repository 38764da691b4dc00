"""Addresses below ``/api/``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from articles.api.hub import HubView
from articles.api.views import NothingView

app_name = "api"

urlpatterns: list[URLPattern | URLResolver] = [
    path("news/index.json", HubView.as_view(), name="hub"),
    path("news/page<int:page>/index.json", HubView.as_view(), name="hub-page"),
    path("news/<str:topic>/index.json", HubView.as_view(), name="hub-topic"),
    path("news/<str:topic>/page<int:page>/index.json", HubView.as_view(), name="hub-topic-page"),
    path("", NothingView.as_view(), name="nothing"),
    # Not what lacks a slash at its end: Django leads that to the address with one.
    re_path(r"/$|\.\w+$", NothingView.as_view()),
]
