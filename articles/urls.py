"""Addresses of the public pages, feeds and the API."""

from django.urls import URLPattern, URLResolver, path

from articles import views

app_name = "articles"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.front, name="front"),
    path("latest/", views.latest, name="latest"),
    path("news/<slug:slug>/", views.article, name="article"),
    path("topics/", views.topics, name="topics"),
    path("topics/<str:slug>/", views.topic, name="topic"),
    path("providers/", views.providers, name="providers"),
    path("providers/<str:domain>/", views.provider, name="provider"),
    path("search/", views.search, name="search"),
]
