"""Cards of stories, rendered once for as long as nothing changes that they show.

An act changes a story or two, and yet every list must be made anew. Most of that is rendering, and
most cards are what they were: so a process remembers them by all that was loaded for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import template
from django.conf import settings
from django.db.models import Model
from django.template import Context
from django.utils import translation
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from articles.models import Article, Image

register = template.Library()

_MOST: Final = 2_000
"""Cards remembered, of some 2 KB each."""
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
    """Render a story of a list; what is coverage of another's lead as such. No query.

    ``for_list()`` loaded ``story``; ``is_first`` makes it the large one, ``is_on_top`` has its picture
    loaded before others; ``has_day_above`` lets its time say the hour alone.
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
    """Return all that a card could show: whatever was loaded."""
    return (
        _loaded(story),
        _loaded(story.provider),
        lead and lead.pk,
        tuple(_loaded(link.topic) for link in story.topic_links.all()),
        tuple((_loaded(image), *_copy(image)) for image in story.images.all()),
        tuple((_loaded(one), _loaded(one.provider)) for one in story.coverage),
    )


def _copy(image: Image) -> tuple[Any, ...]:
    """Return the copy that is kept of an image; what it is drawn with follows from its digest."""
    return _loaded(image.stored) if image.stored else ()


def _loaded(row: Model) -> tuple[Any, ...]:
    return tuple(
        value
        for name, value in row.__dict__.items()
        # Django's own, and lists of other rows.
        if name[0] != "_" and not isinstance(value, list)
    )
