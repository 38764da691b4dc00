"""The page that fits the numbers of the publishing rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from articles.roles import Role
from tests.articles.samples import document, load, put
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]

FIT = reverse("admin:articles_policyversion_fit")


@pytest.fixture
def publisher() -> Client:
    client = Client()
    client.force_login(make_user(Role.PUBLISHER))
    return client


def page(client: Client, url: str = FIT) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


class TestFit:
    def test_lists_the_best_numbers_with_a_preview(self, publisher: Client, tmp_path: Path) -> None:
        for number, quality in enumerate((72, 75, 90)):
            one = document(
                title=f"Story {number}",
                web_url=f"https://daily.example/{number}",
                quality=quality,
                heat=quality,
                published=quality == 90,
            )
            put(tmp_path, f"{number}.md", one)
        load(tmp_path)
        html = page(publisher)
        assert "3 imported documents give a score" in html
        preview = f"{reverse('admin:articles_policyversion_try')}?threshold=80&amp;bonus=10&amp;minimum=50"
        assert preview in html
        form = page(publisher, preview.replace("&amp;", "&"))
        assert 'name="threshold" value="80"' in form

    def test_names_what_the_best_numbers_do_not_explain(
        self, publisher: Client, tmp_path: Path
    ) -> None:
        put(tmp_path, "a.md", document(quality=60, heat=61, published=False))
        load(tmp_path)
        slug = "2024-05-01-bridge-opens"
        listed = f"{reverse('admin:articles_article_changelist')}?q={slug}"
        assert f'<a href="{listed}">{slug}</a>' in page(publisher)
        assert "Bridge opens" in page(publisher, listed)

    def test_without_scores(self, publisher: Client) -> None:
        assert "there is nothing to fit" in page(publisher)
