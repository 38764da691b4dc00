"""Cards of stories. Each is rendered once, until something on it changes."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils import translation
from django.utils.safestring import SafeString

from articles.site.stories import Story

register = template.Library()


@register.simple_tag(takes_context=True)
def card(
    context: Context,
    story: Story,
    *,
    is_first: bool = False,
    is_on_top: bool = False,
    has_day_above: bool = False,
) -> SafeString:
    """Render a story in a list, or a report behind a lead as coverage.

    ``is_first`` makes it the large card, ``is_on_top`` loads its picture before the others, and
    ``has_day_above`` shows its time without the day.
    """
    looks = {"is_first": is_first, "is_on_top": is_on_top, "has_day_above": has_day_above}
    key = (translation.get_language(), *looks.values())
    rendered = story.cards.get(key)
    if rendered is None:
        name = "articles/_story.html" if story.published else "articles/_covering.html"
        shown = (
            {"story": story} if story.published else {"report": story, "lead": story.shown_under}
        )
        engine = context.template.engine  # type: ignore[union-attr]
        rendered = engine.get_template(name).render(context.new(looks | shown))
        story.cards[key] = rendered
    return rendered
