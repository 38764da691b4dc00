"""The filters for lists of articles, shared by the search page, its feed and the API.

Only the filters declared here exist, so nobody can use filters to probe other columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy

from articles import search
from articles.models import Article, ArticleQuerySet, ArticleTopic, Topic
from articles.models.orders import LATEST
from articles.search import Behind, Narrowing, Order, Search
from newsroom.paging import CursorError, Page
from providers.models import Provider

MOST_VALUES: Final = 20
"""The most topics or providers in one filter."""
MOST_LETTERS: Final = 200
"""Longest search, in characters, for the public. URLs may be longer."""
MOST_COUNTED: Final = 500
"""Hits that are counted at most: counting them takes at most 5 ms of 20,000 articles."""
_LONGEST_NAME: Final = 253
_MOST_HEAT: Final = 32_767


class NamesField(forms.Field):
    """Up to ``MOST_VALUES`` slugs or domains, without duplicates."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        if len(value or ()) > MOST_VALUES:
            raise ValidationError(
                gettext_lazy("Choose at most %(most)s.") % {"most": MOST_VALUES}, code="many"
            )
        names = list(dict.fromkeys(name for one in value or () if (name := str(one).strip())))
        if any(search.NO_TEXT.search(name) or len(name) > _LONGEST_NAME for name in names):
            raise ValidationError(gettext_lazy("This name does not exist."), code="name")
        return names


class MomentField(forms.CharField):
    """A day or a time, converted to UTC. It is in the site's time zone unless it has an offset.

    A day means its beginning or, with ``is_end``, the beginning of the next day.
    """

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        self.is_end = is_end
        super().__init__(max_length=64, **kwargs)

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return self._read(text)
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                gettext_lazy("Enter a date like 2026-03-01 or a time like 2026-03-01T12:00Z."),
                code="moment",
            ) from error

    def _read(self, text: str) -> datetime:
        if day := parse_date(text):
            moment = datetime.combine(day + timedelta(days=self.is_end), time())
        else:
            # An unescaped plus in a URL arrives as a space.
            parsed = parse_datetime(text.replace(" ", "+") if "T" in text else text)
            if parsed is None:
                raise ValueError(text)
            moment = parsed
        aware = moment if moment.tzinfo else timezone.make_aware(moment)
        return aware.astimezone(UTC)


