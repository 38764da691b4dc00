"""Models at the exact times and numbers at which their results change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib.auth.models import User

from articles.documents import topic_key
from articles.models import (
    Act,
    ActChange,
    ApiToken,
    Article,
    HookDelivery,
    Image,
    ImageFetch,
    StoredImage,
    WebHook,
)
from articles.models.api_token import PREFIX, digest_of
from articles.models.web_hook import OVERLAP
from newsroom.capped_count import MOST_COUNTED, count_in_words
from tests.factories import NOW, make_article, make_topic

TICK: Final = timedelta(microseconds=1)
at_the_end = pytest.mark.parametrize(
    ("offset", "is_before"), [(-TICK, True), (TICK * 0, False), (TICK, False)]
)


class TestApiToken:
    @at_the_end
    def test_ends_at_its_moment(self, offset: timedelta, is_before: bool) -> None:
        token = ApiToken(user=User(), expires_at=NOW)
        token.make_secret()
        assert token.is_valid(NOW + offset) is is_before

    def test_of_an_inactive_user(self) -> None:
        token = ApiToken(user=User(is_active=False), expires_at=NOW)
        token.make_secret()
        assert not token.is_valid(NOW - TICK)

    def test_ends_with_another_password(self) -> None:
        token = ApiToken(user=User(password="one"), expires_at=NOW)
        token.make_secret()
        assert token.is_valid(NOW - TICK)
        token.user.password = "another"
        assert not token.is_valid(NOW - TICK)

    def test_stores_only_a_digest(self) -> None:
        token = ApiToken(user=User())
        token.make_secret()
        assert token.secret.startswith(PREFIX)
        assert token.digest == digest_of(token.secret)
        assert len(token.digest) == 64


class TestWebHook:
    @at_the_end
    def test_former_secret_ends_at_its_moment(self, offset: timedelta, is_before: bool) -> None:
        hook = WebHook(secret="new", former_secret="old", former_until=NOW)
        assert hook.secrets_at(NOW + offset) == (["new", "old"] if is_before else ["new"])

    @pytest.mark.django_db
    def test_gets_a_secret_and_all_events_when_it_is_saved(self) -> None:
        hook = WebHook.objects.create(name="a", url="https://a.example/")
        secret = hook.secret
        assert secret.startswith("whsec_")
        assert hook.events == ["published", "updated", "unpublished", "leadChanged"]
        hook.save()
        assert hook.secret == secret

    @pytest.mark.django_db
    def test_keeps_the_events_that_it_chose(self) -> None:
        hook = WebHook.objects.create(name="a", url="https://a.example/", events=["updated"])
        assert WebHook.objects.get().events == ["updated"]
        hook.events = []
        hook.save()
        assert WebHook.objects.get().events == []

    @pytest.mark.django_db
    def test_rotated_keeps_the_former_secret_for_a_day(self) -> None:
        hook = WebHook.objects.create(name="a", url="https://a.example/")
        former = hook.secret
        hook.rotate(NOW)
        hook = WebHook.objects.get()
        assert hook.secret != former
        assert hook.secrets_at(NOW + OVERLAP - TICK) == [hook.secret, former]
        assert hook.secrets_at(NOW + OVERLAP) == [hook.secret]

    @pytest.mark.django_db
    @pytest.mark.parametrize(("offset", "is_due"), [(-TICK, False), (TICK * 0, True)])
    def test_delivery_is_due_at_its_moment(self, offset: timedelta, is_due: bool) -> None:
        hook = WebHook.objects.create(name="a", url="https://a.example/", rests_until=NOW)
        HookDelivery.objects.create(hook=hook, event="test", body="", next_try_at=NOW)
        assert HookDelivery.objects.due(NOW + offset).exists() is is_due


class TestImageFetch:
    @pytest.mark.parametrize(("offset", "is_due"), [(-TICK, False), (TICK * 0, True)])
    def test_failed_one_is_due_at_its_moment(self, offset: timedelta, is_due: bool) -> None:
        fetch = ImageFetch(state="failed", next_try_at=NOW)
        assert fetch.is_due(NOW + offset) is is_due
        assert fetch.is_due(NOW + offset, retry_failed=True)

    def test_failed_one_without_another_try(self) -> None:
        assert not ImageFetch(state="failed").is_due(NOW)

    def test_kept_one_is_never_due(self) -> None:
        assert not ImageFetch(state="kept").is_due(NOW, retry_failed=True)

    def test_waiting_one_is_due(self) -> None:
        assert ImageFetch(state="waiting").is_due(NOW)


def stored(byte_size: int = 100) -> StoredImage:
    """Return an image with renditions that are 320 and 640 pixels wide."""
    copies = [
        {"width": 320, "height": 180, "bytes": {"jpeg": 10}},
        {"width": 640, "height": 360, "bytes": {"avif": 5, "jpeg": 20}},
    ]
    return StoredImage(digest="a" * 64, byte_size=byte_size, renditions=copies)


class TestStoredImage:
    @pytest.mark.parametrize(("width", "expected"), [(1, 320), (320, 320), (321, 640), (641, 640)])
    def test_smallest_copy_that_is_wide_enough(self, width: int, expected: int) -> None:
        assert stored().copy_of(width)["width"] == expected

    @pytest.mark.parametrize(
        ("byte_size", "percent"), [(100, 80), (20, 0), (19, 0), (0, 0), (1000, 98)]
    )
    def test_percent_saved(self, byte_size: int, percent: int) -> None:
        assert stored(byte_size).percent_saved == percent

    def test_url_is_that_of_the_largest_jpeg(self) -> None:
        assert stored().url.endswith(f"/images/aa/aa/{'a' * 64}-640.jpeg")

    @pytest.mark.django_db
    def test_images_found_by_urls_with_the_same_start(self) -> None:
        start = "https://a.example/" + "x" * 200
        article = make_article()
        for position in range(3):
            Image.objects.create(article=article, position=position, url=f"{start}{position}")
        assert [one.position for one in Image.objects.at([f"{start}1"])] == [1]


class TestActChange:
    @pytest.mark.parametrize(
        ("values", "is_decided"),
        [
            ({"heat_after": 60}, False),
            ({"published_after": True}, False),
            ({}, True),
            ({"heat_after": 60, "after": {"title": "x"}}, True),
            ({"heat_after": 60, "linked": [[1, 0]]}, True),
            ({"heat_after": 60, "unlinked": [[1, 0]]}, True),
        ],
    )
    def test_is_decided_unless_only_heat_changed(
        self, values: dict[str, Any], is_decided: bool
    ) -> None:
        same = {"heat_before": 50, "heat_after": 50, "published_before": False}
        change = ActChange(**{"published_after": False, **same, **values})
        assert change.is_decided is is_decided


class TestTopic:
    @pytest.mark.parametrize(
        ("name", "key"),
        [
            ("C++", "c-plus-plus"),
            ("C#", "c-sharp"),
            ("R&D", "r-and-d"),
            ("@home", "at-home"),
            ("猿", "猿"),
            ("x" * 200, "x" * 200),
            ("x" * 201, "x" * 200),
            ("!", ""),
        ],
    )
    def test_key(self, name: str, key: str) -> None:
        assert topic_key(name) == key

    @pytest.mark.django_db
    def test_of_an_article_has_its_time(self) -> None:
        article = make_article(published_at=NOW - TICK)
        link = article.topic_links.create(topic=make_topic(), position=0)
        assert link.published_at == NOW - TICK


class TestWithdrawn:
    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("publish_from", "was_published", "is_gone"),
        [
            (None, True, True),
            (NOW, True, True),
            (NOW + TICK, True, False),
            (None, False, False),
        ],
    )
    def test_answers_gone_only_if_readers_saw_it(
        self, publish_from: Any, was_published: bool, is_gone: bool
    ) -> None:
        article = make_article(decision="withdraw", publish_from=publish_from)
        act = Act.objects.create(verb="withdraw", at=NOW)
        article.act_changes.create(
            act=act, published_before=was_published, published_after=False, version=2
        )
        assert Article.objects.withdrawn_from_readers(article.slug).exists() is is_gone


class TestCount:
    @pytest.mark.parametrize(
        ("count", "words"),
        [(0, "0"), (1_234, "1,234"), (MOST_COUNTED - 1, "10,000"), (MOST_COUNTED, "10,000+")],
    )
    def test_in_words(self, count: int, words: str) -> None:
        assert count_in_words(count) == words
