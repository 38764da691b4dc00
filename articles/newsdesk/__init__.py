"""The newsdesk: the only way a decision is made.

An act begins as a ``Change``, a value that says what would be written::

    change = newsdesk.hold(article, until=tomorrow)
    newsdesk.consequences(change)                   # whose heat, lead or visibility it alters
    act = newsdesk.perform(change, by=user, reason="waits for a comment")
    newsdesk.perform(newsdesk.undo(act), by=user)

``perform`` checks the permissions of the change, writes it with all that follows from it by the
scoring rule in one transaction, and keeps it in the history.
"""

from articles.newsdesk.availability import is_offered, may_begin
from articles.newsdesk.changes import (
    ALLOWED,
    EDITABLE,
    MOST_GATHERED,
    PERMISSIONS,
    TOO_MANY,
    Change,
    RefusedError,
    StaleError,
    Verb,
    edit,
    gather,
    hold,
    merge,
    pin,
    publish,
    refusal,
    relate,
    release,
    schedule,
    set_quality,
    split,
    together,
    unpin,
    unrelate,
    withdraw,
)
from articles.newsdesk.conflicts import Choice, name_coverage, resolve
from articles.newsdesk.effects import Consequence, Standing
from articles.newsdesk.explaining import explain
from articles.newsdesk.history import START, restore, texts_at, timeline
from articles.newsdesk.performing import consequences, may, perform, undo
from articles.newsdesk.policies import (
    StalePolicyError,
    Trial,
    apply_policy,
    continue_policy,
    policy_progress,
    try_policy,
)
from articles.newsdesk.stories import Story, story_of
from articles.newsdesk.topics_images import describe_image

__all__ = [
    "ALLOWED",
    "EDITABLE",
    "MOST_GATHERED",
    "PERMISSIONS",
    "START",
    "TOO_MANY",
    "Change",
    "Choice",
    "Consequence",
    "RefusedError",
    "StaleError",
    "StalePolicyError",
    "Standing",
    "Story",
    "Trial",
    "Verb",
    "apply_policy",
    "consequences",
    "continue_policy",
    "describe_image",
    "edit",
    "explain",
    "gather",
    "hold",
    "is_offered",
    "may",
    "may_begin",
    "merge",
    "name_coverage",
    "perform",
    "pin",
    "policy_progress",
    "publish",
    "refusal",
    "relate",
    "release",
    "resolve",
    "restore",
    "schedule",
    "set_quality",
    "split",
    "story_of",
    "texts_at",
    "timeline",
    "together",
    "try_policy",
    "undo",
    "unpin",
    "unrelate",
    "withdraw",
]
