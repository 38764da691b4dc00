"""An image of an article: what became of it, what is said of it, and another in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from articles import newsdesk, roles, tasks
from articles.admin.articles.article_form import TextField
from articles.admin.articles.receipts import VIEW
from articles.admin.decisions.confirmation import answer, as_seen, tell_done, user_of
from articles.images import uploads
from articles.images.renditions import RefusedImageError
from articles.models import Article, Image
from articles.models.image import with_fetches
from articles.newsdesk import RefusedError, StaleError, Verb

SHOWN: Final = 20
"""Other articles with the same address that the page names."""


class _SeenForm(forms.Form):
    """The picture as the editor saw it."""

    seen_url = forms.CharField(max_length=2000, strip=False, widget=forms.HiddenInput)
    seen_copy = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def seen(self, image: Image) -> Image:
        """Return the row as it was then."""
        given = self.cleaned_data
        return Image(
            article_id=image.article_id,
            position=image.position,
            url=given["seen_url"],
            stored_id=given["seen_copy"],
        )


class WordsForm(_SeenForm):
    """What is said of an image, as of the version of its article that the editor saw."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    title = TextField(
        label="Shows",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="What is to be seen, for those who cannot see it. Left empty it is decoration.",
    )
    attribution = TextField(
        label="Credit",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Who made it, as readers are told below the picture.",
    )
    reason = TextField(
        required=False,
        max_length=1000,
        widget=forms.TextInput({"size": 60}),
        help_text="Why you changed it, for the history. Optional.",
    )


class FetchForm(_SeenForm):
    """The source's picture, once more."""


class UploadForm(_SeenForm):
    """Another picture."""

    file = forms.FileField(
        label="Picture",
        widget=forms.ClearableFileInput(
            {"accept": "image/jpeg,image/png,image/gif,image/webp,image/avif"}
        ),
        help_text="JPEG, PNG, GIF, WebP or AVIF, up to 10 MB and 40 megapixels.",
        error_messages={"required": "Choose a file first."},
    )

    def clean_file(self) -> Any:
        """Refuse a file by its size before any of it is read."""
        file = self.cleaned_data["file"]
        if file.size > uploads.MAX_BYTES:
            raise forms.ValidationError(f"It has more than {uploads.MAX_BYTES:,} bytes.")
        return file


def _percent(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=100, widget=forms.NumberInput({"size": 4})
    )


class FocusForm(_SeenForm):
    """What must be seen of the picture when it is cropped."""

    seen_x = forms.IntegerField(widget=forms.HiddenInput)
    seen_y = forms.IntegerField(widget=forms.HiddenInput)
    x = _percent("Percent from the left")
    y = _percent("Percent from the top")


_Form = WordsForm | FetchForm | UploadForm | FocusForm


def _describe(request: HttpRequest, image: Image, form: Any) -> None:
    given = form.cleaned_data
    fields = ("title", "attribution")
    stored = {name: getattr(image, name) or "" for name in fields}
    texts = {
        name: given[name]
        for name in fields
        if form.fields[name].has_changed(stored[name], given[name])
    }
    change = newsdesk.describe_image(image.article, image.position, **texts)
    change = as_seen(change, {image.article_id: given["seen_version"]})
    act = newsdesk.perform(change, by=user_of(request), reason=given["reason"].strip())
    tell_done(request, act, "Changed what is said of the image.", request.path)


def _upload(request: HttpRequest, image: Image, form: Any) -> None:
    uploads.upload(form.seen(image), form.cleaned_data["file"].read(), by=user_of(request))
    messages.success(request, "Readers see your picture now, wherever this address is shown.")


def _fetch(request: HttpRequest, image: Image, form: Any) -> None:
    uploads.fetch_again(form.seen(image))
    tasks.wake(tasks.keep_images)
    messages.success(request, "It is fetched in the background, before all others.")


def _focus(request: HttpRequest, image: Image, form: Any) -> None:
    given = form.cleaned_data
    seen, point = (given["seen_x"], given["seen_y"]), (given["x"], given["y"])
    uploads.focus(form.seen(image), seen, point)
    messages.success(request, "Crops show that part of the picture now.")


