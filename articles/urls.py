"""Addresses of the public pages, feeds and the API."""

from django.urls import URLPattern, URLResolver, path

from articles import views

app_name = "articles"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.front, name="front"),
    path("news/<slug:slug>/", views.article, name="article"),
]
