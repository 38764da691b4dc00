"""The decisions on one article as pages offer them: what they are called, ask for and need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.text import Truncator

from articles import newsdesk
from articles.documents import MAX_QUALITY
from articles.models import Act, Article
from articles.newsdesk import Change, Verb

MOST_WORDS: Final = 2_000
"""Characters of a reason."""


class DecisionForm(forms.Form):
    """What a decision asks for; ``seen_version`` tells which state of the article was decided on."""

    seen_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    asks = False
    """Whether it asks for more than a reason."""


class ReasonForm(DecisionForm):
    """A reason alone."""

    reason = forms.CharField(
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="For whoever asks later; it stands in the history and in the receipt.",
    )


class QualityForm(ReasonForm):
    """A quality."""

    asks = True
    quality = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_QUALITY,
        help_text="In heat points: around 50 is ordinary. Empty takes the score away.",
    )
    field_order = ["quality", "reason"]


class MomentWidget(AdminSplitDateTime):
    """A date and a time, which one label cannot both name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        for widget, part in zip(self.widgets, ("date", "time"), strict=True):
            widget.attrs["aria-label"] = f"{name}: {part}"


class UntilForm(ReasonForm):
    """When a decision ends by itself."""

    asks = True
    until = forms.SplitDateTimeField(
        required=False,
        widget=MomentWidget("Until"),
        help_text="Then the rule has its say again. Empty is for good.",
    )
    field_order = ["until", "reason"]

    def clean_until(self) -> Any:
        """Refuse a decision that would be over at once."""
        until = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise ValidationError("That is over already: choose a later time, or none.")
        return until


class ScheduleForm(ReasonForm):
    """From when and until when readers may see an article."""

    asks = True
    publish_from = forms.SplitDateTimeField(
        label="From",
        required=False,
        widget=MomentWidget("From"),
        help_text="An embargo: readers see it from then on, if the rule or an editor publishes it.",
    )
    publish_until = forms.SplitDateTimeField(
        label="Until", required=False, widget=MomentWidget("Until"), help_text="It expires then."
    )
    field_order = ["publish_from", "publish_until", "reason"]


@dataclass(frozen=True, slots=True)
class Decision:
    """How pages offer a verb of the newsdesk."""

    verb: Verb
    title: str
    help: str
    """One sentence that tells an editor what the rule makes of it."""
    form: type[DecisionForm] = ReasonForm
    is_grave: bool = False

    @property
    def done(self) -> str:
        """What is said once it is done: ``Held``."""
        return str(self.verb.label).capitalize()


_ALL: Final = (
    Decision(
        Verb.SCORE,
        "Score",
        "Heat follows from quality, with a bonus for related reports once it reaches the minimum.",
        QualityForm,
    ),
    Decision(
        Verb.PUBLISH, "Publish", "Readers see it whatever its heat, even if superseded.", UntilForm
    ),
    Decision(
        Verb.HOLD,
        "Hold",
        "Kept from readers and out of its story: it neither leads nor counts for a bonus.",
        UntilForm,
    ),
    Decision(
        Verb.SCHEDULE,
        "Schedule",
        "Readers see it only from and until these times, and only if it is published then.",
        ScheduleForm,
    ),
    Decision(Verb.PIN, "Pin as lead", "It outranks its story whatever the qualities."),
    Decision(Verb.UNPIN, "Unpin", "The qualities decide again who leads its story."),
    Decision(Verb.RELEASE, "Leave to the rule", "Ends an editor's decision: heat decides again."),
    Decision(
        Verb.WITHDRAW,
        "Withdraw",
        "Taken back for good: readers are told that it is gone, and its story goes on without it.",
        is_grave=True,
    ),
)
DECISIONS: Final[Mapping[str, Decision]] = {one.verb.value: one for one in _ALL}
"""Every decision on one article, by verb, in the order of their buttons."""


def change_of(verb: Verb, article: Article, given: Mapping[str, Any]) -> Change:
    """Return the change that a decision comes to, by the values of its form.

    Raises ``RefusedError`` where it makes no sense.
    """
    match verb:
        case Verb.SCORE:
            return newsdesk.set_quality(article, given.get("quality"))
        case Verb.PUBLISH:
            return newsdesk.publish(article, until=given.get("until"))
        case Verb.HOLD:
            return newsdesk.hold(article, until=given.get("until"))
        case Verb.SCHEDULE:
            begin, end = given.get("publish_from"), given.get("publish_until")
            return newsdesk.schedule(article, begin=begin, end=end)
        case Verb.PIN:
            return newsdesk.pin(article)
        case Verb.UNPIN:
            return newsdesk.unpin(article)
        case Verb.RELEASE:
            return newsdesk.release(article)
        case Verb.WITHDRAW:
            return newsdesk.withdraw(article)
    raise ValueError(f"no decision on one article: {verb!r}")


def offered(user: User | AnonymousUser, article: Article) -> list[Decision]:
    """Return the decisions that make sense for an article and that a user may make."""
    return [one for one in _ALL if newsdesk.is_offered(user, one.verb, article)]


def say_done(request: HttpRequest, act: Act, article: Article, back: str) -> None:
    """Tell the editor what happened, with a way to take it back."""
    messages.success(
        request,
        format_html(
            '{} <a href="{}?{}">Undo</a>',
            f"{what_was_done(act, article)}.",
            reverse("admin:articles_act_undo", args=[act.pk]),
            urlencode({"next": back}),
        ),
    )


def what_was_done(act: Act, article: Article) -> str:
    """Name an act on an article, and how far it went. One query."""
    others = act.changes.exclude(article=article).count()
    words = f"{Verb(act.verb).label.capitalize()}: “{Truncator(article.headline).chars(80)}”"
    if others:
        words += f"; {others} other {'article' if others == 1 else 'articles'} changed"
    return words
