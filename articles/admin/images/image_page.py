"""The page of an image: its state, alt text and credit, focal point, and replacing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from articles import newsdesk, roles
from articles.admin.articles.article_form import TextField
from articles.admin.decisions.confirmation import answer, as_seen, tell_done, user_of
from articles.admin.pages import VIEW, allow, trail_to
from articles.images import uploads
from articles.images.renditions import RefusedImageError
from articles.models import Article, Image
from articles.models.image import with_fetches
from articles.newsdesk import RefusedError, StaleError, Verb
from articles.tasks import find_images
from articles.units import enqueue

SHOWN: Final = 20
"""How many other articles with the same image URL the page lists."""


class SeenForm(forms.Form):
    """Hidden fields: the picture as the editor saw it."""

    seen_url = forms.CharField(max_length=2000, strip=False, widget=forms.HiddenInput)
    seen_copy = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def seen(self, image: Image) -> Image:
        given = self.cleaned_data
        return Image(
            article_id=image.article_id,
            position=image.position,
            url=given["seen_url"],
            stored_id=given["seen_copy"],
        )


class WordsForm(SeenForm):
    """Alt text and credit, for the article version that the editor saw."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    title = TextField(
        label="Alt text",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Describe the picture for people who cannot see it. Leave it empty for decoration.",
    )
    attribution = TextField(
        label="Credit",
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Who made it. Shown below the picture.",
    )
    reason = TextField(
        label="Note",
        required=False,
        max_length=1000,
        widget=forms.TextInput({"size": 60}),
        help_text="Optional. Why you changed it, for the history.",
    )


class UploadForm(SeenForm):
    file = forms.FileField(
        label="Picture",
        widget=forms.ClearableFileInput(
            {"accept": "image/jpeg,image/png,image/gif,image/webp,image/avif"}
        ),
        help_text="JPEG, PNG, GIF, WebP or AVIF, up to 10 MB and 40 megapixels.",
        error_messages={"required": "Choose a file first."},
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > uploads.MAX_BYTES:
            raise forms.ValidationError(f"It has more than {uploads.MAX_BYTES:,} bytes.")
        return file


def _percent(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=100, widget=forms.NumberInput({"size": 4})
    )


class FocusForm(SeenForm):
    seen_x = forms.IntegerField(widget=forms.HiddenInput)
    seen_y = forms.IntegerField(widget=forms.HiddenInput)
    x = _percent("Percent from the left")
    y = _percent("Percent from the top")


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
    tell_done(request, act, "Saved the alt text and credit.", request.path)


def _upload(request: HttpRequest, image: Image, form: Any) -> None:
    uploads.upload(form.seen(image), form.cleaned_data["file"].read(), by=user_of(request))
    messages.success(request, "Readers now see your picture wherever this URL is used.")


def _fetch(request: HttpRequest, image: Image, form: Any) -> None:
    uploads.fetch_again(form.seen(image))
    enqueue(find_images)
    messages.success(request, "It will be fetched next, in the background.")


def _focus(request: HttpRequest, image: Image, form: Any) -> None:
    given = form.cleaned_data
    seen, point = (given["seen_x"], given["seen_y"]), (given["x"], given["y"])
    uploads.focus(form.seen(image), seen, point)
    messages.success(request, "Crops now show that part of the picture.")


ACTS: Final[dict[str, tuple[type[SeenForm], Callable[[HttpRequest, Image, Any], None]]]] = {
    "words": (WordsForm, _describe),
    "upload": (UploadForm, _upload),
    "fetch": (SeenForm, _fetch),
    "focus": (FocusForm, _focus),
}
"""The form and the function of each button."""


@allow(VIEW, "GET", "HEAD", "POST")
def image_page(request: HttpRequest, article_id: int, position: int) -> HttpResponse:
    if request.method == "POST":
        return _do(request, article_id, position)
    return _page(request, _image(article_id, position))


def _image(article_id: int, position: int) -> Image:
    images = Image.objects.select_related("stored", "article__provider")
    image: Image = get_object_or_404(images, article=article_id, position=min(position, 1 << 15))
    with_fetches([image])
    return image


def _do(request: HttpRequest, article_id: int, position: int) -> HttpResponse:
    """Do what the button says, or show the page again with the reason for refusing."""
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
            # The typed values belong to another image.
            return _page(request, image, str(error))
        # Keep the input and show it next to the stored values.
        typed = {**request.POST.dict(), **_seen(image)}
        form = kind(typed, request.FILES, auto_id=_ids(name))
        return _page(request, image, str(error), {name: form}, is_stale=True)
    except (RefusedImageError, RefusedError) as error:
        return _page(request, image, str(error), {name: form})
    return redirect(request.path)


def _ids(name: str) -> str:
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
    showing = Image.objects.at([image.url]).exclude(article=article)
    others = Article.objects.filter(pk__in=showing.values("article"))
    elsewhere = list(others.only("title", "slug").order_by("-pk")[: SHOWN + 1])
    context = {
        "title": f"Picture {image.position + 1}",
        "article": article,
        "image": image,
        "refused": refused,
        "is_stale": is_stale,
        "forms": forms_of,
        "may_describe": not newsdesk.refusal(Verb.EDIT, article),
        "elsewhere": elsewhere[:SHOWN],
        "has_more": len(elsewhere) > SHOWN,
        "trail": trail_to(article),
    }
    return answer(request, "image", context)
