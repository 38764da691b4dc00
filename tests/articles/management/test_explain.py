"""The command ``explain``."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from articles.models import FormerSlug
from tests.factories import make_article, relate

pytestmark = pytest.mark.django_db


def test_one_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lead = make_article(quality=57, heat=77, published=True)
    relate(lead, *(make_article(coverage_only=True, quality=None) for _ in range(2)))
    call_command("explain", lead.slug)
    assert "57 + 2 related × 10 = 77 ≥ 70" in capsys.readouterr().out  # noqa: RUF001 - as it is said


def test_several_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = make_article(), make_article(quality=None)
    call_command("explain", one.slug, other.slug)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [one.slug, other.slug]


def test_former_slug_leads_to_its_article(capsys: pytest.CaptureFixture[str]) -> None:
    article = make_article(slug="new", quality=57)
    FormerSlug.objects.remember({"old": (article.pk, article.address_key)})
    call_command("explain", "new")
    why = capsys.readouterr().out
    for slugs in (["old"], ["old", "new"]):
        call_command("explain", *slugs)
        assert capsys.readouterr().out == why


def test_fail_for_a_slug_of_a_removed_article() -> None:
    FormerSlug.objects.remember({"old": (None, "daily.example/a")})
    with pytest.raises(CommandError, match="no article with the slug old"):
        call_command("explain", "old")


def test_fail_for_none() -> None:
    with pytest.raises(CommandError, match="no article with the slug nothing") as failure:
        call_command("explain", "nothing")
    assert failure.value.returncode == 2
