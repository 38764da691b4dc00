"""SQL of the change feed that both databases have in common."""

import re

NAMING = "SELECT article_id FROM articles_related WHERE target_id"
INTO = "INSERT INTO articles_change(slug, sequence, shown, noted_at)"
UPSERT = (
    "ON CONFLICT (slug) DO UPDATE SET sequence = excluded.sequence, "
    "shown = articles_change.shown OR excluded.shown, noted_at = excluded.noted_at"
)
CARRIED = (
    "INSERT INTO articles_change(slug, sequence, shown, noted_at, changed_at)",
    "ON CONFLICT (slug) DO UPDATE SET changed_at = excluded.changed_at; ",
)
"""An article takes the time of its last change along to another slug, also while it is hidden."""
# Published now, or noted before.
NOTED = "(a.published OR EXISTS (SELECT 1 FROM articles_change AS c WHERE c.slug = a.slug))"
PARTS = ("articles_articletopic", "articles_image", "articles_related")
"""Tables whose rows belong to an article."""
NAMED = ("articles_storedimage", "articles_topic", "providers_provider")
"""Tables whose rows many articles show."""


_DATED = "{}.published_at <= $soon"


def with_dates(sql: str, soon: str) -> str:
    """Return SQL with its conditions on articles' dates, which may be up to ``soon``.

    If ``soon`` is blank, leave them out: versions before 0028 had none.
    """
    if soon:
        return sql.replace("$soon", soon)
    return re.sub(rf" AND {_DATED.replace('$', '[$]').format('[a-z_A-Z]+')}", "", sql)


def public(row: str, now: str, since: str = "") -> str:
    """Return the condition that a row is public, or with ``since`` that it was so after that moment."""
    return (
        f"({row}.published AND ({row}.publish_from IS NULL OR {row}.publish_from <= {now}) "
        f"AND ({row}.publish_until IS NULL OR {row}.publish_until > {since or now}) "
        f"AND {_DATED.format(row)})"
    )


def in_story(row: str, now: str) -> str:
    """Return the condition that stories list a report as coverage."""
    return (
        f"({row}.decision NOT IN ('hold', 'withdraw') "
        f"AND ({row}.publish_from IS NULL OR {row}.publish_from <= {now}) "
        f"AND ({row}.publish_until IS NULL OR {row}.publish_until > {now}) "
        f"AND {_DATED.format(row)})"
    )


def mark(slugs: str, now: str, when: str = "") -> str:
    """Return the statement that says that articles changed for readers, now.

    Only if they were shown: otherwise they appear, as they are. So this comes before the note of an
    article itself, and after that of anything else.
    """
    when = f"({when}) AND " if when else ""
    return (
        f"UPDATE articles_change SET changed_at = {now} WHERE {when}shown AND slug IN ({slugs}); "
    )


def last_note(row: str, least: str) -> str:
    """Return when an article was last noted.

    If it has been public since then, for however short, it may have been seen.
    """
    return f"COALESCE((SELECT c.noted_at FROM articles_change AS c WHERE c.slug = {row}.slug), {least})"


def showing(table: str, ids: str) -> str:
    """Return the condition of the articles that show rows of a ``NAMED`` table."""
    if table == "articles_storedimage":
        return f"a.id IN (SELECT article_id FROM articles_image WHERE stored_id {ids})"
    if table == "articles_topic":
        return f"a.id IN (SELECT article_id FROM articles_articletopic WHERE topic_id {ids})"
    supplied = f"SELECT id FROM articles_article WHERE provider_id {ids}"
    return f"(a.provider_id {ids} OR a.id IN ({NAMING} IN ({supplied})))"
