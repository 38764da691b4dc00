"""The workbench: the ranking of a story, and an editor's decisions on it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from articles import heat
from articles.admin.decisions.story import KINDS
from articles.models import Act, Article, Image, Pair, Related
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD
from tests.articles.admin.asking import (
    assert_came_true,
    hidden,
    messages_of,
    press_undo,
    standings,
    text_of,
)
from tests.factories import make_article, make_provider, make_stored_image, make_user, relate

pytestmark = pytest.mark.django_db


def address(article: Article) -> str:
    return reverse("admin:articles_article_story", args=[article.pk])


def make_story(*qualities: int | None, **overrides: Any) -> list[Article]:
    """Store articles with these qualities, all linked to each other and scored by the rule."""
    articles = [make_article(quality=quality, **overrides) for quality in qualities]
    for article in articles:
        relate(article, *(one for one in articles if one != article))
    heat.recompute(article.pk for article in articles)
    for article in articles:
        article.refresh_from_db()
    return articles


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(make_user(Role.PUBLISHER))
    return client


def ask(client: Client, article: Article, **sent: Any) -> Any:
    """Press a button of the workbench."""
    seen = hidden(client.get(address(article)), "seen")
    return client.post(address(article), {"seen": seen} | sent)


def do(client: Client, article: Article, page: Any, **sent: str) -> Any:
    """Press the button of the page of consequences."""
    return client.post(address(article), {"step": hidden(page, "step"), "do": ""} | sent)


def links() -> set[tuple[int, int]]:
    return set(Related.objects.values_list("article_id", "target_id"))


class TestPage:
    def test_members_by_rank_and_why(self, publisher: Client) -> None:
        provider = make_provider(name="The Star")
        # Articles made later were published earlier.
        lead, later, earlier = make_story(57, 43, 43, provider=provider)
        held = make_article(decision="hold", quality=90, provider=provider)
        stub = make_article(coverage_only=True, quality=None, provider=provider)
        relate(lead, held, stub)
        rows = publisher.get(address(later)).context["rows"]
        assert [(article, why) for article, why, _ in rows] == [
            (lead, "ahead of The Star (43): better by 14"),
            (earlier, "ahead of The Star (43): equally good and published earlier"),
            (later, "the last of those scored"),
            (stub, "not scored: ranks behind all that are; link only"),
            (held, "on hold: left out of the ranking"),
        ]

    def test_pinned_leads(self, publisher: Client) -> None:
        provider = make_provider(name="The Star")
        best, worse = make_story(57, 43, provider=provider)
        Article.objects.filter(pk=worse.pk).update(is_pinned=True)
        rows = publisher.get(address(best)).context["rows"]
        assert [(article, why) for article, why, _ in rows] == [
            (worse, "ahead of The Star (57): pinned as the lead"),
            (best, "the last of those scored"),
        ]

    def test_marks_one_way_links(self, publisher: Client) -> None:
        lead, names, named = (
            make_article(quality=90),
            make_article(quality=50),
            make_article(quality=40),
        )
        relate(names, lead)
        relate(lead, named)
        page = publisher.get(address(lead))
        assert [link for _, _, link in page.context["rows"]] == [
            "",
            "one way: links to the lead, but not back",
            "one way: linked from the lead",
        ]
        assert page.context["gaps"] == 4

    def test_whole_story_has_no_gaps(self, publisher: Client) -> None:
        lead, _ = make_story(90, 50)
        relate(lead, make_article(coverage_only=True, quality=None))
        page = publisher.get(address(lead))
        assert page.context["rows"][2][2] == ""
        # The member of the story does not link back to the coverage-only article.
        assert page.context["gaps"] == 1

    def test_alone(self, publisher: Client) -> None:
        page = publisher.get(address(make_article()))
        assert "No other report is related to this one" in text_of(page)
        assert page.context["rows"][0][1] == "alone"

    def test_text_is_escaped(self, publisher: Client) -> None:
        article = make_article(title=PAYLOAD, provider=make_provider(name=PAYLOAD))
        for query in ("", f"?find={article.slug}"):
            page = publisher.get(address(make_article()) + query)
            assert PAYLOAD not in page.content.decode()
        assert PAYLOAD not in publisher.get(address(article)).content.decode()
        other = make_article()
        assert PAYLOAD not in ask(publisher, other, add=str(article.pk)).content.decode()

    @pytest.mark.parametrize("number", [2, 30])
    def test_queries(
        self, publisher: Client, number: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        story = make_story(*range(20, 20 + number))
        for article in story:
            Image.objects.create(
                article=article, position=0, url="https://a.example/", stored=make_stored_image()
            )
        publisher.get(address(story[0]))
        Pair.objects.create(
            first=story[0], second=make_article(), kind=Pair.Kind.EVENT, score=3, reasons=[]
        )
        # Expect: session, user, permissions (2); article; story (4); links; suggestions (2); images
        # with their copies; receipt (3: article, links, policy).
        with django_assert_num_queries(16):
            publisher.get(address(story[0]))


class TestFind:
    def found(self, client: Client, text: str) -> list[Article]:
        page = client.get(address(make_article(title="Here")), {"find": text})
        return [one for one, _ in page.context["found"]]

    def test_by_url_slug_page_and_words(self, publisher: Client) -> None:
        article = make_article(title="A comet passes", web_url="https://star.example/comet")
        for text in (
            "https://star.example/comet",
            article.slug,
            f"https://news.example/news/{article.slug}/",
            " comet passes ",
        ):
            assert self.found(publisher, text) == [article]

    def test_leaves_out_members_of_the_story(self, publisher: Client) -> None:
        lead, other = make_story(90, 50)
        page = publisher.get(address(lead), {"find": other.slug})
        assert page.context["found"] == []

    def test_unknown_address_says_what_to_do(self, publisher: Client) -> None:
        page = publisher.get(address(make_article()), {"find": "https://nowhere.example/x"})
        assert "Import its document first" in text_of(page)

    def test_no_more_than_a_few(self, publisher: Client) -> None:
        for _ in range(25):
            make_article(title="Comet")
        assert len(self.found(publisher, "comet")) == 20

    def test_anything_can_be_asked(self, publisher: Client) -> None:
        for text in ("%", "_", "'", '"', "\\", "https://", "/", "💥" * 300, "a\x00b"):
            assert publisher.get(address(make_article()), {"find": text}).status_code == 200


class TestSameEvent:
    def pair(self, one: Article, other: Article, score: float, *names: str, **more: Any) -> None:
        first, second = sorted([one, other], key=lambda article: article.pk)
        values = {"kind": Pair.Kind.EVENT, "reasons": [["names", *names]]} | more
        Pair.objects.create(first=first, second=second, score=score, **values)

    def test_suggests_reports_for_every_member(self, publisher: Client) -> None:
        lead, other = make_story(90, 50)
        likely, likelier = make_article(title="Comet passes"), make_article()
        refused, same = make_article(), make_article()
        self.pair(lead, likely, 2, "Ylva")
        self.pair(other, likely, 1, "Aarhus")
        self.pair(other, likelier, 4, PAYLOAD)
        self.pair(lead, other, 5, "Ylva")
        self.pair(lead, refused, 5, "Ylva", verdict=Pair.Verdict.REFUSED)
        self.pair(lead, same, 5, kind=Pair.Kind.DUPLICATE, reasons=[["headline"]])
        page = publisher.get(address(lead))
        assert [one for one, _ in page.context["found"]] == [likelier, likely]
        text = text_of(page)
        assert "Same event?" in text
        assert "Ylva" in text
        assert PAYLOAD not in page.content.decode()
        # A search shows only what it found.
        page = publisher.get(address(lead), {"find": "comet"})
        assert page.context["found"] == [(likely, [])]
        assert "Same event?" not in text_of(page)
        # One click adds it, after the consequences were shown.
        do(publisher, lead, ask(publisher, lead, add=str(likelier.pk)))
        page = publisher.get(address(lead))
        assert [one for one, _ in page.context["found"]] == [likely]

    def test_refuses_one_for_every_member(self, publisher: Client) -> None:
        lead, other = make_story(90, 50)
        unlikely = make_article(title="Comet passes")
        self.pair(other, unlikely, 4, "Ylva")
        page = publisher.get(address(lead))
        response = ask(publisher, lead, refuse=str(unlikely.pk))
        (message,) = messages_of(publisher, response)
        assert message.startswith("“Comet passes” is not the same event.")
        refused = Pair.objects.filter(verdict=Pair.Verdict.REFUSED, second=unlikely)
        assert {pair.first_id for pair in refused} == {lead.pk, other.pk}
        page = publisher.get(address(lead))
        assert page.context["found"] == []
        press_undo(publisher, message)
        assert [one for one, _ in publisher.get(address(lead)).context["found"]] == [unlikely]

    def test_leaves_out_members_that_are_linked_through_the_lead(self, publisher: Client) -> None:
        lead, one, other = [make_article(quality=quality) for quality in (90, 80, 70)]
        relate(lead, one, other)
        self.pair(one, other, 4, "Ylva")
        page = publisher.get(address(lead))
        assert len(page.context["rows"]) == 3
        assert page.context["found"] == []

    def test_no_more_than_a_few(self, publisher: Client) -> None:
        lead = make_article()
        for score in range(1, 9):
            self.pair(lead, make_article(), score, "Ylva")
        assert len(publisher.get(address(lead)).context["found"]) == 5

    def test_only_for_those_who_may_add_them(self, client: Client) -> None:
        lead = make_article()
        self.pair(lead, make_article(title="Comet"), 3, "Ylva")
        client.force_login(make_user(Role.VIEWER))
        page = client.get(address(lead))
        assert page.context["found"] == []
        assert "Comet" not in text_of(page)


class TestActs:
    """Each decision is previewed, made and undone."""

    def check(
        self, client: Client, article: Article, kind: str, everybody: list[Article], **sent: Any
    ) -> None:
        before, linked_before = standings(everybody), links()
        page = ask(client, article, **{kind: ""} | sent)
        assert page.status_code == 200
        assert (standings(everybody), links()) == (before, linked_before)
        done = do(client, article, page, reason="the same event")
        messages = messages_of(client, done)
        assert_came_true(before, page.context["consequences"], standings(everybody))
        act = Act.objects.get()
        assert (act.verb, act.reason) == (KINDS[kind].verb, "the same event")
        self.after = links()
        back = press_undo(client, messages[0])
        assert back["Location"] == address(article)
        assert (standings(everybody), links()) == (before, linked_before)

    def test_add(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        new = make_article(quality=70)
        self.check(publisher, lead, "add", [lead, other, new], add=str(new.pk))
        assert {(new.pk, lead.pk), (lead.pk, new.pk), (new.pk, other.pk)} <= self.after

    def test_merge_brings_the_whole_story(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        found, its_lead = make_story(65, 80)
        everybody = [lead, other, found, its_lead]
        self.check(publisher, lead, "merge", everybody, merge=str(found.pk))
        assert len(self.after) == 12

    def test_remove_leaves_each_alone(self, publisher: Client) -> None:
        lead, second, third = make_story(60, 55, 50)
        chosen = [str(second.pk), str(third.pk)]
        self.check(publisher, lead, "remove", [lead, second, third], member=chosen)
        assert self.after == set()

    def test_split_keeps_selected_reports_together(self, publisher: Client) -> None:
        lead, second, third = make_story(60, 55, 50)
        chosen = [str(second.pk), str(third.pk)]
        self.check(publisher, lead, "split", [lead, second, third], member=chosen)
        assert self.after == {(second.pk, third.pk), (third.pk, second.pk)}

    def test_pin(self, publisher: Client) -> None:
        lead, second = make_story(60, 55)
        self.check(publisher, lead, "pin", [lead, second], pin=str(second.pk))

    def test_unpin(self, publisher: Client) -> None:
        lead, second = make_story(60, 55)
        Article.objects.filter(pk=second.pk).update(is_pinned=True)
        heat.recompute([lead.pk, second.pk])
        self.check(publisher, lead, "unpin", [lead, second], unpin=str(second.pk))

    def test_gather(self, publisher: Client) -> None:
        lead, second = make_article(quality=90), make_article(quality=50)
        relate(lead, second)
        heat.recompute([lead.pk, second.pk])
        self.check(publisher, lead, "gather", [lead, second])
        assert len(self.after) == 2


class TestRefused:
    def refused(self, client: Client, article: Article, response: Any) -> str:
        message = messages_of(client, response)[0]
        assert not Act.objects.exists()
        assert message.startswith("Nothing was done. ")
        return message

    def test_nothing_ticked(self, publisher: Client) -> None:
        lead, _ = make_story(60, 50)
        words = self.refused(publisher, lead, ask(publisher, lead, split=""))
        assert "Select at least one article" in words

    def test_everything_split_off(self, publisher: Client) -> None:
        story = make_story(60, 50)
        chosen = [str(one.pk) for one in story]
        words = self.refused(publisher, story[0], ask(publisher, story[0], split="", member=chosen))
        assert "Leave at least one article" in words

    def test_no_button(self, publisher: Client) -> None:
        lead, _ = make_story(60, 50)
        self.refused(publisher, lead, ask(publisher, lead))

    def test_changed_before_asking(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        seen = hidden(publisher.get(address(lead)), "seen")
        Article.objects.filter(pk=other.pk).update(version=5)
        response = publisher.post(address(lead), {"seen": seen, "remove": "", "member": other.pk})
        words = self.refused(publisher, lead, response)
        assert f"{other.slug}: somebody else, or an import, changed this" in words

    def test_changed_before_doing(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        page = ask(publisher, lead, remove="", member=other.pk)
        Article.objects.filter(pk=other.pk).update(version=5)
        words = self.refused(publisher, lead, do(publisher, lead, page, reason="as I typed"))
        assert f"{other.slug}: somebody else, or an import, changed this" in words
        assert "as I typed" in words
        assert len(links()) == 2

    def test_later_changes_are_not_overwritten(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        page = ask(publisher, lead, pin=other.pk)
        late = make_article(is_pinned=True)
        relate(late, other)
        words = self.refused(publisher, lead, do(publisher, lead, page))
        assert late.slug in words

    def test_forged(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        for sent in (
            {"seen": "forged", "remove": "", "member": other.pk},
            {"step": "forged", "do": ""},
            {"step": hidden(publisher.get(address(lead)), "seen"), "do": ""},
        ):
            self.refused(publisher, lead, publisher.post(address(lead), sent))

    @pytest.mark.parametrize("pk", ["0", "999999999", "x", "-1", "9" * 30])
    def test_unknown_article(self, publisher: Client, pk: str) -> None:
        lead, _ = make_story(60, 50)
        assert ask(publisher, lead, add=pk).status_code == 404
        assert ask(publisher, lead, remove="", member=pk).status_code == 404

    def test_unknown_story(self, publisher: Client) -> None:
        address = reverse("admin:articles_article_story", args=[12345])
        assert publisher.get(address).status_code == 404

    def test_too_long_a_reason(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        page = ask(publisher, lead, remove="", member=other.pk)
        self.refused(publisher, lead, do(publisher, lead, page, reason="x" * 2001))


class TestPermissions:
    RELATING = ("add", "merge", "remove", "split", "gather", "refuse")
    PINNING = ("pin", "unpin")

    def kinds_of(self, *roles: Role) -> set[str]:
        """Try everything and return what users with these roles may do."""
        client = Client()
        client.force_login(make_user(*roles))
        allowed = set()
        for kind in KINDS:
            lead, other = make_article(quality=90), make_article(quality=60)
            relate(lead, other)
            if kind == "unpin":
                Article.objects.filter(pk=other.pk).update(is_pinned=True)
            given = str(make_article(quality=30).pk) if kind in {"add", "merge", "refuse"} else ""
            if kind in self.PINNING:
                given = str(other.pk)
            page = ask(client, lead, **{kind: given}, member=other.pk)
            status = page.status_code
            if status == 200:
                status = do(client, lead, page).status_code
            assert status in {302, 403}
            if status == 302:
                allowed.add(kind)
        assert Act.objects.count() == len(allowed)
        Act.objects.all().delete()
        return allowed

    def test_by_role(self) -> None:
        assert self.kinds_of(Role.VIEWER) == set()
        assert self.kinds_of(Role.OPERATOR) == set()
        assert self.kinds_of(Role.EDITOR) == set(self.RELATING)
        assert self.kinds_of(Role.PUBLISHER) == set(KINDS)

    @pytest.mark.parametrize("kind", KINDS)
    def test_asking_needs_the_permission(self, kind: str) -> None:
        lead, other = make_story(60, 50)
        client = Client()
        client.force_login(make_user(Role.VIEWER))
        given = "" if kind == "gather" else str(other.pk)
        assert ask(client, lead, **{kind: given}).status_code == 403

    def test_asked_by_one_user_done_by_another(self, publisher: Client) -> None:
        lead, other = make_story(60, 50)
        page = ask(publisher, lead, remove="", member=other.pk)
        viewer = Client()
        viewer.force_login(make_user(Role.VIEWER))
        assert do(viewer, lead, page).status_code == 403
        assert not Act.objects.exists()

    def test_buttons_by_role(self) -> None:
        lead, _ = make_story(60, 50)
        buttons = {}
        for role in Role:
            client = Client()
            client.force_login(make_user(role))
            page = client.get(address(lead), {"find": make_article().slug}).content.decode()
            buttons[role] = {kind for kind in KINDS if f'name="{kind}"' in page}
        assert buttons == {
            Role.VIEWER: set(),
            Role.OPERATOR: set(),
            Role.EDITOR: {"add", "merge", "remove", "split"},
            Role.PUBLISHER: {"add", "merge", "remove", "split", "pin"},
        }

    def test_without_looking(self, client: Client) -> None:
        lead, _ = make_story(60, 50)
        assert client.get(address(lead)).status_code == 302
        client.force_login(make_user())
        assert client.get(address(lead)).status_code == 403
        assert client.post(address(lead)).status_code == 403

    def test_csrf(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.PUBLISHER))
        assert client.post(address(make_article())).status_code == 403
