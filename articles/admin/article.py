"""Articles in the admin: found, looked at, their texts edited."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from articles import heat
from articles.admin.article_list import ArticleListAdmin
from articles.admin.links import admin_link, outward_link
from articles.models import Article, ImportConflict, SourceDocument

EDITABLE: Final = ("title", "category", "excerpt", "body")
SHOWN: Final = 100
"""Rows of a table below an article; a page that everybody relates to is named thousands of times."""


class TextField(forms.CharField):
    """A text in which a browser's own line ends are no change.

    Browsers send CRLF for every line end. Taken as it comes, each save would look like an edit, and
    the next import would report a conflict nobody made.
    """

    def to_python(self, value: Any) -> str:
        """Give the text with the line ends of documents."""
        return str(super().to_python(value) or "").replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether an editor changed it."""
        return super().has_changed(self.to_python(initial), data)


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    """The texts of an article, as of the version that the editor saw."""

    title = TextField(max_length=1000, widget=forms.Textarea({"rows": 2, "cols": 100}))
    category = TextField(max_length=1000, required=False, widget=AdminTextInputWidget)
    excerpt = TextField(
        required=False, strip=False, widget=forms.Textarea({"rows": 5, "cols": 100})
    )
    body = TextField(required=False, strip=False, widget=forms.Textarea({"rows": 10, "cols": 100}))
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version

    def clean(self) -> dict[str, Any] | None:
        """Refuse the texts if somebody changed the article since; name what it says now."""
        cleaned = super().clean()
        # Locked until the save: the admin runs both in one transaction.
        stored = Article.objects.select_for_update().filter(pk=self.instance.pk).first()
        if stored is None or stored.version != self.cleaned_data.get("seen_version"):
            for name in EDITABLE if stored else ():
                now = getattr(stored, name)
                if name in self.cleaned_data and self.fields[name].has_changed(
                    now, self.cleaned_data[name]
                ):
                    self.add_error(name, f"Stored now: {now or '(nothing)'}")
            raise ValidationError(
                "Nothing was saved: somebody, or an import, changed this article after you opened "
                "it. What you typed is still below, beside what is stored now. Copy what you want "
                "to keep, open the article again and make your change there.",
                code="stale",
            )
        return cleaned

    def save_texts(self) -> None:
        """Write the texts that changed, and no other column."""
        changed = {name: self.cleaned_data[name] for name in EDITABLE if name in self.changed_data}
        if changed:
            self.instance.save_texts(self.cleaned_data["seen_version"], **changed)


@admin.register(Article)
class ArticleAdmin(ArticleListAdmin):
    """Every article there is, coverage-only ones too; only the texts can be edited."""

    form = ArticleForm
    readonly_fields = [
        "state_badge",
        "quality",
        "heat",
        "published",
        "why",
        "lead",
        "decision",
        "decision_reason",
        "decision_until",
        "decided_by",
        "decided_at",
        "is_pinned",
        "publish_from",
        "publish_until",
        "slug",
        "coverage_only",
        "type",
        "provider_link",
        "topics_in_order",
        "original",
        "original_url",
        "web_url",
        "amp_url",
        "cdn_amp_url",
        "published_at",
        "updated_at",
        "featured_content",
        "locale",
        "document",
        "version",
        "created_at",
        "changed_at",
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        """Group what there is; only who may edit needs the version seen."""
        texts: list[str] = list(EDITABLE)
        if self.has_change_permission(request, obj):
            texts.append("seen_version")
        standing = ["state_badge", ("quality", "heat", "published"), "why", "lead"]
        decision = ["decision", "decision_reason", "decision_until", "decided_by", "decided_at"]
        times = ["is_pinned", ("publish_from", "publish_until")]
        addresses = ["original_url", "web_url", "amp_url", "cdn_amp_url"]
        source = ["provider_link", "original", "topics_in_order", ("published_at", "updated_at")]
        record = ["slug", "type", "coverage_only", "locale", *addresses, "featured_content"]
        return [
            (None, {"fields": texts}),
            ("Where it stands", {"fields": standing}),
            ("Where it is from", {"fields": [*source, "document"]}),
            ("Editors' decision", {"fields": [*decision, *times], "classes": ["collapse"]}),
            (
                "Record",
                {
                    "fields": [*record, ("version", "created_at", "changed_at")],
                    "classes": ["collapse"],
                },
            ),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may change articles; the form offers the texts alone."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """Give every article with what its page names."""
        articles: QuerySet[Article] = super().get_queryset(request)
        return articles.select_related("provider", "decided_by")

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        """Write the texts alone: heat and whatever else is decided stays untouched."""
        form.save_texts()

    def view_on_site(self, obj: Article) -> str | None:
        """Give the public page where there is one."""
        return obj.get_absolute_url() if obj.is_published() else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the tables below the texts. Four queries, however much there is."""
        article: Article = context["original"]
        conflicts = ImportConflict.objects.filter(article=article)
        related = article.related_links.select_related("target__provider").order_by("position")
        named_by = article.named_by_links.select_related("article__provider")
        newest_first = named_by.order_by("-article__published_at", "article__slug")
        context |= {
            "shown": SHOWN,
            "images": article.images.all()[:SHOWN],
            "stories": [
                ("Names as coverage", [link.target for link in related[:SHOWN]]),
                ("Named as coverage by", [link.article for link in newest_first[:SHOWN]]),
            ],
            "conflicts": conflicts[:SHOWN],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="provider")
    def provider_link(self, article: Article) -> SafeString | str:
        """Link to the provider."""
        return admin_link(article.provider)

    @admin.display(description="topics")
    def topics_in_order(self, article: Article) -> SafeString | str:
        """Link to the topics, in order."""
        links = article.topic_links.select_related("topic")
        return format_html_join(", ", "{}", ((admin_link(link.topic),) for link in links)) or "-"

    @admin.display(description="original")
    def original(self, article: Article) -> SafeString | str:
        """Link to the report itself."""
        return outward_link(article.source_url) if article.source_url else article.url

    @admin.display(description="why")
    def why(self, article: Article) -> str:
        """Say in words how it came to its heat."""
        if article.coverage_only:
            return "coverage only: known because others name it, and has no heat of its own"
        receipt = heat.receipts([article.pk])[article.pk]
        if (receipt.heat, receipt.published) == (article.heat, article.published):
            return str(receipt)
        by = "its document says so" if article.heat_is_given else "it was not computed since"
        return f"{by}; the policy gives {receipt.heat}: {receipt}"

    @admin.display(description="lead")
    def lead(self, article: Article) -> SafeString | str:
        """Link to the published lead of a superseded article, where readers are sent."""
        return admin_link(article.lead() if article.is_superseded else None)

    @admin.display(description="document")
    def document(self, article: Article) -> SafeString | str:
        """Link to the document that it came from."""
        source = SourceDocument.objects.filter(article=article).defer("text").first()
        return admin_link(source)
