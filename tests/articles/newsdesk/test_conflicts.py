"""Resolving conflicts of real imports at the newsdesk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from articles import newsdesk, roles
from articles.documents import DocumentImage, coverage_slug, parse
from articles.importing import export
from articles.importing.snapshot import of_article, of_document
from articles.models import Act, Article, ImportConflict, Related, Topic
from articles.roles import Role
from articles.scoring import top_rank
from providers.models import Provider
from tests.articles.samples import HERALD, NOON, counts, document, edit, entry, load, put
from tests.factories import make_article, make_user, relate

pytestmark = pytest.mark.django_db

Choice = newsdesk.Choice
OTHER = DocumentImage("https://daily.example/other.jpg", 10, 20, title="Other", is_cached=True)
THIRD = DocumentImage("https://daily.example/third.jpg")
VIDEO = {"web_url": None, "original_url": "https://daily.example/video"}


def the_article() -> Article:
    return Article.objects.get(source_document__path="one.txt")


def state() -> dict[str, Any]:
    return of_article(the_article())


def edit_lists(field: str) -> None:
    article = the_article()
    if field == "topics":
        article.topic_links.all().delete()
        article.topic_links.create(topic=Topic.objects.create(name="Roads"), position=0)
    elif field == "images":
        article.images.update(attribution="Our credit")
    else:
        article.related_links.all().delete()
        relate(article, make_article(web_url="https://paper.example/ours"))


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("title", {"title": "Ours"}, {"title": "Theirs"}),
    ("category", {"category": "ours"}, {"category": "theirs"}),
    ("excerpt", {"excerpt": "Ours."}, {"excerpt": None}),
    ("body", {"body": "Ours."}, {"body": "\nTheirs.\n"}),
    ("featured_content", {"featured_content": "<b>"}, {"featured_content": "<i>"}),
    ("original_url", {"original_url": "https://a.example"}, {"original_url": "https://b.example"}),
    ("web_url", {"web_url": "https://a.example"}, {"web_url": "https://b.example"}),
    ("amp_url", {"amp_url": "https://a.example"}, {"amp_url": "https://b.example"}),
    ("cdn_amp_url", {"cdn_amp_url": "https://a.example"}, {"cdn_amp_url": "https://b.example"}),
    ("type", {"type": "other"}, {"type": "video"}),
    (
        "published_at",
        {"published_at": NOON + timedelta(hours=1)},
        {"published_at": NOON - timedelta(hours=2)},
    ),
    ("updated_at", {"updated_at": NOON}, {"updated_at": NOON + timedelta(days=1)}),
    ("quality", {"quality": 65}, {"quality": 75}),
    ("provider", {}, {"provider": HERALD}),
    ("topics", {}, {"topics": ("Rivers", "C++", "Bridges")}),
    ("images", {}, {"images": (THIRD, OTHER)}),
    ("related", {}, {"related": (entry(web_url="https://x.example/new"), entry())}),
]


@pytest.fixture(params=CASES, ids=[case[0] for case in CASES])
def conflict(request: pytest.FixtureRequest, tmp_path: Path) -> ImportConflict:
    """Return a conflict for each field that articles and documents have in common."""
    field, ours, theirs = request.param
    put(tmp_path, "one.txt", document())
    load(tmp_path)
    if field == "provider":
        provider = Provider.objects.create(domain="ours.example", name="Ours")
        edit(the_article(), provider=provider)
    elif not ours:
        edit_lists(field)
    else:
        edit(the_article(), **ours)
    put(tmp_path, "one.txt", document(**theirs))
    assert counts(load(tmp_path))["conflicts"] == 1
    return ImportConflict.objects.select_related("article").get(field=field)


def settle(conflict: ImportConflict, choice: newsdesk.Choice) -> Act:
    choices = [(conflict, choice)]
    newsdesk.name_coverage(choices)
    change = newsdesk.resolve(choices)
    newsdesk.consequences(change)
    return newsdesk.perform(change, by=make_user(Role.EDITOR), reason="looked at both")


class TestEveryField:
    def test_source(self, conflict: ImportConflict, tmp_path: Path) -> None:
        before = state()
        act = settle(conflict, Choice.SOURCE)
        conflict.refresh_from_db()

        assert state()[conflict.field] == conflict.source
        others = set(before) - {conflict.field}
        assert {name: state()[name] for name in others} == {name: before[name] for name in others}
        assert (conflict.act, conflict.resolved_by) == (act, act.by)
        assert act.permissions == [roles.RESOLVE]
        # A later document causes no conflict, and its value for this field is applied.
        source = the_article().source_document.parse()
        put(tmp_path, "one.txt", source)
        assert "conflicts" not in counts(load(tmp_path))
        put(tmp_path, "one.txt", replace(source, extra={"note": "new"}))
        assert counts(load(tmp_path)) == {"updated": 1}
        assert not ImportConflict.objects.filter(resolved_at=None).exists()
        assert state()[conflict.field] == of_document(source)[conflict.field]

    def test_editor(self, conflict: ImportConflict, tmp_path: Path) -> None:
        before = state()
        settle(conflict, Choice.EDITOR)

        assert state() == before
        source = the_article().source_document.parse()
        put(tmp_path, "one.txt", replace(source, extra={"note": "new"}))
        assert "conflicts" not in counts(load(tmp_path))
        assert not ImportConflict.objects.filter(resolved_at=None).exists()
        assert state() == before

    @pytest.mark.parametrize("choice", list(Choice))
    def test_undo(self, conflict: ImportConflict, choice: newsdesk.Choice) -> None:
        before = state()
        act = settle(conflict, choice)
        newsdesk.perform(newsdesk.undo(act), by=make_user(Role.EDITOR))
        conflict.refresh_from_db()

        assert state() == before
        assert (conflict.resolved_at, conflict.act) == (None, None)

    def test_restore(self, conflict: ImportConflict) -> None:
        before = state()
        settle(conflict, Choice.SOURCE)
        change = newsdesk.restore(the_article(), newsdesk.START)
        newsdesk.perform(change, by=make_user(Role.PUBLISHER, Role.EDITOR))

        assert state() == before


class TestResolve:
    def bring(self, folder: Path, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        put(folder, "one.txt", document())
        load(folder)
        edit(the_article(), **ours)
        put(folder, "one.txt", document(**theirs))
        load(folder)

    def test_several_fields_at_once(self, tmp_path: Path) -> None:
        ours = {"title": "Ours", "quality": 65, "published_at": NOON + timedelta(hours=1)}
        theirs: dict[str, Any] = {
            "title": "Theirs",
            "quality": 75,
            "published_at": NOON - timedelta(hours=1),
        }
        self.bring(tmp_path, ours, theirs)
        found = {one.field: one for one in ImportConflict.objects.select_related("article")}
        choices = [
            (found["title"], Choice.EDITOR),
            (found["quality"], Choice.SOURCE),
            (found["published_at"], Choice.SOURCE),
        ]
        act = newsdesk.perform(newsdesk.resolve(choices), by=None)

        article = the_article()
        assert (article.title, article.quality, article.heat) == ("Ours", 75, 75)
        assert article.published
        assert article.published_at == theirs["published_at"]
        assert article.top_rank == pytest.approx(top_rank(75, theirs["published_at"]))
        assert act.resolved_conflicts.count() == 3

    def test_new_coverage_is_as_an_import_makes_it(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document())
        load(tmp_path)
        edit_lists("related")
        put(tmp_path, "one.txt", document(related=(entry(images=(OTHER,)),)))
        load(tmp_path)
        conflict = ImportConflict.objects.select_related("article").get()
        with pytest.raises(newsdesk.RefusedError, match="no article has that address"):
            newsdesk.resolve([(conflict, Choice.SOURCE)])
        settle(conflict, Choice.SOURCE)

        stub = Article.objects.get(coverage_only=True)
        assert (stub.title, stub.quality, stub.heat) == (entry().title, entry().quality, None)
        assert (stub.slug, stub.provider.domain) == (
            coverage_slug(entry().key),
            "herald.example",
        )
        assert stub.images.get().url == OTHER.url
        assert Related.objects.get(article=the_article()).target == stub
        assert the_article().heat == 70

    def test_fail_no_address_left(self, tmp_path: Path) -> None:
        self.bring(tmp_path, {"web_url": "https://ours.example/"}, VIDEO)
        # The source has the same URL in another place, so the old one cannot be removed alone.
        Article.objects.update(original_url="")
        conflict = ImportConflict.objects.select_related("article").get(field="web_url")

        with pytest.raises(newsdesk.RefusedError, match="would have no URL"):
            newsdesk.resolve([(conflict, Choice.SOURCE)])

    def test_fail_already_resolved(self, tmp_path: Path) -> None:
        self.bring(tmp_path, {"title": "Ours"}, {"title": "Theirs"})
        conflict = ImportConflict.objects.select_related("article").get()
        settle(conflict, Choice.EDITOR)

        again = ImportConflict.objects.select_related("article").get()
        with pytest.raises(newsdesk.RefusedError, match="resolved already"):
            newsdesk.resolve([(again, Choice.SOURCE)])

    def test_fail_without_permission(self, tmp_path: Path) -> None:
        self.bring(tmp_path, {"title": "Ours"}, {"title": "Theirs"})
        conflict = ImportConflict.objects.select_related("article").get()
        change = newsdesk.resolve([(conflict, Choice.SOURCE)])

        for role in (Role.VIEWER, Role.OPERATOR):
            with pytest.raises(PermissionDenied):
                newsdesk.perform(change, by=make_user(role))

    def test_fail_changed_meanwhile(self, tmp_path: Path) -> None:
        self.bring(tmp_path, {"title": "Ours"}, {"title": "Theirs"})
        conflict = ImportConflict.objects.select_related("article").get()
        change = newsdesk.resolve([(conflict, Choice.SOURCE)])
        edit(the_article(), title="Ours again")

        with pytest.raises(newsdesk.StaleError):
            newsdesk.perform(change, by=None)

    @pytest.mark.parametrize(
        ("field", "source"),
        [
            ("web_url", "javascript:alert(1)"),
            ("nonsense", "x"),
            ("provider", "nobody.example"),
            ("topics", ["nothing"]),
            ("quality", -1),
            ("type", "podcast"),
            ("title", " "),
            ("published_at", None),
            ("images", [["https://a.example/1.jpg"]]),
        ],
    )
    def test_fail_value_that_cannot_be_applied(self, field: str, source: object) -> None:
        conflict = ImportConflict(
            pk=1, article=make_article(), field=field, source=source, found_at=NOON
        )
        with pytest.raises(newsdesk.RefusedError):
            newsdesk.resolve([(conflict, Choice.SOURCE)])


class TestConflictsThatSettleThemselves:
    @pytest.fixture(autouse=True)
    def _conflict(self, tmp_path: Path) -> None:
        """Make a conflict: the editor wrote "Ours", the source "Theirs"."""
        self.folder = tmp_path
        self.bring(title="Bridge opens")
        self.act = self.edit("Ours")
        self.bring(title="Theirs")
        assert self.opened().get().before == "Bridge opens"

    def bring(self, **values: Any) -> None:
        put(self.folder, "one.txt", document(**values))
        load(self.folder)

    def edit(self, title: str) -> Act:
        change = newsdesk.edit(the_article(), title=title)
        return newsdesk.perform(change, by=make_user(Role.EDITOR))

    def opened(self) -> Any:
        return ImportConflict.objects.filter(resolved_at=None)

    def note(self) -> str:
        assert not self.opened().exists()
        return ImportConflict.objects.latest("pk").note

    @pytest.mark.parametrize("title", ["Theirs", " Theirs "])
    def test_when_the_editor_agrees(self, title: str) -> None:
        act = self.edit(title)
        assert self.note() == "Settled: both sides agree."
        assert ImportConflict.objects.get().act == act
        newsdesk.perform(newsdesk.undo(act), by=None)
        assert self.opened().get().note == ""

    def test_when_the_source_agrees(self) -> None:
        self.bring(title="Ours")
        assert self.note() == "Settled: both sides agree."
        self.bring(title="Theirs at last")
        assert the_article().title == "Theirs at last"

    def test_when_the_edit_is_undone_the_article_follows_its_source(self) -> None:
        newsdesk.perform(newsdesk.undo(self.act), by=None)
        assert the_article().title == "Theirs"
        assert "taken back" in self.note()
        assert "taken back" in Act.objects.latest("pk").reason
        self.bring(title="Theirs at last")
        assert the_article().title == "Theirs at last"
        assert not self.opened().exists()

    def test_which_can_be_undone(self) -> None:
        newsdesk.perform(newsdesk.undo(self.act), by=None)
        newsdesk.perform(newsdesk.undo(Act.objects.latest("pk")), by=None)
        assert the_article().title == "Bridge opens"
        assert self.opened().get().source == "Theirs"
        newsdesk.perform(newsdesk.edit(the_article(), excerpt="Unrelated."), by=None)
        assert self.opened().exists()

    def test_when_the_source_reverts_its_change(self) -> None:
        self.bring(title="Theirs again")
        self.bring(title="Bridge opens")
        assert "source took its change back" in self.note()
        assert the_article().title == "Ours"

    def test_when_an_edit_outside_the_newsdesk_is_reverted(self) -> None:
        edit(the_article(), title="Bridge opens")
        self.bring(title="Theirs at last")
        assert the_article().title == "Theirs at last"
        assert "taken back" in self.note()

    def test_not_when_something_else_changes(self) -> None:
        self.bring(title="Theirs", excerpt="New.")
        newsdesk.perform(newsdesk.hold(the_article()), by=None)
        assert self.opened().exists()


class TestWhatLooksAlike:
    NFC, NFD = "Élection à São Paulo", "E\u0301lection a\u0300 Sa\u0303o Paulo"

    def test_is_not_a_change(self, tmp_path: Path) -> None:
        path = put(tmp_path, "one.txt", document(title=self.NFC, topics=("Élan",)))
        load(tmp_path)
        version = the_article().version
        path = put(tmp_path, "one.txt", document(title=f" {self.NFD} ", topics=("E\u0301lan",)))
        load(tmp_path)
        article = the_article()
        assert (article.title, article.version) == (self.NFC, version)
        assert export.present(article) == parse("", path.read_bytes())

    def test_is_not_a_conflict(self, tmp_path: Path) -> None:
        put(tmp_path, "one.txt", document(title="One"))
        load(tmp_path)
        newsdesk.perform(newsdesk.edit(the_article(), title=self.NFC), by=None)
        put(tmp_path, "one.txt", document(title=self.NFD))
        assert "conflicts" not in counts(load(tmp_path))
        assert the_article().title == self.NFC
