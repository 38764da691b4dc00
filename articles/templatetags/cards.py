"""Cards of stories, rendered once until something on them changes.

A decision changes only one or two stories, but every list has to be rendered again. Most of that
time would be spent on unchanged cards, so each process caches cards. The key is everything that was
loaded for a card.
"""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.conf import settings
from django.db.models import Model
from django.template import Context
from django.utils import translation
from django.utils.safestring import SafeString

from articles.models import Article

register = template.Library()

_MOST: Final = 2_000
"""The most cards to cache, at about 2 KB each."""
_cards: dict[tuple[Any, ...], SafeString] = {}


@register.simple_tag(takes_context=True)
def card(
    context: Context,
    story: Article,
    *,
    is_first: bool = False,
    is_on_top: bool = False,
    has_day_above: bool = False,
) -> SafeString:
    """Render a story in a list, or a report behind a lead as coverage.

    No query after ``for_list()``. ``is_first`` makes it the large card, ``is_on_top`` loads its
    picture before the others, and ``has_day_above`` shows its time without the day.
    """
    lead = None if story.published else story.shown_under
    looks = {"is_first": is_first, "is_on_top": is_on_top, "has_day_above": has_day_above}
    key = (translation.get_language(), *looks.values(), *_shown(story, lead))
    rendered = None if settings.DEBUG else _cards.get(key)
    if rendered is None:
        name = "articles/_story.html" if story.published else "articles/_covering.html"
        shown = {"story": story} if story.published else {"report": story, "lead": lead}
        engine = context.template.engine  # type: ignore[union-attr]
        rendered = engine.get_template(name).render(context.new(looks | shown))
        if len(_cards) >= _MOST:
            _cards.clear()
        _cards[key] = rendered
    return rendered


def _shown(story: Article, lead: Article | None) -> tuple[Any, ...]:
    """Return everything that a card could show, which is everything that was loaded."""
    return (
        _loaded(story),
        _loaded(story.provider),
        lead and lead.pk,
        tuple(map(_loaded, story.shown_topics)),
        tuple((_loaded(image), _loaded(image.stored)) for image in story.images.all()),
        tuple((_loaded(one), _loaded(one.provider)) for one in story.coverage),
    )


def _loaded(row: Model | None) -> tuple[Any, ...]:
    return tuple(
        value
        for name, value in (row.__dict__ if row else {}).items()
        # Leave out Django's own attributes and lists of other rows.
        if name[0] != "_" and not isinstance(value, list)
    )
