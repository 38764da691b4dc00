"""The desk (the front page of the admin) and the pages of its queues."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles.admin.decisions import queue_page as queue_module
from articles.admin_site import DAYS, published_chart, recent_heat_chart
from articles.models import Article, PolicyVersion
from articles.newsdesk.queues import BY_KEY, QUEUES
from articles.scoring import SUPERSEDED_HEAT
from newsroom import capped_count
from tests.articles.admin.admin_pages import PAYLOAD, get, page_of
from tests.factories import POLICY, make_article, make_pair, make_run, make_superseded

pytestmark = pytest.mark.django_db

QueryCount = Callable[[int], Any]

DESK = "/admin/"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def address(key: str) -> str:
    return reverse("admin:queue", args=[key])


def login(client: Client, *permissions: str) -> None:
    user = User.objects.create(username="somebody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def counts_on(html: str) -> dict[str, str]:
    """Return each queue's count on the front page."""
    found = re.findall(
        r'href="/admin/articles/article/queue/([\w-]+)/">\s*<span class="desk-title">[^<]+</span>'
        r'\s*<span class="desk-count">([^<]+)</span>',
        html,
    )
    return dict(found)


def make_some(number: int) -> None:
    """Store ``count`` of everything that the page counts."""
    now = timezone.now()
    for _ in range(number):
        make_article(quality=None, published_at=now)
        make_article(quality=65, published_at=now)
        make_article(decision="hold", published_at=now, decided_at=now)
        make_superseded(make_article(publish_from=now + timedelta(hours=1)), quality=75)
        make_article(web_url="https://paper.example/same", published_at=now)
        make_run(rejected=1)