ACTS: Final[dict[str, tuple[type[_Form], Callable[[HttpRequest, Image, Any], None]]]] = {
    "words": (WordsForm, _describe),
    "upload": (UploadForm, _upload),
    "fetch": (FetchForm, _fetch),
    "focus": (FocusForm, _focus),
}
"""What can be done about an image, by the name of the button."""


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the address of the page."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, article_id: int, position: int) -> HttpResponse:
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        if request.method == "POST":
            return _do(request, article_id, position)
        return _page(request, _image(article_id, position))

    return [
        path(
            "<int:article_id>/images/<int:position>/",
            site.admin_view(view),
            name="articles_article_image",
        )
    ]


def _image(article_id: int, position: int) -> Image:
    images = Image.objects.select_related("stored", "article__provider")
    image: Image = get_object_or_404(images, article=article_id, position=min(position, 1 << 15))
    with_fetches([image])
    return image


def _do(request: HttpRequest, article_id: int, position: int) -> HttpResponse:
    """Do what was asked for, or say on the same page why not."""
    if not request.user.has_perm(roles.EDIT):
        raise PermissionDenied
    image = _image(article_id, position)
    name = request.POST.get("act", "")
    if name not in ACTS:
        return _page(request, image, "Choose what to do.")
    kind, do = ACTS[name]
    form = kind(request.POST, request.FILES, auto_id=_ids(name))
    if not form.is_valid():
        return _page(request, image, "", {name: form})
    try:
        do(request, image, form)
    except (StaleError, uploads.ChangedImageError) as error:
        image = _image(article_id, position)
        if form.cleaned_data["seen_url"] != image.url:
            # What was typed is about another image.
            return _page(request, image, str(error))
        # What was typed stays; what it is about is as it is now.
        typed = {**request.POST.dict(), **_seen(image)}
        form = kind(typed, request.FILES, auto_id=_ids(name))
        return _page(request, image, str(error), {name: form}, is_stale=True)
    except (RefusedImageError, RefusedError) as error:
        return _page(request, image, str(error), {name: form})
    return redirect(request.path)


def _ids(name: str) -> str:
    """Let no two forms of the page have fields of one id."""
    return f"id_{name}_%s"


def _seen(image: Image) -> dict[str, Any]:
    seen: dict[str, Any] = {
        "seen_version": image.article.version,
        "seen_url": image.url,
        "seen_copy": image.stored_id or "",
    }
    if image.stored is not None:
        seen |= {"seen_x": image.stored.focal_x, "seen_y": image.stored.focal_y}
    return seen


def _page(
    request: HttpRequest,
    image: Image,
    refused: str = "",
    bound: dict[str, Any] | None = None,
    *,
    is_stale: bool = False,
) -> HttpResponse:
    article = image.article
    initial = _seen(image) | {"title": image.title, "attribution": image.attribution}
    if image.stored is not None:
        initial |= {"x": image.stored.focal_x, "y": image.stored.focal_y}
    forms_of = {
        name: (bound or {}).get(name) or kind(initial=initial, auto_id=_ids(name))
        for name, (kind, _) in ACTS.items()
    }
    elsewhere = _elsewhere(image)
    context = {
        "title": f"Image {image.position + 1}",
        "article": article,
        "image": image,
        "refused": refused,
        "is_stale": is_stale,
        "forms": forms_of,
        "may_edit": request.user.has_perm(roles.EDIT),
        "may_describe": not newsdesk.refusal(Verb.EDIT, article),
        "elsewhere": elsewhere[:SHOWN],
        "has_more": len(elsewhere) > SHOWN,
        "trail": [
            (reverse("admin:articles_article_changelist"), "Articles"),
            (reverse("admin:articles_article_change", args=[article.pk]), article.headline),
        ],
    }
    return answer(request, "image", context)


def _elsewhere(image: Image) -> list[Article]:
    """Find the other articles that show the same address, and so the same copy. One query."""
    showing = Image.objects.at([image.url]).exclude(article=image.article_id)
    others: QuerySet[Article] = Article.objects.filter(pk__in=showing.values("article"))
    return list(others.only("title", "slug").order_by("-pk")[: SHOWN + 1])
