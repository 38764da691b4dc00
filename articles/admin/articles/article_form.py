"""The form for an article's texts, and its conflicts with newer versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError

from articles import newsdesk
from articles.admin.articles.article_context import acts_since
from articles.admin.history.text_diff import Piece, text_diff
from articles.models import ActChange, Article
from articles.newsdesk import EDITABLE
from newsroom import bulk
from newsroom.plain_text import is_visible, without_controls

MINE: Final = "mine"
STORED: Final = "stored"


class TextField(forms.CharField):
    """A text field that normalizes the line endings of browsers, and drops control characters.

    Browsers send CRLF. Without this field, each save would look like an edit, and the next import
    would report a conflict.
    """

    def to_python(self, value: Any) -> str:
        """Return the text with the line endings that documents have."""
        return without_controls(str(super().to_python(value) or "").replace("\r\n", "\n"))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)


@dataclass(frozen=True, slots=True)
class Clash:
    """A text that changed after the editor opened it; ``opened`` is None if unknown.

    ``choice`` is MINE, STORED or "".
    """

    name: str
    opened: str | None
    stored: str
    typed: str
    choice: str

    @property
    def changes(self) -> list[Piece]:
        """Return the differences between the stored text and the editor's."""
        return text_diff(self.stored, self.typed)


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    """The texts of an article, as of the version that the editor saw.

    If the article has changed since, a save writes nothing. It keeps the input, shows the texts
    that others changed as ``clashes``, and asks which version of each to keep. The next save stores
    the choice, unless the article has changed again.
    """

    title = TextField(
        max_length=1000,
        widget=forms.Textarea({"rows": 2, "cols": 100}),
        help_text="As readers see it. Once you change a text, imports keep yours and report a conflict if "
        "a newer document has another one.",
    )
    category = TextField(max_length=1000, required=False, widget=AdminTextInputWidget)
    excerpt = TextField(
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 5, "cols": 100}),
        help_text="Plain text below the headline, in lists and on the article's page.",
    )
    body = TextField(
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 10, "cols": 100}),
        help_text="Plain text. A blank line starts a new paragraph. Texts do not change heat.",
    )
    reason = TextField(
        required=False,
        max_length=1000,
        widget=AdminTextInputWidget,
        label="Note",
        help_text="Optional. Why you changed it; the history shows it.",
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    stored: Article
    """The article as it is in the database; the form changes ``instance``."""
    clashes: Sequence[Clash] = ()
    acts_since: Sequence[ActChange] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version

    def clean_title(self) -> str:
        """Reject a headline that nobody can see."""
        title: str = self.cleaned_data["title"]
        if not is_visible(title):
            raise ValidationError("Enter a headline that readers can see.")
        return title

    def clean(self) -> dict[str, Any] | None:
        """Refuse the texts if the article has changed, until the editor resolves each clash."""
        cleaned = super().clean()
        # Held until the save, which the admin makes in the same transaction.
        bulk.hold_write_lock()
        stored = Article.objects.filter(pk=self.instance.pk).first()
        seen = self.cleaned_data.get("seen_version")
        if stored is None:
            raise ValidationError("Nothing was saved: the article was deleted.", code="gone")
        if seen is None or stored.version != seen:
            self._show_clashes(stored, seen)
            raise ValidationError(
                "Nothing was saved: somebody, or an import, changed this article after you opened "
                "it. Your input is still here. Compare it with what is stored now, choose where the "
                "two differ, and save again.",
                code="stale",
            )
        self.stored = stored
        self._settle(stored)
        return cleaned

    def texts(self) -> dict[str, str]:
        """Return the changed texts, except where the editor keeps the stored text."""
        kept = {clash.name for clash in self.clashes if clash.choice == STORED}
        return {
            name: typed
            for name, typed in self._typed().items()
            if name not in kept and self.fields[name].has_changed(getattr(self.stored, name), typed)
        }

    def _typed(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in EDITABLE if name in self.cleaned_data}

    def _show_clashes(self, stored: Article, seen: int | None) -> None:
        """Show the stored texts next to the input, and base the next save on this version."""
        opened = newsdesk.texts_at(stored, seen) if seen and seen < stored.version else None
        settled = {} if seen is None else self._choices()
        clashes = []
        data = self.data = self.data.copy()  # type: ignore[attr-defined]
        for name, typed in self._typed().items():
            now = getattr(stored, name)
            if not self.fields[name].has_changed(now, typed):
                continue
            if opened is not None and not self.fields[name].has_changed(opened[name], typed):
                # The editor only opened it, so keep the stored text.
                data[name] = now
                continue
            before = None if opened is None else opened[name]
            if before is None or self.fields[name].has_changed(before, now) or name in settled:
                clashes.append(Clash(name, before, now, typed, ""))
        self.clashes = clashes
        data["seen_version"] = str(stored.version)
        self.acts_since = acts_since(stored, seen or 0)

    def _choices(self) -> dict[str, str]:
        """Return the choices for conflicting texts, by field name."""
        met = str(self.data.get("clashes", "")).split(",")
        return {name: str(self.data.get(f"choice_{name}", "")) for name in EDITABLE if name in met}

    def _settle(self, stored: Article) -> None:
        """Apply the choices; refuse to save while one is missing."""
        typed = self._typed()
        self.clashes = [
            Clash(name, None, getattr(stored, name), typed[name], choice)
            for name, choice in self._choices().items()
            if name in typed and self.fields[name].has_changed(getattr(stored, name), typed[name])
        ]
        open_ones = [one for one in self.clashes if one.choice not in {MINE, STORED}]
        if open_ones:
            names = ", ".join(one.name for one in open_ones)
            raise ValidationError(
                f"Nothing was saved. Choose which text to keep for {names}.", code="choose"
            )
