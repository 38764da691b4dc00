"""Every write to data that pages show begins a new edition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from articles.models import (
    Article,
    ArticleTopic,
    Edition,
    Image,
    ImageFetch,
    Logo,
    Related,
    StoredImage,
    Topic,
)
from articles.tracking import editions
from providers.models import Provider
from tests.factories import make_article, make_stored_image, make_topic, make_user, relate

pytestmark = pytest.mark.django_db


def token() -> str:
    edition = editions.current()
    assert edition is not None
    return edition.token


WRITES: dict[str, Callable[[], object]] = {
    "article": lambda: Article.objects.update(title="Other"),
    "new article": make_article,
    "no article": lambda: Article.objects.filter(named_by_links=None).last().delete(),  # type: ignore[union-attr]
    "topic": lambda: Topic.objects.update(name="Other"),
    "new topic": make_topic,
    "filed": lambda: ArticleTopic.objects.update(position=7),
    "not filed": lambda: ArticleTopic.objects.all().delete(),
    "relation": lambda: Related.objects.update(position=7),
    "no relation": lambda: Related.objects.all().delete(),
    "image": lambda: Image.objects.update(title="Other"),
    "stored image": lambda: StoredImage.objects.update(focal_x=10),
    "logo": lambda: Logo.objects.update(url="https://a.example/2.png"),
    "no logo": lambda: Logo.objects.all().delete(),
    "provider": lambda: Provider.objects.update(name="Other"),
    "raw": lambda: connection.cursor().execute("UPDATE providers_provider SET notes = 'Other'"),
}


@pytest.fixture
def newsroom() -> Article:
    article = make_article(topics=(make_topic(),))
    relate(article, make_article())
    Image.objects.create(article=article, position=0, url="https://a.example/1.jpg")
    stored, url = make_stored_image(), "https://a.example/1.png"
    Logo.objects.create(provider=article.provider, url=url, stored=stored)
    make_article()
    return article


class TestWrites:
    @pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
    def test_begin_a_new_one(self, newsroom: Article, write: Callable[[], object]) -> None:
        before = token()
        write()
        assert token() != before

    def test_to_other_tables_do_not(self, newsroom: Article) -> None:
        before = token()
        make_user()
        # No page shows a failed fetch.
        ImageFetch.objects.create(url="https://a.example/1.jpg", state="failed")
        assert token() == before

    def test_rolled_back_writes_begin_no_edition(self, newsroom: Article) -> None:
        before = token()
        with transaction.atomic():
            make_article()
            transaction.set_rollback(True)
        assert token() == before

    def test_there_is_one_row(self, newsroom: Article) -> None:
        assert Edition.objects.count() == 1


class TestSchedules:
    @pytest.mark.parametrize("name", ["publish_from", "publish_until", "published_at"])
    def test_schedules_begin_an_edition_when_they_pass(self, newsroom: Article, name: str) -> None:
        moment = timezone.now() + timedelta(hours=1)
        value = moment + timedelta(minutes=15) if name == "published_at" else moment
        Article.objects.filter(pk=newsroom.pk).update(**{name: value})
        just_before = editions.current(moment - timedelta(microseconds=1))
        then = editions.current(moment)

        assert just_before is not None
        assert then is not None
        assert just_before.token == token()
        assert then.token != just_before.token
        assert then.begun_at == moment
        assert editions.current(moment + timedelta(hours=1)) == then


class TestCurrent:
    def test_without_a_row(self) -> None:
        Edition.objects.all().delete()

        assert editions.current() is None

    def test_is_of_now(self, newsroom: Article) -> None:
        edition = editions.current()

        assert edition is not None
        assert timezone.now() - edition.begun_at < timedelta(minutes=1)
