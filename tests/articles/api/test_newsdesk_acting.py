"""Decisions through the API: responses, version checks and idempotency."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from articles import newsdesk
from articles.api.newsdesk import idempotency
from articles.models import Act, Article, KeptAnswer, Related
from articles.roles import Role
from tests.articles.api.desk import address_of, by_session, do, problem_of, send, undo_of
from tests.factories import make_article, make_superseded, make_user, relate

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def user() -> User:
    return make_user(Role.PUBLISHER)


@pytest.fixture
def desk(user: User) -> Client:
    return by_session(user)


def stored() -> list[Any]:
    return [
        *Article.objects.order_by("pk").values(),
        *Act.objects.order_by("pk").values(),
        *Related.objects.order_by("pk").values(),
        *KeptAnswer.objects.order_by("pk").values(),
    ]


class TestActs:
    def test_score(self, desk: Client, user: User) -> None:
        article = make_article(quality=60)
        told = do(desk, article, "score", {"quality": 75, "reason": " good "})
        article.refresh_from_db()
        assert (article.quality, article.heat, article.published) == (75, 75, True)
        act = Act.objects.get()
        assert (act.pk, act.by, act.reason) == (told["act"], user, "good")
        assert told["verb"] == "score"
        assert told["articles"] == [{"slug": article.slug, "version": 2}]
        (one,) = told["consequences"]
        assert one["before"] == {"state": "below", "heat": 60, "lead": None}
        assert one["after"] == {"state": "published", "heat": 75, "lead": None}
        assert one["why"] == "quality 75 ≥ 70: published"
        do(desk, article, "score", {"quality": None})
        article.refresh_from_db()
        assert article.quality is None

    def test_etag_is_the_current_version(self, desk: Client) -> None:
        article = make_article()
        response = send(desk, address_of(article, "hold"), version=1)
        assert response["ETag"] == '"2"' == desk.get(address_of(article))["ETag"]

    @pytest.mark.parametrize("verb", ["publish", "hold"])
    def test_until(self, desk: Client, verb: str) -> None:
        article, until = make_article(), timezone.now() + HOUR
        do(desk, article, verb, {"until": until.isoformat(), "reason": "a comment"})
        article.refresh_from_db()
        assert (article.decision, article.decision_until) == (verb, until)
        assert article.decision_reason == "a comment"
        do(desk, article, verb, {"until": None})
        article.refresh_from_db()
        assert article.decision_until is None

    def test_withdraw_and_release(self, desk: Client) -> None:
        article = make_article()
        do(desk, article, "withdraw")
        article.refresh_from_db()
        assert article.decision == "withdraw"
        do(desk, article, "release")
        article.refresh_from_db()
        assert article.decision == ""

    def test_schedule(self, desk: Client) -> None:
        article, begin = make_article(), timezone.now() + HOUR
        do(desk, article, "schedule", {"publishFrom": begin.isoformat(), "publishUntil": None})
        article.refresh_from_db()
        assert (article.publish_from, article.publish_until) == (begin, None)

    def test_pin_moves(self, desk: Client) -> None:
        first, second = make_article(is_pinned=True), make_article()
        relate(first, second)
        told = do(desk, second, "pin")
        assert {one["slug"]: one["version"] for one in told["articles"]} == {
            first.slug: 2,
            second.slug: 2,
        }
        do(desk, second, "unpin")
        assert not Article.objects.filter(is_pinned=True).exists()

    def test_relate_and_unrelate(self, desk: Client) -> None:
        article, others = make_article(), [make_article(), make_article()]
        slugs = [one.slug for one in others]
        do(desk, article, "relate", {"slugs": slugs})
        assert Related.objects.count() == 4
        do(desk, article, "unrelate", {"slugs": slugs[:1]})
        assert Related.objects.count() == 2

    def test_edit(self, desk: Client) -> None:
        article = make_article(body="Before", category="one")
        do(desk, article, "edit", {"title": " A ", "content": "x\r\ny\n", "excerpt": ""})
        article.refresh_from_db()
        assert (article.title, article.body, article.excerpt) == (" A ", "x\ny\n", "")
        assert article.category == "one"

    def test_without_a_body(self, desk: Client) -> None:
        article = make_article()
        response = desk.generic("POST", address_of(article, "hold"), headers={"If-Match": '"1"'})
        assert response.status_code == 200, response.content

    def test_undo(self, desk: Client) -> None:
        article = make_article()
        told = do(desk, article, "hold", {"reason": "x"})
        undone = send(desk, undo_of(told["act"]), {"reason": "a mistake"})
        assert undone.status_code == 200
        assert undone.json()["articles"] == [{"slug": article.slug, "version": 3}]
        article.refresh_from_db()
        assert article.decision == ""
        assert Act.objects.get(undoes=told["act"]).reason == "a mistake"
        problem_of(send(desk, undo_of(told["act"])), 409)

    def test_fail_undo_what_was_changed_since(self, desk: Client) -> None:
        article = make_article()
        told = do(desk, article, "score", {"quality": 33})
        do(desk, article, "score", {"quality": 34})
        before = stored()
        assert article.slug in problem_of(send(desk, undo_of(told["act"])), 409)["detail"]
        assert stored() == before

    def test_fail_undo_nothing(self, desk: Client) -> None:
        for act in (1, 10**30):
            problem_of(send(desk, undo_of(act)), 404)


class TestPreview:
    def test_reports_and_writes_nothing(self, desk: Client) -> None:
        lead = make_article(quality=80)
        other = make_superseded(lead, quality=75)
        before = stored()
        response = send(desk, address_of(lead, "hold"), version=1, key="x", preview=True)
        assert response.status_code == 200
        assert stored() == before
        told = response.json()
        assert told["act"] is None
        assert told["articles"] == [{"slug": lead.slug, "version": 1}]
        assert told["consequenceCount"] == 2
        moved = {one["slug"]: (one["before"], one["after"]) for one in told["consequences"]}
        assert moved[other.slug] == (
            {"state": "superseded", "heat": -1, "lead": lead.slug},
            {"state": "published", "heat": 75, "lead": None},
        )
        assert told["consequences"] == do(desk, lead, "hold")["consequences"]

    def test_of_an_undo(self, desk: Client) -> None:
        article = make_article()
        act = do(desk, article, "hold")["act"]
        before = stored()
        told = send(desk, undo_of(act), preview=True).json()
        assert stored() == before
        assert [one["after"]["state"] for one in told["consequences"]] == ["published"]

    def test_fail_as_the_act(self, desk: Client) -> None:
        article = make_article()
        address = address_of(article, "hold")
        problem_of(send(desk, address, preview=True), 428)
        problem_of(send(desk, address, version=2, preview=True), 412)
        problem_of(send(desk, address_of(article, "unpin"), version=1, preview=True), 409)
        viewer = by_session(make_user(Role.VIEWER))
        problem_of(send(viewer, address, version=1, preview=True), 403)
        response = desk.generic("POST", f"{address}?preview=yes", headers={"If-Match": '"1"'})
        problem_of(response, 400)


class TestMoments:
    @pytest.mark.parametrize(
        "moment",
        [
            *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2200-01-01T00:00:00Z"),
            *("9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:45", "2100-01-01T12:00:60Z"),
        ],
    )
    def test_fail_at_times_that_other_time_zones_lack(self, desk: Client, moment: str) -> None:
        article = make_article()
        response = send(desk, address_of(article, "hold"), {"until": moment}, version=1)
        detail = problem_of(response, 400)["detail"]
        assert detail.startswith(("until: Choose a time in the years", "until: Enter a time with"))


class TestIfMatch:
    @pytest.mark.parametrize("tag", [None, "", "*", " * "])
    def test_fail_without(self, desk: Client, tag: str | None) -> None:
        article = make_article()
        before = stored()
        headers = {} if tag is None else {"If-Match": tag}
        response = desk.generic("POST", address_of(article, "hold"), headers=headers)
        assert "ETag" in problem_of(response, 428)["detail"]
        assert stored() == before

    @pytest.mark.parametrize(
        "tag",
        [
            "1",
            'W/"2"',
            '"1-x"',
            '"0"',
            '"2"',
            '"x"',
            '"01"',
            '"1 "',
            '"²"',
            '"' + "9" * 400 + '"',
            "1,",
        ],
    )
    def test_fail_another(self, desk: Client, tag: str) -> None:
        article = make_article()
        before = stored()
        response = desk.generic("POST", address_of(article, "hold"), headers={"If-Match": tag})
        problem = problem_of(response, 412)
        assert (problem["version"], problem["meanwhile"]) == (1, [])
        assert response["ETag"] == '"1"'
        assert stored() == before

    @pytest.mark.parametrize("tag", ['W/"1"', '"1-gzip"', 'W/"1--gzip"', '"1;br"', '"7", W/"1"'])
    def test_changed_by_a_proxy(self, desk: Client, tag: str) -> None:
        article = make_article()
        response = desk.generic("POST", address_of(article, "hold"), headers={"If-Match": tag})
        assert response.status_code == 200

    def test_one_of_several(self, desk: Client) -> None:
        article = make_article()
        response = desk.generic(
            "POST", address_of(article, "hold"), headers={"If-Match": '"7", "1"'}
        )
        assert response.status_code == 200

    def test_of_two_requests_one_wins_and_the_other_gets_the_reason(
        self, desk: Client, user: User
    ) -> None:
        """Both decisions are based on the same version."""
        article = make_article()
        other = by_session(make_user(Role.EDITOR))
        seen = [one.get(address_of(article))["ETag"].strip('"') for one in (desk, other)]
        won = send(
            desk, address_of(article, "score"), {"quality": 33, "reason": "x"}, version=seen[0]
        )
        before = stored()
        lost = send(other, address_of(article, "edit"), {"title": "Lost"}, version=seen[1])
        assert won.status_code == 200
        problem = problem_of(lost, 412)
        assert problem["version"] == 2
        (act,) = problem["meanwhile"]
        assert (act["verb"], act["by"], act["reason"]) == ("score", user.username, "x")
        assert act["act"] == won.json()["act"]
        assert lost["ETag"] == '"2"'
        assert stored() == before

    def test_a_change_of_heat_alone_does_not_make_a_decision_stale(self, desk: Client) -> None:
        """Heat depends on other articles, so a new heat is no new version, as in the admin."""
        article, other = make_article(quality=60), make_article()
        relate(article, other)
        do(desk, other, "score", {"quality": 90})
        article.refresh_from_db()
        assert article.heat == -1
        assert send(desk, address_of(article, "hold"), version=1).status_code == 200

    def test_changes_between_preview_and_decision(
        self, desk: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        article = make_article()
        consequences = newsdesk.consequences

        def meanwhile(change: newsdesk.Change, *args: Any) -> Any:
            newsdesk.perform(newsdesk.set_quality(Article.objects.get(), 1), by=None)
            return consequences(change, *args)

        monkeypatch.setattr(newsdesk, "consequences", meanwhile)
        response = send(desk, address_of(article, "hold"), version=1, preview=True)
        assert problem_of(response, 412)["version"] == 2


class TestIdempotency:
    def test_a_repeated_request_gets_the_first_response(self, desk: Client) -> None:
        article = make_article()
        address = address_of(article, "score")
        first = send(desk, address, {"quality": 33}, version=1, key="a key")
        before = stored()
        # The result does not depend on the client's version or the spelling of the key.
        again = [
            send(desk, address, {"quality": 33}, version=1, key="a key"),
            send(desk, address, {"quality": 33}, version=2, key="a key"),
        ]
        for response in again:
            assert response.status_code == 200
            assert response.json() == first.json()
            assert response["ETag"] == first["ETag"] == '"2"'
        assert stored() == before
        assert Act.objects.count() == 1

    def test_quotes_or_none(self, desk: Client) -> None:
        article = make_article()
        send(desk, address_of(article, "hold"), version=1, key="abc")
        headers = {"If-Match": '"1"', "Idempotency-Key": "abc"}
        response = desk.post(
            address_of(article, "hold"), {}, content_type="application/json", headers=headers
        )
        assert response.status_code == 200
        assert Act.objects.count() == 1

    def test_fail_another_request(self, desk: Client) -> None:
        article, other = make_article(), make_article()
        do(desk, article, "score", {"quality": 33}, key="k")
        before = stored()
        for address, body in (
            (address_of(article, "score"), {"quality": 34}),
            (address_of(other, "score"), {"quality": 33}),
            (address_of(article, "hold"), {}),
        ):
            problem_of(send(desk, address, body, version=1, key="k"), 422)
        assert stored() == before

    def test_of_another_user_is_another(self, desk: Client) -> None:
        article = make_article()
        do(desk, article, "score", {"quality": 33}, key="k")
        do(by_session(make_user(Role.EDITOR)), article, "score", {"quality": 34}, key="k")
        assert Act.objects.count() == 2

    def test_a_refused_request_can_be_repeated(self, desk: Client) -> None:
        article = make_article()
        address = address_of(article, "unpin")
        problem_of(send(desk, address, version=1, key="k"), 409)
        problem_of(send(desk, address, version=7, key="k"), 412)
        assert not KeptAnswer.objects.exists()
        do(desk, article, "pin")
        assert send(desk, address, version=2, key="k").status_code == 200

    def test_undo_is_done_once(self, desk: Client) -> None:
        act = do(desk, make_article(), "hold")["act"]
        first = send(desk, undo_of(act), key="k")
        assert send(desk, undo_of(act), key="k").json() == first.json()
        assert Act.objects.count() == 2

    def test_forgets_after_a_day(self, desk: Client) -> None:
        article = make_article()
        do(desk, article, "score", {"quality": 33}, key="old")
        do(desk, article, "score", {"quality": 34}, key="new")
        KeptAnswer.objects.filter(key="old").update(created_at=timezone.now() - idempotency.KEPT)
        do(desk, article, "hold", key="another")
        assert sorted(KeptAnswer.objects.values_list("key", flat=True)) == ["another", "new"]

    @pytest.mark.parametrize("key", ["", '""', '"', 'a"b', "x" * 256, "a b", '"a\\b"', "ü"])
    def test_fail_no_key(self, desk: Client, key: str) -> None:
        article = make_article()
        headers = {"If-Match": '"1"', "Idempotency-Key": key}
        problem = problem_of(
            desk.generic("POST", address_of(article, "hold"), headers=headers), 400
        )
        assert problem["errors"][0]["parameter"] == "Idempotency-Key"
        assert not Act.objects.exists()


class TestBodies:
    @pytest.mark.parametrize(
        ("verb", "body", "wrong"),
        [
            ("score", {}, "quality"),
            ("score", {"quality": "70"}, "quality"),
            ("score", {"quality": True}, "quality"),
            ("score", {"quality": 70.5}, "quality"),
            ("score", {"quality": -1}, "quality"),
            ("score", {"quality": 1001}, "quality"),
            ("score", {"quality": 10**400}, "quality"),
            ("score", {"quality": 1, "reason": 5}, "reason"),
            ("score", {"quality": 1, "reason": None}, "reason"),
            ("score", {"quality": 1, "reason": "x" * 2001}, "reason"),
            ("score", {"quality": 1, "reason": "a\0b"}, "reason"),
            ("score", {"quality": 1, "reason": "\ud800"}, "reason"),
            ("hold", {"untill": None}, "untill"),
            ("hold", {"until": "tomorrow"}, "until"),
            ("hold", {"until": "2999-01-01T00:00:00"}, "until"),
            ("hold", {"until": "0001-01-01T00:00:00+14:00"}, "until"),
            ("hold", {"until": "2999-02-30T00:00:00Z"}, "until"),
            ("hold", {"until": 5}, "until"),
            ("schedule", {"publishFrom": None}, "publishUntil"),
            ("relate", {"slugs": []}, "slugs"),
            ("relate", {"slugs": "x"}, "slugs"),
            ("relate", {"slugs": [5]}, "slugs.0"),
            ("relate", {"slugs": ["x"] * 51}, "slugs"),
            ("relate", {"slugs": ["never-was"]}, "slugs"),
            ("edit", {}, "body"),
            ("edit", {"reason": "x"}, "body"),
            ("edit", {"title": ""}, "title"),
            ("edit", {"title": "x" * 1001}, "title"),
            ("edit", {"quality": 5}, "quality"),
            ("edit", {"title": None}, "title"),
            ("hold", [], "body"),
            ("hold", '"x"', "body"),
        ],
        ids=str,
    )
    def test_fail(self, desk: Client, verb: str, body: Any, wrong: str) -> None:
        article = make_article()
        before = stored()
        problem = problem_of(send(desk, address_of(article, verb), body, version=1), 400)
        assert wrong in {one["parameter"] for one in problem["errors"]}
        assert stored() == before

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff",
            b"{'a': 1}",
            b"[" * 100_000,
            b'{"quality": NaN}',
            b'{"quality": ' + b"9" * 5000,
        ],
        ids=lambda body: repr(body[:12]),
    )
    def test_fail_no_json(self, desk: Client, body: bytes) -> None:
        response = desk.post(
            address_of(make_article(), "score"),
            body,
            content_type="application/json",
            headers={"If-Match": '"1"'},
        )
        problem_of(response, 400)

    def test_fail_null(self, desk: Client) -> None:
        response = desk.generic(
            "POST",
            address_of(make_article(), "hold"),
            b"null",
            content_type="application/json; charset=zlib",
            headers={"If-Match": '"1"'},
        )
        problem_of(response, 400)

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
    def test_fail_other_kinds(self, desk: Client, kind: str) -> None:
        article = make_article()
        response = desk.post(
            address_of(article, "hold"),
            b"until=2999-01-01",
            content_type=kind,
            headers={"If-Match": '"1"'},
        )
        problem_of(response, 415)
        assert not Act.objects.exists()

    def test_fail_too_large(self, desk: Client) -> None:
        body = {"content": "x" * 3_000_000}
        problem_of(send(desk, address_of(make_article(), "edit"), body, version=1), 413)

    def test_ended_already(self, desk: Client) -> None:
        body = {"until": (timezone.now() - HOUR).isoformat()}
        problem = problem_of(send(desk, address_of(make_article(), "hold"), body, version=1), 409)
        assert "already be over" in problem["detail"]

    def test_nothing_there(self, desk: Client) -> None:
        problem_of(send(desk, address_of("never-was", "hold"), version=1), 404)
