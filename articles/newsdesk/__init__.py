"""The newsdesk: every decision is made here.

A decision begins as a ``Change``, a value that says what would be written::

    change = newsdesk.hold(article, until=tomorrow)
    newsdesk.consequences(change)                   # whose heat, lead or visibility it changes
    act = newsdesk.perform(change, by=user, reason="waits for a comment")
    newsdesk.perform(newsdesk.undo(act), by=user)

``perform`` checks the permissions for the change. In one transaction it writes the change, applies
the scoring rule to every article that the change affects, and adds the decision to the history.
``VERBS`` declares all verbs: what each one asks for, who may use it and when.
"""

from articles.newsdesk.changes import Change, RefusedError, StaleError, Verb, together
from articles.newsdesk.conflicts import Choice, name_coverage, resolve
from articles.newsdesk.duplicates import groups_of, keep
from articles.newsdesk.effects import Consequence, Standing
from articles.newsdesk.explaining import explain
from articles.newsdesk.fitting import Fit, fit_policy, unexplained
from articles.newsdesk.history import START, restore, texts_at, timeline
from articles.newsdesk.links import (
    MOST_GATHERED,
    TOO_MANY,
    gather,
    merge,
    relate,
    split,
    unrelate,
)
from articles.newsdesk.performing import consequences, may, perform, undo
from articles.newsdesk.policies import (
    StalePolicyError,
    Trial,
    apply_policy,
    continue_policy,
    policy_progress,
    try_policy,
    unfinished_policy,
)
from articles.newsdesk.stories import Story, story_of
from articles.newsdesk.topics_images import describe_image
from articles.newsdesk.verbs import (
    EDITABLE,
    VERBS,
    edit,
    hold,
    is_offered,
    may_begin,
    pin,
    publish,
    refusal,
    release,
    schedule,
    set_quality,
    unpin,
    withdraw,
)
from articles.newsdesk.verdicts import refuse
