"""URLs below ``/api/``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from articles.api.docs import SchemaView, docs
from articles.api.hub import HubView
from articles.api.news import ArticleView, NewsView, StoryView
from articles.api.newsdesk.decisions import ACTS, ActView, UndoView
from articles.api.newsdesk.views import (
    DeskArticleView,
    DeskHistoryView,
    DeskNewsView,
    DeskStoryView,
    DeskSuggestionsView,
)
from articles.api.topics_providers import ProvidersView, ProviderView, TopicsView, TopicView
from articles.api.views import NothingView

app_name = "api"

urlpatterns: list[URLPattern | URLResolver] = [
    path("news/index.json", HubView.as_view(), name="hub"),
    path("news/page<int:page>/index.json", HubView.as_view(), name="hub-page"),
    path("news/<str:topic>/index.json", HubView.as_view(), name="hub-topic"),
    path("news/<str:topic>/page<int:page>/index.json", HubView.as_view(), name="hub-topic-page"),
    path("v1/news/", NewsView.as_view(), name="news"),
    path("v1/news/<str:slug>/", ArticleView.as_view(), name="article"),
    path("v1/stories/<str:slug>/", StoryView.as_view(), name="story"),
    path("v1/topics/", TopicsView.as_view(), name="topics"),
    path("v1/topics/<str:slug>/", TopicView.as_view(), name="topic"),
    path("v1/providers/", ProvidersView.as_view(), name="providers"),
    path("v1/providers/<str:domain>/", ProviderView.as_view(), name="provider"),
    path("v1/newsdesk/news/", DeskNewsView.as_view(), name="newsdesk-news"),
    path("v1/newsdesk/news/<str:slug>/", DeskArticleView.as_view(), name="newsdesk-article"),
    path("v1/newsdesk/news/<str:slug>/story/", DeskStoryView.as_view(), name="newsdesk-story"),
    path(
        "v1/newsdesk/news/<str:slug>/history/", DeskHistoryView.as_view(), name="newsdesk-history"
    ),
    path(
        "v1/newsdesk/news/<str:slug>/suggestions/",
        DeskSuggestionsView.as_view(),
        name="newsdesk-suggestions",
    ),
    *(
        path(
            f"v1/newsdesk/news/<str:slug>/{verb}/",
            ActView.as_view(verb=verb),
            name=f"newsdesk-{verb}",
        )
        for verb in ACTS
    ),
    path("v1/newsdesk/acts/<int:act_id>/undo/", UndoView.as_view(), name="newsdesk-undo"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("", NothingView.as_view(), name="nothing"),
    # This matches line feeds too. Django redirects URLs without a final slash to those with one.
    re_path(r"^(?:[\s\S]*/|[\s\S]*\.\w+)$", NothingView.as_view()),
]
