"""Decisions on one article: permissions, refusals, lost updates, undo and redirects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles import newsdesk
from articles.models import Act, Article
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD, get, page_of
from tests.articles.states import CASES
from tests.factories import make_article, make_superseded, make_user, relate

pytestmark = [pytest.mark.django_db, pytest.mark.once]

State = Article.State
EDITORS: Final = {Role.EDITOR, Role.PUBLISHER}
PUBLISHERS: Final = {Role.PUBLISHER}
OUT: Final = {State.HELD, State.WITHDRAWN}

WHO: Final = {
    "score": EDITORS,
    "publish": PUBLISHERS,
    "hold": EDITORS,
    "schedule": EDITORS,
    "pin": PUBLISHERS,
    "unpin": PUBLISHERS,
    "withdraw": PUBLISHERS,
}
"""Who may make each decision; a release needs the permission for the decision that it ends."""
NOT_WHILE: Final[dict[str, set[Article.State]]] = {
    "score": {State.COVERAGE_ONLY},
    "publish": {State.COVERAGE_ONLY},
    "hold": {State.WITHDRAWN},
    "schedule": {State.COVERAGE_ONLY, State.WITHDRAWN},
    "pin": {State.COVERAGE_ONLY, State.NOT_SCORED, *OUT},
    "withdraw": {State.COVERAGE_ONLY},
}
"""The states in which a decision is refused."""
GIVEN: Final = {"score": {"quality": "57"}, "schedule": {"begin": "2030-01-01T12:00"}}
ONE_OF_EACH: Final = {case.state: case for case in reversed(CASES)}


def address_of(article: Article, verb: str) -> str:
    return reverse("admin:articles_article_decide", args=[article.pk, verb])


def undo_of(act: Act) -> str:
    return reverse("admin:articles_act_undo", args=[act.pk])


def form_for(article: Article, verb: str, **more: str) -> dict[str, str]:
    return {"seen_version": str(article.version)} | GIVEN.get(verb, {}) | more


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(make_user(Role.PUBLISHER))
    return client


@pytest.mark.no_cover
class TestWhoMayWhat:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("verb", WHO)
    def test_verb_by_state(self, client: Client, role: Role, verb: str) -> None:
        client.force_login(make_user(role))
        for state, case in ONE_OF_EACH.items():
            pinned = {"is_pinned": True} if verb == "unpin" else {}
            article = case.make(**pinned)
            shown = client.get(address_of(article, verb))
            done = client.post(address_of(article, verb), form_for(article, verb))
            refused = state in NOT_WHILE.get(verb, ())
            is_set_already = (verb, state) in {("hold", State.HELD), ("withdraw", State.WITHDRAWN)}
            if role not in WHO[verb]:
                assert (shown.status_code, done.status_code) == (403, 403), state
            elif refused or is_set_already:
                assert (shown.status_code, done.status_code) == (200, 200), state
                assert "errornote" in done.content.decode() or "errorlist" in done.content.decode()
            else:
                assert (shown.status_code, done.status_code) == (200, 302), state
            acts = Act.objects.filter(changes__article=article, verb=verb).count()
            assert acts == (done.status_code == 302)

    @pytest.mark.parametrize(
        ("decision", "who"),
        [("hold", EDITORS), ("publish", PUBLISHERS), ("withdraw", PUBLISHERS), ("", EDITORS)],
    )
    def test_release(self, client: Client, decision: str, who: set[Role]) -> None:
        for role in Role:
            client.force_login(make_user(role))
            article = make_article(decision=decision)
            status = client.get(address_of(article, "release")).status_code
            response = client.post(
                address_of(article, "release"), form_for(article, "release", reason="enough")
            )
            assert status == (200 if role in who else 403)
            # An article can be released only if an editor has made a decision on it.
            done = 302 if decision else 200
            assert response.status_code == (done if role in who else 403)

    def test_may_publish_but_not_withdraw(self, client: Client) -> None:
        user = make_user(Role.VIEWER)
        codename = newsdesk.VERBS[newsdesk.Verb.PUBLISH].permission.partition(".")[2]
        user.user_permissions.set(Permission.objects.filter(codename=codename))
        client.force_login(user)
        article = make_article(decision="withdraw")

        assert client.get(address_of(article, "publish")).status_code == 403
        assert (
            client.post(address_of(article, "publish"), form_for(article, "publish")).status_code
            == 403
        )

    def test_fail_anonymous_and_staff_without_permission(self, client: Client) -> None:
        article = make_article()
        response = client.get(address_of(article, "hold"))
        assert response["Location"].startswith(reverse("admin:login"))
        client.force_login(make_user())
        assert client.get(address_of(article, "hold")).status_code == 403

    def test_fail_unknown(self, publisher: Client) -> None:
        article = make_article()
        for verb in ("relate", "edit", "undo", "nothing"):
            assert publisher.get(address_of(article, verb)).status_code == 404
        article.pk = 999_999
        assert publisher.get(address_of(article, "hold")).status_code == 404

    def test_fail_method_and_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user(Role.PUBLISHER))
        article = make_article()
        assert client.put(address_of(article, "hold")).status_code == 403
        response = client.post(address_of(article, "hold"), form_for(article, "hold"))
        assert response.status_code == 403
        assert not Act.objects.exists()


class TestForm:
    def test_opens_with_a_preview(self, publisher: Client) -> None:
        lead, other = make_article(), make_article(quality=75)
        relate(other, lead)
        newsdesk.perform(newsdesk.set_quality(lead, 81), by=None)
        html = get(publisher, address_of(lead, "hold"))

        assert other.title in html.partition("What will change for readers")[2]
        assert Act.objects.count() == 1

    def test_filled_by_a_link(self, publisher: Client) -> None:
        article = make_article(quality=None)
        html = get(publisher, address_of(article, "score"), quality="70")

        assert 'value="70"' in html
        assert "quality 70 ≥ 70: published" in html
        assert not Act.objects.exists()

    def test_preview(self, publisher: Client) -> None:
        article = make_article(quality=None)
        form = form_for(article, "score", preview="1", reason="Because")
        html = publisher.post(address_of(article, "score"), form).content.decode()

        assert "quality 57 &lt; 70: not published" in html
        assert "Because</textarea>" in html
        assert not Act.objects.exists()

    def test_says_what_is_stored(self, publisher: Client) -> None:
        article = make_article(decision="hold", decision_reason="Waits for a comment")
        html = get(publisher, address_of(article, "hold"))

        assert "Waits for a comment</textarea>" in html
        assert "errornote" not in html

    @pytest.mark.parametrize("verb", WHO)
    def test_refused_by_state_has_no_form(self, publisher: Client, verb: str) -> None:
        article = make_article(coverage_only=True, quality=None)
        html = get(publisher, address_of(article, verb))
        assert ("seen_version" in html) == (verb == "hold")

    def test_times_are_of_the_site(self, publisher: Client, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        article = make_article()
        form = form_for(article, "hold", until="2100-07-01T12:00")
        assert "Times are in Europe/Berlin" in get(publisher, address_of(article, "hold"))
        publisher.post(address_of(article, "hold"), form)

        article.refresh_from_db()
        assert article.decision_until == datetime(2100, 7, 1, 10, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("verb", "wrong", "words"),
        [
            ("hold", {"until": "9999-12-31T12:00"}, "Choose a time in the years 1900 to 2199"),
            ("hold", {"until": "0001-01-01T00:00"}, "Choose a time in the years 1900 to 2199"),
            ("hold", {"until": "2020-01-01T12:00"}, "already over"),
            ("hold", {"until": "someday"}, "Enter a valid date"),
            ("score", {"quality": "99999"}, "less than or equal to"),
            ("score", {"quality": "-1"}, "greater than or equal to"),
            ("score", {"quality": "x"}, "whole number"),
            ("score", {"seen_version": "x"}, "whole number"),
            ("withdraw", {"reason": "x" * 2001}, "at most 2000"),
            ("schedule", {"end": "2029-01-01T12:00"}, "must come before"),
        ],
    )
    def test_fail_wrong(
        self, publisher: Client, verb: str, wrong: dict[str, str], words: str
    ) -> None:
        article = make_article()
        response = publisher.post(address_of(article, verb), form_for(article, verb, **wrong))

        assert response.status_code == 200
        assert words in response.content.decode()
        assert not Act.objects.exists()

    def test_refused_by_the_newsdesk(self, publisher: Client) -> None:
        article = make_article(quality=57)
        html = publisher.post(
            address_of(article, "score"), form_for(article, "score")
        ).content.decode()
        assert "has that quality already" in html


class TestDone:
    def test_message_with_undo(self, publisher: Client) -> None:
        article, other = make_article(quality=60), make_article(quality=65)
        relate(other, article)
        form = form_for(article, "score", quality="68", reason="Good work")
        response = publisher.post(address_of(article, "score"), form, follow=True)
        html = response.content.decode()

        act = Act.objects.get()
        assert response.redirect_chain == [(page_of(article), 302)]
        assert f"Scored: “{article.title}”; 1 other article changed." in html
        assert f'method="post" action="{undo_of(act)}"' in html
        assert act.reason == "Good work"
        article.refresh_from_db()
        assert (article.quality, article.heat) == (68, 68)

    def test_title_is_escaped(self, publisher: Client) -> None:
        article = make_article(title=PAYLOAD)
        form = form_for(article, "hold", reason=PAYLOAD)
        pages = [publisher.post(address_of(article, "hold"), form, follow=True).content.decode()]
        pages += [
            get(publisher, address_of(article, "hold")),
            get(publisher, undo_of(Act.objects.get())),
        ]
        for html in pages:
            assert "<script>alert" not in html
            assert "<img src=x" not in html

    @pytest.mark.parametrize(
        "address",
        [
            "https://elsewhere.example/admin/",
            "//elsewhere.example/admin/",
            "/\\elsewhere.example/admin/",
            "/admin/\\..\\..\\elsewhere.example",
            "/admin/../news/",
            "/admin/%2e%2e/news/",
            "/admin/.%2E/news/",
            "/news/story/",
            "/",
            "javascript:alert(1)",
            "admin/",
            "\t/admin/",
            "/admin",
            "http:///admin/",
            "http://testserver/admin/",
            "",
        ],
    )
    def test_next_refuses_other_sites(self, publisher: Client, address: str) -> None:
        article = make_article()
        form = form_for(article, "hold", next=address)
        response = publisher.post(address_of(article, "hold"), form)
        assert response["Location"] == page_of(article)

        response = publisher.post(undo_of(Act.objects.get()), {"next": address})
        assert response["Location"] == reverse("admin:articles_article_changelist")
        html = get(publisher, address_of(article, "hold"), next=address)
        assert f'class="closelink" href="{page_of(article)}"' in html

    def test_next_leads_back(self, publisher: Client) -> None:
        article = make_article()
        back = reverse("admin:articles_article_changelist") + "?q=a%20b&p=2"
        form = form_for(article, "hold", next=back)
        assert publisher.post(address_of(article, "hold"), form)["Location"] == back


class TestStale:
    def change_meanwhile(self, article: Article) -> None:
        by = make_user(Role.PUBLISHER, username="somebody-else")
        newsdesk.perform(newsdesk.set_quality(article, 61), by=by, reason="Thin sources")

    def test_shows_both_and_decides_again(self, publisher: Client) -> None:
        article = make_article(quality=60)
        form = form_for(article, "score", reason="Typed at length")
        self.change_meanwhile(article)
        response = publisher.post(address_of(article, "score"), form)
        html = response.content.decode()
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))

        assert response.status_code == 200
        assert Act.objects.count() == 1
        assert "Nothing was done" in html
        assert "Quality 57 61 Note Typed at length" in text
        assert "scored by somebody-else" in text
        assert "Thin sources" in text
        assert 'value="57"' in html
        assert "Typed at length</textarea>" in html
        version = re.search(r'name="seen_version" value="(\d+)"', html)
        assert version
        form["seen_version"] = version[1]
        assert publisher.post(address_of(article, "score"), form).status_code == 302
        article.refresh_from_db()
        assert article.quality == 57

    def test_preview_of_a_stale_form(self, publisher: Client) -> None:
        article = make_article(quality=60)
        form = form_for(article, "score", preview="1")
        self.change_meanwhile(article)
        html = publisher.post(address_of(article, "score"), form).content.decode()
        assert "Nothing was done" in html

    def test_changed_by_an_import(self, publisher: Client) -> None:
        article = make_article(quality=60)
        form = form_for(article, "hold")
        Article.objects.update(version=7)
        html = publisher.post(address_of(article, "hold"), form).content.decode()
        assert "changed by an import" in html

    def test_changed_while_it_is_written(
        self, publisher: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        article = make_article(quality=60)

        def perform_too_late(change: newsdesk.Change, **options: Any) -> Act:
            monkeypatch.undo()
            Article.objects.update(version=7)
            return newsdesk.perform(change, **options)

        monkeypatch.setattr("articles.newsdesk.perform", perform_too_late)
        response = publisher.post(address_of(article, "score"), form_for(article, "score"))
        assert "Nothing was done" in response.content.decode()
        assert not Act.objects.exists()


class TestUndo:
    def act_on(self, article: Article) -> Act:
        return newsdesk.perform(newsdesk.hold(article), by=None, reason="Hm")

    def test_asked_then_done(self, publisher: Client) -> None:
        article = make_article()
        act = self.act_on(article)
        html = get(publisher, undo_of(act))
        assert article.title in html
        assert "What will change for readers" in html
        assert Act.objects.count() == 1

        response = publisher.post(undo_of(act), {"next": page_of(article)}, follow=True)
        assert response.redirect_chain == [(page_of(article), 302)]
        assert f"Undone. Held: “{article.title}”." in response.content.decode()
        article.refresh_from_db()
        assert not article.decision

    def test_refused_twice(self, publisher: Client) -> None:
        act = self.act_on(make_article())
        publisher.post(undo_of(act))
        for html in (get(publisher, undo_of(act)), publisher.post(undo_of(act)).content.decode()):
            assert "undone already" in html
            assert 'value="Undo"' not in html

    def test_refused_after_another_change(self, publisher: Client) -> None:
        article = make_article()
        act = self.act_on(article)
        article.refresh_from_db()
        newsdesk.perform(newsdesk.release(article), by=None)
        assert "changed again since" in get(publisher, undo_of(act))

    def test_who(self, client: Client) -> None:
        article = make_article()
        act = newsdesk.perform(newsdesk.publish(article), by=None)
        for role, status in ((Role.VIEWER, 403), (Role.EDITOR, 403), (Role.PUBLISHER, 200)):
            client.force_login(make_user(role))
            assert client.get(undo_of(act)).status_code == status
        client.force_login(make_user(Role.EDITOR))
        assert client.post(undo_of(act)).status_code == 403
        client.force_login(make_user())
        assert client.get(undo_of(act)).status_code == 403
        assert Act.objects.count() == 1

    def test_fail_unknown(self, publisher: Client) -> None:
        assert publisher.get(reverse("admin:articles_act_undo", args=[1])).status_code == 404


class TestBar:
    def titles(self, client: Client, article: Article) -> list[str]:
        bar = get(client, page_of(article)).partition('aria-label="Decisions"')[2]
        return re.findall(r"/decide/(\w+)/", bar.partition("</nav>")[0])

    def test_by_role(self, client: Client) -> None:
        article = make_article()
        expected = {
            Role.VIEWER: [],
            Role.OPERATOR: [],
            Role.EDITOR: ["score", "hold", "schedule"],
            Role.PUBLISHER: ["score", "publish", "hold", "schedule", "pin", "withdraw"],
        }
        for role, titles in expected.items():
            client.force_login(make_user(role))
            assert self.titles(client, article) == titles

    @pytest.mark.parametrize(
        ("overrides", "titles"),
        [
            ({"decision": "hold"}, ["score", "publish", "hold", "release", "schedule", "withdraw"]),
            ({"decision": "withdraw"}, ["score", "publish", "release"]),
            ({"is_pinned": True}, ["score", "publish", "hold", "schedule", "unpin", "withdraw"]),
            ({"quality": None}, ["score", "publish", "hold", "schedule", "withdraw"]),
            ({"coverage_only": True, "quality": None}, ["hold"]),
        ],
    )
    def test_by_state(
        self, publisher: Client, overrides: dict[str, Any], titles: list[str]
    ) -> None:
        assert self.titles(publisher, make_article(**overrides)) == titles


class TestCost:
    @pytest.mark.parametrize("verb", ["score", "hold", "pin"])
    def test_does_not_grow_with_the_story(self, publisher: Client, verb: str) -> None:
        counts: list[tuple[int, int]] = []
        for size in (1, 8):
            article = make_article(quality=90)
            for _ in range(size):
                relate(make_superseded(article), make_article(quality=30))
                relate(article, make_article(quality=20))
            with CaptureQueriesContext(connection) as asked:
                get(publisher, address_of(article, verb))
            with CaptureQueriesContext(connection) as done:
                response = publisher.post(address_of(article, verb), form_for(article, verb))
            assert response.status_code == 302
            counts.append((len(asked), len(done)))
        assert counts[0] == counts[1]
