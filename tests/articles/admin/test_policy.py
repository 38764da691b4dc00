"""The policy in the admin: viewing, previewing, applying and continuing, by role."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from articles import newsdesk
from articles.admin.system import policy as pages
from articles.models import Article, PolicyVersion
from articles.newsdesk import policies
from articles.roles import Role
from articles.scoring import DEFAULT_POLICY, Policy
from tests.articles.admin.admin_pages import PAYLOAD, get
from tests.factories import make_article, make_provider, make_superseded, make_user, relate

pytestmark = pytest.mark.django_db

LIST, TRY, APPLY, PROGRESS = (
    reverse(f"admin:articles_policyversion_{name}")
    for name in ("changelist", "try", "apply", "progress")
)
LOWER = Policy(60, 10, 50)
As = Callable[..., Client]
FORBIDDEN, FOUND, OK = 403, 302, 200


@pytest.fixture
def as_role() -> As:
    def login(*roles: Role, enforce_csrf_checks: bool = False) -> Client:
        client = Client(enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(make_user(*roles))
        return client

    return login


@pytest.fixture
def publisher(as_role: As) -> Client:
    return as_role(Role.PUBLISHER)


@pytest.fixture(autouse=True)
def nobody_tries() -> None:
    cache.clear()


def sent(**overrides: object) -> dict[str, object]:
    """Return the data of the preview form: the defaults with a threshold of 60."""
    return {"threshold": 60, "bonus": 10, "minimum": 50, "reason": "", "against": 0} | overrides


def applied(**overrides: object) -> dict[str, object]:
    return sent(reason="a quiet month", confirmed="on") | overrides


def in_force() -> PolicyVersion:
    return newsdesk.apply_policy(LOWER, by=None, reason="a quiet month")


class TestAccess:
    """The status of each page for GET and POST, by role."""

    @pytest.mark.parametrize(
        ("roles", "looks", "does"),
        [
            ((), FORBIDDEN, FORBIDDEN),
            ((Role.VIEWER,), OK, FORBIDDEN),
            ((Role.EDITOR,), OK, FORBIDDEN),
            ((Role.OPERATOR,), OK, FORBIDDEN),
            ((Role.PUBLISHER,), OK, OK),
        ],
    )
    def test_by_role(self, as_role: As, roles: tuple[Role, ...], looks: int, does: int) -> None:
        client = as_role(*roles)
        version = in_force()
        assert client.get(LIST).status_code == looks
        assert client.get(PROGRESS).status_code == looks
        assert client.get(TRY).status_code == does
        against = version.pk
        assert client.post(TRY, sent(threshold=65, against=against)).status_code == does
        done = FOUND if does == OK else does
        answer = client.post(APPLY, applied(threshold=65, against=against))
        assert answer.status_code == done
        assert PolicyVersion.objects.count() == (2 if does == OK else 1)
        answer = client.post(PROGRESS)
        assert answer.status_code == (303 if does == OK else does)
        assert (PolicyVersion.objects.all()[0].finished_at is not None) == (does == OK)

    def test_anonymous_is_sent_to_the_login(self, client: Client) -> None:
        for address in (LIST, TRY, APPLY, PROGRESS):
            for answer in (client.get(address), client.post(address, applied())):
                assert answer.status_code == FOUND
                assert answer["Location"].startswith(reverse("admin:login"))

    def test_nothing_is_done_without_a_token(self, as_role: As) -> None:
        client = as_role(Role.PUBLISHER, enforce_csrf_checks=True)
        for address in (TRY, APPLY, PROGRESS):
            assert client.post(address, applied()).status_code == FORBIDDEN
        assert not PolicyVersion.objects.exists()

    def test_nothing_is_applied_by_get(self, publisher: Client) -> None:
        assert publisher.get(APPLY).status_code == 405
        version = in_force()
        publisher.get(PROGRESS)
        version.refresh_from_db()
        assert version.applied_to is None

    def test_versions_are_not_added_changed_or_deleted_by_hand(self, admin_client: Client) -> None:
        version = in_force()
        for action, arguments in (("add", []), ("delete", [version.pk])):
            address = reverse(f"admin:articles_policyversion_{action}", args=arguments)
            assert admin_client.get(address).status_code == FORBIDDEN
        address = reverse("admin:articles_policyversion_change", args=[version.pk])
        assert admin_client.get(address).status_code == OK
        assert admin_client.post(address, {"threshold": 1}).status_code == FORBIDDEN


class TestList:
    def test_teaches_the_rule_with_the_numbers_in_force(self, as_role: As) -> None:
        client = as_role(Role.VIEWER)
        assert "quality 57 + 2 related × 10 = 77 ≥ 70: published" in get(client, LIST)  # noqa: RUF001
        in_force()
        html = get(client, LIST)
        assert "quality 57 + 2 related × 10 = 77 ≥ 60: published" in html  # noqa: RUF001
        assert "quality 48 (under 50, no bonus for 2 related) &lt; 60" in html
        assert "superseded by The Daily (53), better by 2" in html
        assert "nobody has changed them" not in html

    def test_has_no_heading_without_versions(self, publisher: Client) -> None:
        assert "All versions" not in get(publisher, LIST)
        in_force()
        assert "All versions" in get(publisher, LIST)

    def test_offers_the_form_only_to_publishers(self, as_role: As) -> None:
        for role, offered in ((Role.EDITOR, False), (Role.PUBLISHER, True)):
            html = get(as_role(role), LIST)
            assert (f'action="{TRY}"' in html) == offered

    def test_has_every_version_newest_first(self, publisher: Client) -> None:
        user = make_user(Role.PUBLISHER, username="ann")
        first = newsdesk.apply_policy(LOWER, by=user, reason="a quiet month")
        second = newsdesk.apply_policy(Policy(62, 10, 50), by=None, reason="louder again")
        rows = re.findall(r"<tr>.*?</tr>", get(publisher, LIST).partition("<tbody>")[2], re.S)
        assert len(rows) == 2
        for words in (str(second), "louder again", "in progress", "in force"):
            assert words in rows[0]
        assert "Restore" not in rows[0]
        for words in (str(first), "a quiet month", "ann", "replaced before it reached all"):
            assert words in rows[1]
        assert f'href="{TRY}?version={first.pk}"' in rows[1]

    def test_offers_to_restore_only_to_publishers(self, as_role: As) -> None:
        in_force()
        newsdesk.apply_policy(DEFAULT_POLICY, by=None)
        assert "Restore" not in get(as_role(Role.VIEWER), LIST)

    def test_queries_do_not_depend_on_the_number_of_versions(
        self, publisher: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(12):
            newsdesk.apply_policy(Policy(60 + number, 10, 50), by=make_user(Role.PUBLISHER))
        publisher.get(LIST)
        # Expect: session, user, permissions (2), version in force, capped count, versions.
        with django_assert_num_queries(7):
            publisher.get(LIST)


class TestTry:
    def test_shows_what_would_change_and_changes_nothing(self, publisher: Client) -> None:
        article = make_article(quality=60, title="Bridge opens")
        lost = make_article(quality=50, heat=75, published=True, title="Old bridge")
        html = publisher.post(TRY, sent()).content.decode()
        assert "2 of 2 articles would change" in html
        assert f'href="{reverse("admin:articles_article_change", args=[article.pk])}"' in html
        assert "quality 60 ≥ 60: published" in html
        newly, _, no_longer = html.partition('<section id="unpublished">')
        assert "Bridge opens" in newly
        assert "Old bridge" in no_longer
        article.refresh_from_db()
        assert (article.published, lost.heat) == (False, 75)
        assert not PolicyVersion.objects.exists()

    def test_offers_to_apply_just_that(self, publisher: Client) -> None:
        in_force()
        against = PolicyVersion.objects.get().pk
        data = sent(threshold=65, reason="<b>", against=against)
        html = publisher.post(TRY, data).content.decode()
        form = html.partition(f'action="{APPLY}"')[2].partition("</form>")[0]
        inputs = dict(re.findall(r'name="(\w+)" value="(\d+)"', form))
        assert inputs == {
            "threshold": "65",
            "bonus": "10",
            "minimum": "50",
            "against": str(against),
        }
        assert "&lt;b&gt;</textarea>" in form

    def test_of_the_numbers_in_force_offers_nothing(self, publisher: Client) -> None:
        html = publisher.post(TRY, sent(threshold=70)).content.decode()
        assert "These numbers are already in force" in html
        assert f'action="{APPLY}"' not in html

    @pytest.mark.parametrize("threshold", ["", "-1", "x", "99999999999"])
    def test_refuses_text_that_is_not_a_number(self, publisher: Client, threshold: str) -> None:
        html = publisher.post(TRY, sent(threshold=threshold)).content.decode()
        assert 'class="errorlist"' in html
        assert "would change" not in html

    def test_reports_that_another_policy_was_applied(self, publisher: Client) -> None:
        in_force()
        html = publisher.post(TRY, sent(threshold=65, against=0)).content.decode()
        assert "The publishing rule has changed" in html
        assert "a quiet month" in html

    def test_by_one_at_a_time(
        self, publisher: Client, as_role: As, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = as_role(Role.PUBLISHER)
        trial = newsdesk.try_policy(LOWER)
        answers = []

        def meanwhile(policy: Policy) -> newsdesk.Trial:
            answers.append(other.post(TRY, sent()))
            return trial

        monkeypatch.setattr(newsdesk, "try_policy", meanwhile)
        assert publisher.post(TRY, sent()).status_code == OK
        (refused,) = answers
        assert refused.status_code == 409
        assert "Somebody else is running a preview" in refused.content.decode()
        # Reset it even if the test failed.
        assert publisher.post(TRY, sent()).status_code == OK

    def test_escapes_what_sources_say(self, publisher: Client) -> None:
        lead = make_article(quality=60, title=PAYLOAD, provider=make_provider(name=PAYLOAD))
        make_superseded(lead, quality=55, title=PAYLOAD, provider=make_provider(name=PAYLOAD))
        relate(lead, Article.objects.exclude(pk=lead.pk).get())
        html = publisher.post(TRY, sent(reason=PAYLOAD)).content.decode()
        assert "<script>alert" not in html
        assert html.count("&lt;script&gt;alert(1)") > 3

    def test_restores(self, publisher: Client) -> None:
        old = in_force()
        newsdesk.apply_policy(Policy(80, 5, 40), by=None)
        html = get(publisher, TRY, version=str(old.pk))
        assert 'name="threshold" value="60"' in html
        assert "Restores the rule of" in html

    @pytest.mark.parametrize("key", ["0", "x", "9" * 40, "-1"])
    def test_other_versions_are_unknown(self, publisher: Client, key: str) -> None:
        assert publisher.get(TRY, {"version": key}).status_code == 404


class TestApply:
    def test_applies_and_redirects_to_the_progress(self, publisher: Client) -> None:
        answer = publisher.post(APPLY, applied())
        assert (answer.status_code, answer["Location"]) == (FOUND, PROGRESS)
        version = PolicyVersion.objects.get()
        assert (version.policy, version.reason) == (LOWER, "a quiet month")
        assert version.by_id == int(publisher.session["_auth_user_id"])
        assert "Now in force" in get(publisher, PROGRESS)

    @pytest.mark.parametrize("missing", ["reason", "confirmed"])
    def test_requires_a_note_and_a_confirmation(self, publisher: Client, missing: str) -> None:
        data = applied(threshold=61)
        del data[missing]
        html = publisher.post(APPLY, data).content.decode()
        assert "write a note, and confirm" in html
        # The page keeps the input.
        assert 'name="threshold" value="61"' in html
        assert not PolicyVersion.objects.exists()

    def test_shows_the_preview_again_if_the_policy_has_changed(self, publisher: Client) -> None:
        make_article(quality=60)
        between = newsdesk.apply_policy(Policy(75, 10, 50), by=None, reason="louder")
        html = publisher.post(APPLY, applied(against=0)).content.decode()
        assert "The publishing rule has changed" in html
        assert "louder" in html
        assert "1 of 1 articles would change" in html
        assert "a quiet month</textarea>" in html
        assert f'name="against" value="{between.pk}"' in html
        assert list(PolicyVersion.objects.all()) == [between]

    def test_refuses_the_numbers_in_force(self, publisher: Client) -> None:
        answer = publisher.post(APPLY, applied(threshold=70), follow=True)
        assert "These numbers are already in force" in answer.content.decode()
        assert not PolicyVersion.objects.exists()


class TestProgress:
    @pytest.fixture(autouse=True)
    def small_pieces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policies, "PIECE", 1)
        monkeypatch.setattr(pages, "SECONDS", 0)

    def test_without_script_each_click_continues(self, publisher: Client) -> None:
        for _ in range(2):
            make_article(quality=60)
        in_force()
        seen = []
        for _ in range(4):
            html = get(publisher, PROGRESS)
            seen.append((re.findall(r"<progress[^>]*value=\"(\d+)\"", html), "Continue" in html))
            answer = publisher.post(PROGRESS)
            assert (answer.status_code, answer["Location"]) == (303, PROGRESS)
        html = get(publisher, PROGRESS)
        assert "Applied to all articles" in html
        assert "Continue" not in html
        assert seen[0] == (["0"], True)
        assert Article.objects.filter(published=True).count() == 2

    def test_with_script_answers_json(self, publisher: Client) -> None:
        make_article(quality=60)
        in_force()
        answers = [publisher.post(PROGRESS, headers={"accept": "application/json"}) for _ in "12"]
        assert [answer.json() for answer in answers] == [
            {"percent": 100, "finished": False},
            {"percent": 100, "finished": True},
        ]

    def test_continues_only_the_latest(
        self, publisher: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_force()

        def replaced(version: PolicyVersion, seconds: float) -> PolicyVersion:
            newsdesk.apply_policy(DEFAULT_POLICY, by=None)
            raise newsdesk.RefusedError("Another policy is in force by now")

        monkeypatch.setattr(newsdesk, "continue_policy", replaced)
        html = publisher.post(PROGRESS, follow=True).content.decode()
        assert "Another policy is in force by now" in html
        assert "Publish from 70, +10 a related" in html

    def test_viewer_sees_the_progress(self, as_role: As) -> None:
        make_article()
        in_force()
        html = get(as_role(Role.VIEWER), PROGRESS)
        assert "<progress" in html
        assert "Continue" not in html

    def test_of_no_policy_is_its_list(self, publisher: Client) -> None:
        for answer in (publisher.get(PROGRESS), publisher.post(PROGRESS)):
            assert (answer.status_code, answer["Location"]) == (FOUND, LIST)
