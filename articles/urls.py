"""URLs of the public pages, feeds and the API."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from articles.images import serving
from articles.site import search, sitemaps, views, well_known
from articles.site.feeds import views as feeds
from articles.site.feeds.formats import FormatConverter

app_name = "articles"


class NameConverter(StringConverter):
    """A topic's slug or a provider's domain: any text without NUL, because PostgreSQL refuses
    NUL.
    """

    regex = "[^/\0]+"


register_converter(FormatConverter, "feed")
register_converter(NameConverter, "name")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.front, name="front"),
    path("latest/", views.latest, name="latest"),
    path("news/<slug:slug>/", views.article, name="article"),
    path("topics/", views.topics, name="topics"),
    path("topics/<name:slug>/", views.topic, name="topic"),
    path("providers/", views.providers, name="providers"),
    path("providers/<name:domain>/", views.provider, name="provider"),
    path("search/", search.search, name="search"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemaps/pages.xml", sitemaps.pages, name="sitemap-pages"),
    path("sitemaps/news-<int:number>.xml", sitemaps.news, name="sitemap-news"),
    path("news-sitemap.xml", sitemaps.latest_news, name="news-sitemap"),
    path("robots.txt", well_known.robots, name="robots"),
    path(".well-known/security.txt", well_known.security, name="security"),
    path("humans.txt", well_known.humans, name="humans"),
    path("favicon.ico", well_known.favicon, name="favicon"),
    path("feed.<feed:ending>", feeds.front, name="front-feed"),
    path("latest/feed.<feed:ending>", feeds.latest, name="latest-feed"),
    path("news/<slug:slug>/feed.<feed:ending>", feeds.article, name="article-feed"),
    path("topics/<name:slug>/feed.<feed:ending>", feeds.topic, name="topic-feed"),
    path("providers/<name:domain>/feed.<feed:ending>", feeds.provider, name="provider-feed"),
    path("search/feed.<feed:ending>", feeds.search, name="search-feed"),
    path("api/", include("articles.api.urls")),
    *serving.routes(settings.MEDIA_URL),
]
