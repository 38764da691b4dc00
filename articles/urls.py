"""Addresses of the public pages, feeds and the API."""

from django.urls import URLPattern, URLResolver

app_name = "articles"

urlpatterns: list[URLPattern | URLResolver] = []
