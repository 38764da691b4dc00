"""``POST /api/v1/newsdesk/news/…/hold/`` and similar: one decision on one article, and its undo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from articles import newsdesk
from articles.api.newsdesk import idempotency
from articles.api.newsdesk.access import DeskView, user_of
from articles.api.newsdesk.bodies import ReasonBodySerializer, body_of, values_of, with_articles
from articles.api.newsdesk.serializers import SHOWN, DoneSerializer
from articles.api.problems import ActSinceSerializer, ProblemError
from articles.models import Act, ActChange, Article
from articles.newsdesk import VERBS, Change, Consequence, RefusedError, StaleError, Verb
from newsroom import bulk, database_clock

MEANWHILE: Final = 5
"""How many later decisions the response to a stale request lists."""

ETAG: Final = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    description='Its version, in quotes: "17".',
    response=[200, 412],
)
_IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the article that the decision is based on.",
)
_KEY: Final = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 1, "maxLength": 257},
    OpenApiParameter.HEADER,
    description="A repeated key within 24 hours gets the first answer again.",
)
_PREVIEW: Final = OpenApiParameter(
    "preview",
    {"type": "string", "enum": ["1"]},
    description="1: return the consequences and do nothing.",
)

# Proxies that compress answers mark tags: W/"3" (nginx), "3-gzip" (Apache), "3--gzip" (Jetty).
_CHANGED_TAG: Final = re.compile(
    r'(?:W/)?("\d+)(?:[-;]{1,2}(?:gzip|deflate|br|zstd))?"\Z', re.ASCII
)

ACTS: Final = {one.verb: one for one in VERBS.values() if one.in_api}
"""The decisions on one article that have a URL in this API."""


def tag_of(version: int) -> str:
    """Return an article version's tag for ``If-Match``, which prevents lost updates."""
    return f'"{version}"'


class ActingView(DeskView):
    """A view that makes a decision or returns its consequences."""

    serializer_class = DoneSerializer

    def _answer(
        self, request: Request, values: Mapping[str, Any], make: Callable[[], Change]
    ) -> Response:
        """Make the change, only once per idempotency key, or return its consequences."""
        text = request.query_params.get("preview")
        if text not in {None, "1"}:
            raise ValidationError({"preview": ["Use 1 or leave it out."]})
        is_preview = text == "1"

        def done() -> dict[str, Any]:
            at = database_clock.now()
            if not is_preview:
                # From here on, nothing can change that affects the consequences.
                bulk.hold_write_lock()
            try:
                change = make()
                if not newsdesk.may(user_of(request), change):
                    raise PermissionDenied
                told = newsdesk.consequences(change, at)
                if is_preview:
                    return _shown(change, None, told)
                reason = values.get("reason", "").strip()
                act = newsdesk.perform(change, by=user_of(request), reason=reason, at=at)
                return _shown(change, act, told)
            except (RefusedError, StaleError) as error:
                slug = self.kwargs.get("slug")
                if slug and isinstance(error, StaleError):
                    raise _late(stored(slug), str(error), None) from error
                raise ProblemError(HTTPStatus.CONFLICT, f"Nothing was done. {error}") from error

        if is_preview:
            return Response(done())
        return Response(idempotency.once(request, user_of(request), done))


class ActView(ActingView):
    parameters = (_IF_MATCH, _KEY, _PREVIEW, ETAG)
    statuses = (404, 409, 412, 413, 415, 422, 428)
    verb: Verb = Verb.SCORE
    """Set in the URLconf."""

    @property
    def body(self) -> type[ReasonBodySerializer]:
        return body_of(VERBS[self.verb])

    def post(self, request: Request, slug: str) -> Response:
        """Make the decision and apply the rule to everything it affects, or do nothing."""
        values = values_of(request, self.body)

        def make() -> Change:
            article = stored(slug)
            if not newsdesk.may_begin(user_of(request), self.verb, article):
                raise PermissionDenied
            _require_seen(request, article)
            return VERBS[self.verb].change(article, with_articles(self.body, values))

        answer = self._answer(request, values, make)
        for one in answer.data["articles"]:
            if one["slug"] == slug:
                answer["ETag"] = tag_of(one["version"])
        return answer


class UndoView(ActingView):
    parameters = (_KEY, _PREVIEW)
    statuses = (404, 409, 413, 415, 422)
    body = ReasonBodySerializer

    def post(self, request: Request, act_id: int) -> Response:
        """Undo a whole decision. This needs the permissions that the decision needed.

        If-Match is not needed: an undo is refused if anything has changed since the decision.
        """

        def make() -> Change:
            act = Act.objects.filter(pk=act_id).first()
            if act is None:
                raise Http404
            if not user_of(request).has_perms(act.permissions):
                raise PermissionDenied
            return newsdesk.undo(act)

        return self._answer(request, values_of(request, self.body), make)


def stored(slug: str) -> Article:
    """Return an article with its provider, or raise ``Http404``. One query."""
    article = Article.objects.select_related("provider").called(slug).first()
    if article is None:
        raise Http404
    return article


def _require_seen(request: Request, article: Article) -> None:
    """Raise unless ``If-Match`` names the article's current version."""
    text = request.headers.get("If-Match", "").strip()
    if not text or text == "*":
        # ``*`` would overwrite unseen changes.
        raise ProblemError(
            HTTPStatus.PRECONDITION_REQUIRED,
            f"Nothing was done. Send If-Match with the ETag of the article you read, like {tag_of(1)}.",
        )
    tags = [_CHANGED_TAG.sub(r'\1"', tag) for tag in parse_etags(text)]
    if tag_of(article.version) in tags:
        return
    named = tags[0].strip('"') if tags else ""
    seen = int(named) if named.isascii() and named.isdecimal() and len(named) < 10 else None
    words = (
        f"{article.slug} has changed since you read it. Read it again, then decide."
        if seen is not None and seen < article.version
        else f"If-Match is not a version of {article.slug}."
    )
    raise _late(article, words, seen)


def _late(article: Article, words: str, seen: int | None) -> ProblemError:
    acts: Iterable[ActChange] = ()
    if seen is not None:
        since = ActChange.objects.filter(article=article, version__gt=seen)
        acts = since.select_related("act__by").order_by("-pk")[:MEANWHILE]
    return ProblemError(
        HTTPStatus.PRECONDITION_FAILED,
        f"Nothing was done. {words}",
        etag=tag_of(article.version),
        version=article.version,
        meanwhile=ActSinceSerializer(acts, many=True).data,
    )


def _shown(change: Change, act: Act | None, told: list[Consequence]) -> dict[str, Any]:
    """Return the response for a decision, or for a preview if there is no ``act``."""
    if act is None:
        about = Article.objects.filter(pk__any_of=sorted(change.decided | set(change.seen)))
        articles = list(about.order_by("slug").values("slug", "version")[:SHOWN])
    else:
        rows = act.changes.select_related("article").order_by("pk")
        articles = [
            {"slug": row.article.slug, "version": row.version} for row in rows if row.is_decided
        ]
    shown = {
        "act": act and act.pk,
        "verb": change.verb.value,
        "articles": articles[:SHOWN],
        "consequences": told[:SHOWN],
        "consequenceCount": len(told),
    }
    answer: dict[str, Any] = DoneSerializer(shown).data
    return answer
