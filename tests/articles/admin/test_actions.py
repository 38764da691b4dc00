"""Bulk actions in the list of articles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from articles import heat
from articles.admin.articles import bulk_actions
from articles.admin.articles.bulk_actions import BULK
from articles.admin.decisions import confirmation
from articles.models import Act, Article, Related
from articles.newsdesk import Verb
from articles.roles import Role
from tests.articles.admin.admin_pages import PAYLOAD
from tests.articles.admin.asking import (
    LIST,
    assert_came_true,
    carry_on,
    messages_of,
    press_undo,
    standings,
    start,
    text_of,
)
from tests.factories import make_article, make_superseded, make_user, relate

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(make_user(Role.PUBLISHER))
    return client


def fresh(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


class TestEach:
    """Each action is previewed, applied as one decision, and undone."""

    def check(
        self, client: Client, verb: str, chosen: list[Article], others: list[Article], **sent: str
    ) -> Act:
        everybody = [*chosen, *others]
        heat.recompute(one.pk for one in everybody)
        before, links = standings(everybody), set(Related.objects.values_list("article", "target"))
        page = start(client, verb, chosen)
        if sent:
            page = carry_on(client, page, verb, **sent, ask="")
        assert standings(everybody) == before
        assert not Act.objects.exists()
        done = carry_on(client, page, verb, **sent, reason="as agreed", do="")
        messages = messages_of(client, done)
        assert_came_true(before, page.context["consequences"], standings(everybody))
        act = Act.objects.get()
        assert (act.verb, act.reason) == (verb, "as agreed")
        assert press_undo(client, messages[0])["Location"] == reverse(LIST)
        assert standings(everybody) == before
        assert set(Related.objects.values_list("article", "target")) == links
        return act

    def test_score(self, publisher: Client) -> None:
        chosen = [make_article(quality=40), make_article(quality=None)]
        self.check(publisher, "score", chosen, [make_superseded(chosen[0])], quality="75")

    def test_publish(self, publisher: Client) -> None:
        self.check(publisher, "publish", [make_article(quality=10), make_article(quality=20)], [])

    def test_hold(self, publisher: Client) -> None:
        chosen = [make_article(quality=90), make_article(quality=80)]
        self.check(publisher, "hold", chosen, [make_superseded(chosen[0], quality=75)])

    def test_hold_until(self, publisher: Client) -> None:
        until = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
        article = make_article()
        page = start(publisher, "hold", [article])
        sent = {"until": until.strftime("%Y-%m-%dT%H:%M")}
        page = carry_on(publisher, page, "hold", **sent, ask="")
        carry_on(publisher, page, "hold", **sent, do="")
        assert fresh(article).decision_until == until

    def test_release(self, publisher: Client) -> None:
        chosen = [
            make_article(quality=90, decision="hold"),
            make_article(quality=90, decision="withdraw"),
            make_article(quality=10, decision="publish", published=True),
        ]
        self.check(publisher, "release", chosen, [])

    def test_withdraw(self, publisher: Client) -> None:
        self.check(publisher, "withdraw", [make_article(quality=90), make_article(quality=80)], [])

    def test_schedule(self, publisher: Client) -> None:
        begin = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
        chosen = [make_article(quality=90), make_article(quality=80)]
        self.check(publisher, "schedule", chosen, [], begin=begin)

    def test_merge(self, publisher: Client) -> None:
        chosen = [make_article(quality=90), make_article(quality=80)]
        others = [make_article(quality=85), make_article(quality=60)]
        # The first selected article has another lead, which has its own coverage.
        lead = make_article(quality=95)
        relate(chosen[0], lead)
        relate(lead, chosen[0], others[0])
        relate(others[0], lead)
        relate(chosen[1], others[1])
        act = self.check(publisher, "merge", chosen, [*others, lead])
        assert act.changes.count() == 5
        assert sum(len(one.linked) for one in act.changes.all()) == 5 * 4 - 5


class TestLeftOut:
    def test_grouped_by_reason(self, publisher: Client) -> None:
        held = [make_article(decision="hold") for _ in range(7)]
        stub = make_article(coverage_only=True)
        article = make_article()
        page = start(publisher, "score", [*held, stub, article])
        page = carry_on(publisher, page, "score", quality="80", ask="")
        groups = [(number, why) for why, number, _ in page.context["skipped"]]
        assert groups == [
            (8, "has that quality already."),
            (1, "is link only: it cannot be scored."),
        ]
        assert "None of them would change" in text_of(page)
        assert 'name="do"' not in page.content.decode()
        named = ", ".join(one.slug for one in held[:5])
        assert page.context["skipped"][0][2] == f"{named} and 3 more"

    def test_reports_done_and_skipped(self, publisher: Client) -> None:
        page = start(publisher, "hold", [make_article(), make_article(decision="withdraw")])
        assert "1 of 2 articles will be changed" in text_of(page)
        done = carry_on(publisher, page, "hold", do="")
        assert "Held: 1 article. Left out: 1." in messages_of(publisher, done)[0]

    def test_decisions_that_the_role_may_not_end(self, client: Client) -> None:
        client.force_login(make_user(Role.EDITOR))
        held, withdrawn = make_article(decision="hold"), make_article(decision="withdraw")
        page = start(client, "release", [held, withdrawn])
        assert page.context["skipped"] == [
            ("has a decision that your role does not allow you to end.", 1, withdrawn.slug)
        ]
        carry_on(client, page, "release", do="")
        assert fresh(held).decision == ""
        assert fresh(withdrawn).decision == "withdraw"

    def test_submitted_without_changes(self, publisher: Client) -> None:
        page = start(publisher, "hold", [make_article(decision="hold")])
        page = carry_on(publisher, page, "hold", do="")
        assert page.status_code == 200
        assert not Act.objects.exists()

    def test_too_many_for_a_story(self, publisher: Client) -> None:
        page = start(publisher, "merge", [make_article() for _ in range(51)])
        assert "too many for one story" in text_of(page)
        assert 'name="do"' not in page.content.decode()

    def test_fail_a_single_article_is_not_a_story(self, publisher: Client) -> None:
        page = start(publisher, "merge", [make_article()])
        assert "Choose at least two different articles" in text_of(page)


class TestSelection:
    def test_everything_that_the_filter_matches(self, publisher: Client) -> None:
        published = [make_article() for _ in range(60)]
        below = make_article(quality=20)
        query = "?state=published"
        page = start(publisher, "hold", published[:1], query, select_across="1")
        assert "60 articles" in text_of(page)
        done = carry_on(publisher, page, "hold", do="")
        assert done["Location"] == reverse(LIST) + query
        assert Article.objects.filter(decision="hold").count() == 60
        assert fresh(below).decision == ""
        assert Act.objects.count() == 1

    def test_everything_without_script(self, publisher: Client) -> None:
        make_article()
        page = publisher.get(reverse(LIST)).content.decode()
        noscript = page.partition("<noscript>")[2].partition("</noscript>")[0]
        assert 'name="select_across" value="1"' in noscript
        assert 'name="_selected_action" value="0"' in noscript
        data = {"action": "hold", "index": "0", "_selected_action": "0"}
        asked = publisher.post(reverse(LIST), data | {"select_across": ["0", "1"]})
        assert "Hold: 1 article" in text_of(asked)
        nothing = publisher.post(reverse(LIST), data | {"select_across": "0"})
        assert "Select at least one article" in messages_of(publisher, nothing)[0]

    def test_selected_articles_within_the_filter(self, publisher: Client) -> None:
        published, below = make_article(), make_article(quality=20)
        page = start(publisher, "hold", [published, below], "?state=published")
        assert "Hold: 1 article" in text_of(page)

    def test_cap(self, publisher: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulk_actions, "MOST_ARTICLES", 3)
        articles = [make_article() for _ in range(4)]
        page = start(publisher, "hold", articles[:3])
        assert page.status_code == 200
        refused = start(publisher, "hold", articles[:1], select_across="1")
        assert "more than 3 articles" in messages_of(publisher, refused)[0]

    def test_ten_thousand_fit_into_a_form(self) -> None:
        seen = [[1_000_000 + 7 * pk, pk % 90] for pk in range(bulk_actions.MOST_ARTICLES)]
        text = confirmation.sign("bulk.hold", [[pk for pk, _ in seen], "/", [], seen])
        assert len(text) < 250_000


class TestBetween:
    """Changes between the page of consequences and the decision."""

    def test_changed_meanwhile(self, publisher: Client) -> None:
        articles = [make_article(), make_article()]
        page = start(publisher, "hold", articles)
        Article.objects.filter(pk=articles[0].pk).update(version=9)
        again = carry_on(publisher, page, "hold", reason="as I typed", do="")
        assert again.status_code == 200
        assert f"{articles[0].slug} changed since this was shown" in text_of(again)
        assert "as I typed" in again.content.decode()
        assert not Act.objects.exists()
        assert carry_on(publisher, again, "hold", do="").status_code == 302
        assert Act.objects.count() == 1

    def test_values_changed_after_they_were_shown(self, publisher: Client) -> None:
        article = make_article()
        page = carry_on(
            publisher, start(publisher, "score", [article]), "score", quality="75", ask=""
        )
        again = carry_on(publisher, page, "score", quality="20", do="")
        assert "Check the new preview" in text_of(again)
        assert not Act.objects.exists()
        carry_on(publisher, again, "score", quality="20", do="")
        assert fresh(article).quality == 20

    def test_done_without_a_preview(self, publisher: Client) -> None:
        article = make_article()
        again = carry_on(
            publisher, start(publisher, "score", [article]), "score", quality="7", do=""
        )
        assert "Check the new preview" in text_of(again)
        assert not Act.objects.exists()

    @pytest.mark.parametrize(
        ("verb", "sent"),
        [
            ("score", {"quality": ""}),
            ("score", {"quality": "-1"}),
            ("score", {"quality": "1000000"}),
            ("hold", {"until": "2020-01-01T10:00"}),
            ("hold", {"until": "tomorrow"}),
            ("hold", {"reason": "x" * 2001}),
            ("schedule", {"begin": "2030-01-02T10:00", "end": "2030-01-01T10:00"}),
        ],
    )
    def test_impossible_decisions(self, publisher: Client, verb: str, sent: dict[str, str]) -> None:
        page = start(publisher, verb, [make_article(quality=None)])
        for button in ("ask", "do"):
            again = carry_on(publisher, page, verb, **sent, **{button: ""})
            assert again.status_code == 200
            assert "errorlist" in again.content.decode()
        assert not Act.objects.exists()

    def test_forged(self, publisher: Client) -> None:
        article = make_article()
        address = reverse("admin:articles_article_together", args=["hold"])
        step = [[article.pk], "https://elsewhere.example/", [], [[article.pk, 1]]]
        other = confirmation.sign("bulk.publish", step)
        for text in ("", "forged", signing.dumps(step), other):
            refused = publisher.post(address, {"step": text, "do": ""})
            assert refused["Location"] == reverse(LIST)
            assert "nothing was done" in messages_of(publisher, refused)[0]
        assert not Act.objects.exists()

    def test_only_by_post(self, publisher: Client) -> None:
        address = reverse("admin:articles_article_together", args=["hold"])
        assert publisher.get(address).status_code == 405
        unknown = reverse("admin:articles_article_together", args=["dance"])
        assert publisher.post(unknown).status_code == 404

    def test_text_is_escaped(self, publisher: Client) -> None:
        article = make_article(title=PAYLOAD)
        page = start(publisher, "merge", [article, make_article(title=PAYLOAD)])
        assert PAYLOAD not in page.content.decode()
        page = start(publisher, "hold", [article])
        page = carry_on(publisher, page, "hold", reason=PAYLOAD, ask="")
        assert PAYLOAD not in page.content.decode()


@pytest.mark.once
@pytest.mark.no_cover
class TestPermissions:
    EXPECTED = {
        Role.VIEWER: set(),
        Role.OPERATOR: set(),
        Role.EDITOR: {"score", "hold", "release", "schedule", "merge"},
        Role.PUBLISHER: set(BULK),
    }

    @pytest.mark.parametrize("role", Role)
    def test_offered(self, client: Client, role: Role) -> None:
        client.force_login(make_user(role))
        make_article()
        page = client.get(reverse(LIST))
        form = page.context["action_form"]
        choices = dict(form.fields["action"].choices) if form else {}
        assert set(choices) - {""} == self.EXPECTED[role]

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("verb", BULK)
    def test_is_still_sent(self, client: Client, role: Role, verb: str) -> None:
        articles = [make_article(decision="hold" if verb == "release" else "") for _ in range(2)]
        sent = {"score": {"quality": "7"}, "schedule": {"end": "2020-01-01T10:00"}}.get(verb, {})
        client.force_login(make_user(Role.PUBLISHER))
        page = start(client, verb, articles)
        page = carry_on(client, page, verb, **sent, ask="")
        client.force_login(make_user(role))
        allowed = verb in self.EXPECTED[role]
        assert carry_on(client, page, verb, **sent, ask="").status_code == (200 if allowed else 403)
        assert carry_on(client, page, verb, **sent, do="").status_code == (302 if allowed else 403)
        assert Act.objects.exists() == allowed

    def test_pinning_is_not_a_bulk_action(self) -> None:
        assert Verb.PIN not in BULK

    def test_anonymous(self, client: Client) -> None:
        address = reverse("admin:articles_article_together", args=["hold"])
        assert "login" in client.post(address)["Location"]


class TestQueries:
    @pytest.mark.parametrize("number", [4, 40])
    @pytest.mark.parametrize("verb", ["hold", "release", "merge"])
    def test_queries_do_not_depend_on_the_number_of_articles(
        self,
        publisher: Client,
        verb: str,
        number: int,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        decision = "hold" if verb == "release" else ""
        articles = [make_article(decision=decision) for _ in range(number)]
        for article in articles[1:4]:
            relate(article, articles[0])
        # Expect: session, user, permissions (2), ids, articles, consequences (9), policy; a merge
        # finds stories with 4 more.
        with django_assert_max_num_queries(20):
            page = start(publisher, verb, articles, select_across="1")
        assert page.status_code == 200