class WordsField(forms.CharField):
    """A search that is not too long."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if is_too_long(value):
            raise ValidationError(
                gettext_lazy("Enter at most %(most)s characters.") % {"most": MOST_LETTERS},
                code="long",
            )


def is_too_long(words: str) -> bool:
    return len(words) > MOST_LETTERS and not search.address(words)


def cut_words(request: HttpRequest) -> None:
    """Cut a search that is too long, before it is shown or stored."""
    words = request.GET.get("q", "")
    if is_too_long(words):
        query = request.GET.copy()
        query["q"] = words[:MOST_LETTERS]
        request.GET = query  # type: ignore[assignment]


class KindsField(forms.MultipleChoiceField):
    """Some of the choices. Blank values, which an untouched form sends, are ignored."""

    def to_python(self, value: Any) -> list[str]:
        return [one for one in super().to_python(value) if one]


def _filter(field: type[forms.Field], **options: Any) -> Any:
    made = django_filters.Filter(**options)
    made.field_class = field
    return made


class ArticleFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Words, topic, provider, type, time and heat. Any one of several values matches.

    ``qs`` filters a queryset in any order. ``found()`` returns a page of hits in search order and is
    fast for every combination. Both return nothing if there are ``errors``.
    """

    q = _filter(
        WordsField,
        method="with_words",
        label=gettext_lazy("Words"),
        help_text=gettext_lazy('Words, "a phrase", beginning*, -without'),
        strip=True,
    )
    topic = _filter(NamesField, method="with_topic", label=gettext_lazy("Topic"))
    provider = _filter(
        NamesField,
        method="with_provider",
        label=gettext_lazy("Publisher"),
    )
    type = _filter(
        KindsField, lookup_expr="in", choices=Article.Type.choices, label=gettext_lazy("Type")
    )
    since = _filter(
        MomentField, field_name="published_at", lookup_expr="gte", label=gettext_lazy("Since")
    )
    until = _filter(
        MomentField,
        field_name="published_at",
        lookup_expr="lt",
        is_end=True,
        label=gettext_lazy("Until"),
    )
    minimumHeat = _filter(  # noqa: N815 - the API's spelling
        forms.IntegerField,
        field_name="heat",
        lookup_expr="gte",
        label=gettext_lazy("Heat, at least"),
        min_value=0,
        max_value=_MOST_HEAT,
    )

    class Meta:
        model = Article
        fields: list[str] = []

    def with_words(self, articles: ArticleQuerySet, _name: str, text: str) -> ArticleQuerySet:
        return articles.search(text, is_typing=False)

    def with_topic(
        self, articles: ArticleQuerySet, _name: str, slugs: list[str]
    ) -> ArticleQuerySet:
        topics = Topic.objects.called(*slugs)
        links = ArticleTopic.objects.filter(article=OuterRef("pk"), topic__in=topics)
        return articles.filter(Exists(links))

    def with_provider(
        self, articles: ArticleQuerySet, _name: str, domains: list[str]
    ) -> ArticleQuerySet:
        return articles.filter(provider__in=Provider.objects.called(*domains))

    def filter_queryset(self, queryset: ArticleQuerySet) -> ArticleQuerySet:
        if not self.form.is_valid():
            return queryset.none()
        narrowed: ArticleQuerySet = super().filter_queryset(queryset)
        return narrowed

    @cached_property
    def words(self) -> str:
        return str(self.form.cleaned_data.get("q") or "") if self.form.is_valid() else ""

    @cached_property
    def asked(self) -> Search:
        return search.parse(self.words, is_typing=False)

    @cached_property
    def narrowing(self) -> Narrowing:
        """The filters other than words, for the search index. Requires a valid form."""
        asked = self.form.cleaned_data
        return Narrowing(
            tuple(asked["topic"]),
            tuple(asked["provider"]),
            tuple(asked["type"]),
            asked["since"],
            asked["until"],
            asked["minimumHeat"] or 0,
        )

    @property
    def is_blank(self) -> bool:
        """Whether no filter is set, so that every article would match."""
        return self.form.is_valid() and not any(self.form.cleaned_data.values())

    def found(self, order: Order, cursor: str = "", *, size: int) -> Page[Article]:
        """Return a page of hits in ``queryset``, which must be published articles. Five queries.

        Raise ``CursorError`` for a cursor that does not come from a page in this order.
        """
        return self._page(order, cursor, size, size + 1)[0]

    def counted(self, order: Order, *, size: int) -> tuple[Page[Article], int]:
        """Return the first page of ``found()``, and the number of hits. Five queries.

        ``MOST_COUNTED + 1`` means that there are more.
        """
        return self._page(order, "", size, MOST_COUNTED + 1)

    def _page(self, order: Order, cursor: str, size: int, count: int) -> tuple[Page[Article], int]:
        """Return a page, and the number of its hits and later ones, at most ``count``."""
        if not self.form.is_valid():
            return Page([], ""), 0
        if self.words and (search.address(self.words) or not self.asked):
            # A URL matches at most one article, so there is only one page.
            if cursor:
                raise CursorError(cursor)
            rows = list(self.qs.for_list().order_by(*LATEST.names)[:size])
            return Page(rows, ""), len(rows)
        behind = _behind(cursor, search.tiers(self.asked, order)) if cursor else None
        hits = search.find(
            self.queryset, self.asked, self.narrowing, order, count=count, after=behind
        )
        tiers = {pk: tier for tier, pk in hits[:size]}
        shown = sorted(
            self.queryset.for_list().filter(pk__in=tiers).order_by(*LATEST.names),
            key=lambda one: tiers[one.pk],
        )
        last = shown[-1] if shown and len(hits) > size else None
        return Page(shown, f"{tiers[last.pk]},{LATEST.cursor(last)}" if last else ""), len(hits)


def _behind(cursor: str, tiers: Iterable[int]) -> Behind:
    tier, _, place = cursor.partition(",")
    condition: Q = LATEST.behind(place)
    if tier not in map(str, tiers):
        raise CursorError(cursor)
    return Behind(int(tier), LATEST.read(place.rpartition(",")[0]), condition)
