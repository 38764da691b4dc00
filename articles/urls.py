"""Addresses of the public pages, feeds and the API."""

from django.urls import URLPattern, URLResolver, path

from articles import sitemaps, views, well_known

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
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemaps/pages.xml", sitemaps.pages, name="sitemap-pages"),
    path("sitemaps/news-<int:number>.xml", sitemaps.news, name="sitemap-news"),
    path("news-sitemap.xml", sitemaps.latest_news, name="news-sitemap"),
    path("robots.txt", well_known.robots, name="robots"),
    path(".well-known/security.txt", well_known.security, name="security"),
    path("humans.txt", well_known.humans, name="humans"),
    path("favicon.ico", well_known.favicon, name="favicon"),
]
