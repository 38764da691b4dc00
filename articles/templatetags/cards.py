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
    from articles.models import Article

register = template.Library()

_MOST: Final = 2_000
"""Cards remembered, of some 2 KB each."""
_cards: dict[tuple[Any, ...], SafeString] = {}


@register.simple_tag(takes_context=True)
def card(
    context: Context, story: Article, *, is_first: bool = False, has_day_above: bool = False
) -> SafeString:
    """Render a story of a list; what is coverage of another's lead as such. No query.

    ``for_list()`` loaded ``story``; ``has_day_above`` lets its time say the hour alone.
    """
    lead = None if story.published else story.shown_under
    key = (translation.get_language(), is_first, has_day_above, *_shown(story, lead))
    rendered = None if settings.DEBUG else _cards.get(key)
    if rendered is None:
        name = "articles/_story.html" if story.published else "articles/_covering.html"
        values = {"is_first": is_first, "has_day_above": has_day_above}
        shown = {"story": story} if story.published else {"report": story, "lead": lead}
        engine = context.template.engine  # type: ignore[union-attr]
        rendered = engine.get_template(name).render(context.new(values | shown))
        if len(_cards) >= _MOST:
            _cards.clear()
        _cards[key] = rendered
    return rendered


def _shown(story: Article, lead: Article | None) -> tuple[Any, ...]:
    """Give all that a card could show: whatever was loaded."""
    return (
        _loaded(story),
        _loaded(story.provider),
        lead and lead.pk,
        tuple(_loaded(link.topic) for link in story.topic_links.all()),
        tuple(_loaded(image) for image in story.images.all()),
        tuple((_loaded(one), _loaded(one.provider)) for one in story.coverage),
    )


def _loaded(row: Model) -> tuple[Any, ...]:
    return tuple(
        value
        for name, value in row.__dict__.items()
        # Django's own, and lists of other rows.
        if name[0] != "_" and not isinstance(value, list)
    )