class TestDesk:
    def test_counts_and_links_every_queue(self, admin_client: Client) -> None:
        make_some(2)
        html = get(admin_client, DESK)
        counts = counts_on(html)
        assert html.count('class="desk-done"') == 4
        assert list(counts) == [queue.key for queue in QUEUES]
        assert counts == {
            "not-scored": "2",
            "one-away": "2",
            "better-elsewhere": "2",
            "late-arrivals": "Clear",
            "ungathered": "Clear",
            "possible-duplicates": "1",
            "import-conflicts": "Clear",
            "scheduled": "2",
            "held": "2",
            "withdrawn": "Clear",
        }
        for key in counts:
            get(admin_client, address(key))

    def test_stops_counting_at_the_limit(
        self, admin_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(capped_count, "MOST_COUNTED", 3)
        for _ in range(4):
            make_article(decision="hold")
        make_article(decision="withdraw")
        html = get(admin_client, DESK)
        assert counts_on(html)["held"] == "2+"
        assert counts_on(html)["withdrawn"] == "1"

    def test_queries(self, admin_client: Client, django_assert_num_queries: QueryCount) -> None:
        # Expect: session, user, policy; whether there are articles; ten queues, of which three
        # also query their limit, and one queries decisions, links and new coverage; two charts; failed
        # images; runs.
        for _ in range(2):
            make_some(3)
            with django_assert_num_queries(3 + 1 + 10 + 3 + 3 + 2 + 1 + 1):
                get(admin_client, DESK)

    def test_follows_the_policy_in_force(self, admin_client: Client) -> None:
        PolicyVersion.objects.create(threshold=50, bonus=5, minimum=40, at=AT)
        make_article(quality=47, published_at=timezone.now())
        html = get(admin_client, DESK)
        assert counts_on(html)["one-away"] == "1"
        assert "threshold 50" in html
        assert "47 + 5 = 52 ≥ 50" in get(admin_client, address("one-away"))

    def test_last_runs(self, admin_client: Client) -> None:
        make_article()
        runs = [make_run(started_at=AT + timedelta(days=day), created=1234) for day in range(6)]
        html = get(admin_client, DESK)
        for run in runs[1:]:
            assert f'href="{page_of(run)}"' in html
        assert page_of(runs[0]) not in html
        assert "1,234" in html

    def test_everything_else_is_one_link_away(self, admin_client: Client) -> None:
        html = get(admin_client, DESK)
        for name in ("articles_article", "articles_topic", "providers_provider", "auth_user"):
            assert f'href="{reverse(f"admin:{name}_changelist")}"' in html

    def test_title(self, admin_client: Client) -> None:
        html = get(admin_client, DESK)
        assert "<h1>Desk</h1>" in html
        assert re.search(r"<title>\s*Desk \| Newsroom\s*</title>", html)

    def test_fresh_installation_says_what_to_do(self, admin_client: Client) -> None:
        html = get(admin_client, DESK)
        assert "manage.py import_seeds" in html
        assert counts_on(html) == {}
        assert "<figure" not in html
        make_article()
        assert "manage.py import_seeds" not in get(admin_client, DESK)


class TestDrawings:
    def test_have_names_and_tables(self, admin_client: Client) -> None:
        make_article(published_at=timezone.now(), quality=83, heat=83)
        html = get(admin_client, DESK)
        drawings = re.findall(r"<svg[^>]*role=\"img\".*?</svg>", html, re.DOTALL)
        assert len(drawings) == 2
        for drawing in drawings:
            labels = re.search(r'aria-labelledby="([\w-]+) ([\w-]+)"', drawing)
            assert labels
            title, description = labels.groups()
            assert re.search(rf'<title id="{title}">\s*\w', drawing)
            told = re.search(rf'<desc id="{description}">([^<]+)</desc>', drawing)
            assert told
            assert "1 articles in total" in told[1]
        assert "threshold 70" in drawings[1]
        assert re.search(r'<th scope="row">80 to 89</th>\s*<td>1</td>', html)

    def test_need_no_style_of_their_own(self, admin_client: Client) -> None:
        make_some(1)
        for path in (DESK, address("held")):
            html = get(admin_client, path)
            assert not re.search(r'<[^>]+\sstyle="', html)
            assert "<style" not in html

    def test_nothing_recent(self, admin_client: Client) -> None:
        make_article(published_at=timezone.now() - timedelta(days=DAYS + 1))
        html = get(admin_client, DESK)
        assert "No published articles in these days." in html
        assert "No articles in these days." in html

    def test_published_by_day(self) -> None:
        for moment in (AT, AT - timedelta(hours=12), AT - timedelta(hours=13)):
            make_article(published_at=moment)
        make_article(published_at=AT, decision="hold")
        make_article(published_at=AT, publish_from=AT + timedelta(hours=1))
        make_article(published_at=AT - timedelta(days=DAYS))
        make_article(published_at=AT + timedelta(days=1))
        chart = published_chart(AT)
        counts = {amount.label: amount.count for amount in chart.amounts if amount.count}
        assert counts == {"Mar 1": 2, "Feb 28": 1}
        assert len(chart.amounts) == DAYS
        assert chart.amounts[0].label == "Jan 31"

    def test_days_are_those_of_the_time_zone(self) -> None:
        make_article(published_at=datetime(2026, 2, 28, 23, 30, tzinfo=UTC))
        with timezone.override("Europe/Berlin"):
            chart = published_chart(AT)
        assert {amount.label for amount in chart.amounts if amount.count} == {"Mar 1"}

    def test_heat_of_recent_articles(self) -> None:
        make_article(published_at=AT, quality=83)
        make_article(published_at=AT, quality=None)
        make_article(published_at=AT, quality=50, heat=SUPERSEDED_HEAT)
        make_article(published_at=AT, coverage_only=True, quality=None)
        make_article(published_at=AT - timedelta(days=DAYS), quality=20)
        chart = recent_heat_chart(AT, POLICY)
        assert {amount.label: amount.count for amount in chart.amounts if amount.count} == {
            "80 to 89": 1,
            "not scored": 1,
            "superseded": 1,
        }


class TestAccess:
    def test_fail_anonymous(self, client: Client) -> None:
        for path in (DESK, address("held"), address("nothing")):
            response = client.get(path)
            assert response.status_code == 302
            assert response["Location"].startswith(reverse("admin:login"))

    def test_staff_without_permission_sees_no_numbers(self, client: Client) -> None:
        make_some(1)
        login(client)
        html = get(client, DESK)
        assert counts_on(html) == {}
        assert "<figure" not in html
        assert "Last imports" not in html
        for queue in QUEUES:
            assert client.get(address(queue.key)).status_code == 403

    def test_viewers_of_articles_see_only_articles(self, client: Client) -> None:
        make_some(1)
        login(client, "view_article")
        html = get(client, DESK)
        assert counts_on(html)["held"] == "1"
        assert "Last imports" not in html
        get(client, address("held"))

    def test_viewers_of_imports_see_only_imports(self, client: Client) -> None:
        make_some(1)
        login(client, "view_importrun")
        html = get(client, DESK)
        assert counts_on(html) == {}
        assert "Last imports" in html

    def test_allows_only_reading(self, admin_client: Client) -> None:
        assert admin_client.post(address("held")).status_code == 405


class TestQueuePage:
    def test_row(self, admin_client: Client) -> None:
        article = make_superseded(
            make_article(quality=60), title="Tea &amp; cake", quality=75, published_at=AT
        )
        html = get(admin_client, address("better-elsewhere"))
        row = html.partition("<tbody>")[2].partition("</tbody>")[0]
        assert f'<a href="{page_of(article)}">Tea &amp; cake</a>' in row
        assert "on its own its heat would be 85" in row
        assert '<span class="state state-superseded">behind lead</span>' in row
        cells = re.findall(r"<td[^>]*>\s*([^<\s][^<]*?)\s*</td>", row)
        assert cells == [article.provider.name, "75", "-1", "Mar 1, 2026 12:00 UTC"]
        assert f'{reverse("admin:articles_article_story", args=[article.pk])}">+1</a>' in row

    def test_says_what_it_is(self, admin_client: Client) -> None:
        for queue in QUEUES:
            html = unescape(get(admin_client, address(queue.key)))
            assert f"<h1>{queue.title}</h1>" in html
            assert queue.help in html
            assert "Clear" in html

    def test_fail_unknown(self, admin_client: Client) -> None:
        assert admin_client.get(address("nothing")).status_code == 404

    @pytest.mark.parametrize("key", ["held", "scheduled"])
    def test_pages(self, admin_client: Client, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queue_module, "PAGE_SIZE", 2)
        soon = timezone.now() + timedelta(hours=1)
        for number in range(5):
            make_article(
                title=f"Number {number}",
                published_at=soon if number % 2 else AT,
                decision="hold" if key == "held" else "",
                publish_from=soon if number % 2 else soon + timedelta(microseconds=1),
            )
        expected = [article.title for article in BY_KEY[key].articles()]
        path, seen = address(key), []
        for last in (False, False, True):
            html = get(admin_client, path)
            titles = re.findall(r"Number \d", html)
            assert len(titles) == (1 if last else 2)
            assert "5 waiting" in html
            seen += titles
            following = re.search(r'href="(\?after=[^"]+)" rel="next"', html)
            assert (following is None) == last
            path = address(key) + unescape(following[1]) if following else ""
        assert seen == expected
        assert f'href="{address(key)}">First page</a>' in html

    @pytest.mark.parametrize(
        "after",
        [
            "x",
            ",",
            "2026-03-01T12:00:00,a",
            "2026-03-01T12:00:00Z,a\0b",
            "9999-12-31T23:59:59-23:59,a",
        ],
    )
    def test_fail_invalid_position(self, admin_client: Client, after: str) -> None:
        assert admin_client.get(address("held"), {"after": after}).status_code == 404

    @pytest.mark.parametrize("key", BY_KEY)
    def test_queries(
        self, admin_client: Client, django_assert_num_queries: QueryCount, key: str
    ) -> None:
        # Expect: session, user, policy; page and count; what the page shows, if it has rows; then
        # up to three to find the limit of the queue.
        reach = {
            "better-elsewhere": 1,
            "possible-duplicates": 1,
            "ungathered": 1,
            "late-arrivals": 3,
        }.get(key, 0)
        names = {
            "better-elsewhere": 2,
            "late-arrivals": 1,
            "ungathered": 2,
            "possible-duplicates": 2,
            "import-conflicts": 1,
        }.get(key, 0)
        for _ in range(2):
            make_some(3)
            for name in ("late-arrivals", "ungathered", "import-conflicts", "withdrawn"):
                fill(name)
            with django_assert_num_queries(3 + 2 + reach + names):
                get(admin_client, address(key))

    def test_hostile_texts(self, admin_client: Client) -> None:
        make_article(title=PAYLOAD, decision="hold", decision_reason=PAYLOAD)
        html = get(admin_client, address("held"))
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def fill(key: str) -> None:
    """Fill a queue that ``make_some()`` leaves empty."""
    article = make_article(created_at=AT)
    if key == "withdrawn":
        Article.objects.filter(pk=article.pk).update(decision="withdraw", published=False)
    elif key == "import-conflicts":
        article.import_conflicts.create(field="title", found_at=AT)
    elif key == "ungathered":
        for _ in range(2):
            make_pair(make_article(published=True), make_article(published=True))
    else:
        decided = make_article(decision="publish", decided_at=AT - timedelta(hours=1))
        decided.related_links.create(target=article, position=0)
