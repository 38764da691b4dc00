"""Backups are of one moment, restored exactly, and refused if anything is wrong with them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from articles.backup import tables
from tests.articles.importing.processes import Environment, Newsrooms, run, start
from tests.own_servers import wait_until

DO = ("-m", "tests.articles.backing_up")
RENEWED = {"Session", "DBTaskResult", "Edition", "Epoch", "Worker"}

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@contextmanager
def newsroom(newsrooms: Newsrooms, name: str) -> Iterator[Environment]:
    with newsrooms.make(name) as environment:
        yield environment | {"MEDIA_ROOT": str(newsrooms.folder / f"media-{name}")}


def do(environment: Environment, *words: str) -> Any:
    return json.loads(run(environment, *DO, *words).stdout)


def manage(environment: Environment, *words: object, returncode: int = 0) -> tuple[Any, str]:
    """Run a command; return its report and what it wrote to standard error."""
    command = ["manage.py", *map(str, words), "--format", "json"]
    done = run(environment, *command, returncode=returncode)
    return json.loads(done.stdout or "{}"), done.stderr


def kept_rows(described: dict[str, Any]) -> dict[str, Any]:
    return {name: rows for name, rows in described["rows"].items() if name not in RENEWED}


@pytest.fixture
def there(newsrooms: Newsrooms) -> Iterator[Environment]:
    """A newsroom to restore to."""
    with newsroom(newsrooms, "restored") as environment:
        yield environment


@pytest.fixture
def here(newsrooms: Newsrooms) -> Iterator[Environment]:
    """The newsroom to back up."""
    with newsroom(newsrooms, "source") as environment:
        yield environment


class TestRestored:
    @pytest.mark.parametrize("name", ["b.tar", "b.tar.gz"])
    def test_everything_is_equal_but_others_begin_again(
        self, here: Environment, there: Environment, tmp_path: Path, name: str
    ) -> None:
        follower = do(here, "fill")
        made, _ = manage(here, "backup", tmp_path / name)
        done, _ = manage(there, "restore", tmp_path / name)
        before = do(here, "describe", follower)
        after = do(there, "describe", follower)
        assert kept_rows(after) == kept_rows(before)
        assert (made["rows"], made["files"]) == (done["rows"], done["files"])
        assert after["files"] == before["files"] == 6
        assert after["are_files_equal"]
        assert after["next_id"] == before["next_id"]
        assert after["found"] == before["found"] == 1
        assert after["errors"] == before["errors"]
        # Sessions, tasks and editions are not those of the backup; followers begin again.
        assert before["rows"]["Session"]
        assert before["rows"]["DBTaskResult"]
        assert not after["rows"]["Session"]
        assert not after["rows"]["DBTaskResult"]
        assert after["rows"]["Edition"] != before["rows"]["Edition"]
        assert (before["follower"], after["follower"]) == (200, 410)

    def test_backup_during_writes_shows_one_moment(
        self, here: Environment, there: Environment, tmp_path: Path
    ) -> None:
        do(here, "fill")
        stop, file = tmp_path / "stop", tmp_path / "b.tar"
        writer = start(here, *DO, "write", str(stop))
        try:
            media = Path(here["MEDIA_ROOT"])
            wait_until(lambda: len(list(media.rglob("*.avif"))) > 4, "writes")
            manage(here, "backup", file)
        finally:
            stop.touch()
            out, errors = writer.communicate(timeout=60)
        assert out.isdecimal(), errors
        manage(there, "restore", file)
        after = do(there, "describe")
        assert after["is_one_moment"]
        assert after["are_files_equal"]
        assert after["files"] > 6

    def test_replaces_a_newsroom_only_if_asked(
        self, here: Environment, there: Environment, tmp_path: Path
    ) -> None:
        do(here, "fill")
        file = tmp_path / "b.tar.gz"
        manage(here, "backup", file)
        do(there, "fill")
        before = do(there, "describe")
        _, told = manage(there, "restore", file, returncode=1)
        assert "3 articles" in told
        assert "--replace" in told
        done, _ = manage(there, "restore", file, "--dry-run")
        assert done["replaced"]["articles"] == 3
        assert len(do(there, "describe")["rows"]["Article"]) == len(before["rows"]["Article"]) + 1
        manage(there, "restore", file, "--replace")
        assert kept_rows(do(there, "describe")) == kept_rows(do(here, "describe"))

    @pytest.mark.postgres
    def test_moves_between_sqlite_and_postgresql(self, here: Environment, tmp_path: Path) -> None:
        do(here, "fill")
        manage(here, "backup", tmp_path / "a.tar.gz")
        url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
        other = here | {"DATABASE_URL": url, "MEDIA_ROOT": str(tmp_path / "other")}
        run(other, "manage.py", "migrate", "--verbosity", "0")
        manage(other, "restore", tmp_path / "a.tar.gz")
        described = do(other, "describe")
        assert described["files"] == 6
        assert described["found"] == 1
        manage(other, "restore", tmp_path / "a.tar.gz", "--replace")
        manage(other, "backup", tmp_path / "b.tar.gz")
        manage(here, "restore", tmp_path / "b.tar.gz", "--replace")
        first, second = manifest(tmp_path / "a.tar.gz"), manifest(tmp_path / "b.tar.gz")
        assert first["tables"] == second["tables"]


class TestMissingFiles:
    def test_are_named_and_the_rest_is_kept(self, here: Environment, tmp_path: Path) -> None:
        do(here, "fill")
        file = next(Path(here["MEDIA_ROOT"]).rglob("*.avif"))
        file.unlink()
        made, told = manage(here, "backup", tmp_path / "b.tar", returncode=1)
        assert (made["files"], len(made["missing"])) == (5, 1)
        assert file.name in told
        assert manifest(tmp_path / "b.tar")["media"]["files"] == 5


def manifest(file: Path) -> Any:
    return json.loads(members(file)["manifest.json"])


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def written(file: Path, contents: dict[str, bytes], *more: tarfile.TarInfo) -> None:
    with tarfile.open(file, "w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in more:
            tar.addfile(member)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def altered(part: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def alter(file: Path) -> None:
        contents = members(file)
        name = next(name for name in contents if part in name)
        assert old in contents[name]
        contents[name] = contents[name].replace(old, new)
        written(file, contents)

    return alter


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])


def cut_packed(file: Path) -> None:
    file.write_bytes(gzip.compress(file.read_bytes())[:-100])


def flipped(file: Path) -> None:
    content = bytearray(gzip.compress(file.read_bytes()))
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def without(part: str) -> Callable[[Path], None]:
    def alter(file: Path) -> None:
        written(file, {name: one for name, one in members(file).items() if part not in name})

    return alter


def more(*extra: tarfile.TarInfo) -> Callable[[Path], None]:
    return lambda file: written(file, members(file), *extra)


DAMAGE = {
    "cut off": (cut, "damaged"),
    "cut off and packed": (cut_packed, "damaged"),
    "a wrong byte": (flipped, "damaged"),
    "another value": (
        altered("articles_article/", b"report", b"rapport"),
        "articles_article differs",
    ),
    "another picture": (altered("media/", b"images", b"imagos"), "media files differ"),
    "not JSON": (altered("articles_article/", b"[", b"{"), "not JSON"),
    "no end": (without("manifest"), "not complete"),
    "a table is missing": (without("articles_topic/"), "articles_topic differs"),
    "no beginning": (without("about"), "not a backup"),
    "another format": (altered("about", b'"format": 1', b'"format": 9'), "format 9"),
    "a newer version": (altered("about", b"0001_initial", b"0099_new"), "other migrations"),
    "a link": (more(link("media/images/aa", "/etc/passwd")), "it contains"),
    "a hard link": (more(link("about.json", "/etc/passwd", tarfile.LNKTYPE)), "it contains"),
    "an absolute path": (more(tarfile.TarInfo("/etc/cron.d/x")), "it contains"),
    "a path outside": (more(tarfile.TarInfo("media/../../x")), "it contains"),
    "no backup": (lambda file: file.write_text("x" * 9000), "not a backup"),
    "empty": (lambda file: file.write_text(""), "not a backup"),
}


class TestRefused:
    def test_damaged_files_change_nothing(
        self, here: Environment, there: Environment, tmp_path: Path
    ) -> None:
        do(here, "fill")
        file = tmp_path / "b.tar"
        manage(here, "backup", file)
        good = file.read_bytes()
        media = Path(there["MEDIA_ROOT"])
        for name, (damage, reason) in DAMAGE.items():
            file.write_bytes(good)
            damage(file)
            _, told = manage(there, "restore", file, "--replace", returncode=1)
            assert reason in told, (name, told)
            assert "Traceback" not in told, name
        assert not media.exists()
        assert not do(there, "describe")["rows"]["User"]
        file.write_bytes(good)
        manage(there, "restore", file, "--replace")

    def test_failing_storage_changes_nothing(
        self, here: Environment, there: Environment, tmp_path: Path
    ) -> None:
        do(here, "fill")
        manage(here, "backup", tmp_path / "b.tar")
        Path(there["MEDIA_ROOT"]).write_text("not a folder")
        _, told = manage(there, "restore", tmp_path / "b.tar", returncode=1)
        assert "Not a directory" in told or "File exists" in told
        with ExitStack() as cleaning:
            cleaning.callback(Path(there["MEDIA_ROOT"]).unlink)
        assert not do(there, "describe")["rows"]["User"]


class TestFullDisk:
    def test_leaves_the_former_backup(self, here: Environment, tmp_path: Path) -> None:
        do(here, "fill")
        next(Path(here["MEDIA_ROOT"]).rglob("*.avif")).write_bytes(bytes(2_000_000))
        folder = tmp_path / "backups"
        folder.mkdir()
        file = folder / "b.tar"
        file.write_text("former")
        limited = (
            "import resource, sys; "
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, resource.RLIM_INFINITY)); "
            f"from newsroom.commands import ReportCommand; sys.argv = ['manage.py', 'backup', {str(file)!r}]; "
            "from django.core.management import execute_from_command_line as execute; execute(sys.argv)"
        )
        told = run(here, "-c", limited, returncode=1).stderr
        assert "File too large" in told
        assert [one.name for one in folder.iterdir()] == ["b.tar"]
        assert file.read_text() == "former"


class TestTables:
    def test_all_are_kept_or_left_out(self) -> None:
        """A new table goes into backups by itself; one that is left out must exist."""
        found = {
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed
        }
        assert found >= tables.LEFT_OUT
        assert tables.kept().keys() == found - tables.LEFT_OUT

    def test_values_of_all_kinds_are_known(self) -> None:
        known = {
            *("AutoField", "BigAutoField", "BigIntegerField", "BooleanField", "CharField"),
            *(
                "DateTimeField",
                "FloatField",
                "IntegerField",
                "JSONField",
                "PositiveBigIntegerField",
            ),
            *("PositiveIntegerField", "PositiveSmallIntegerField", "SlugField", "TextField"),
            *("GenericIPAddressField", "UUIDField"),
        }
        kinds = {kind for table in tables.kept().values() for kind in table.kinds}
        assert kinds <= known

    def test_digests_do_not_depend_on_the_database(self) -> None:
        table = tables.kept()["articles_act"]
        row: list[Any] = [None] * len(table.columns)
        digests = []
        for moment, permissions in (
            ("2026-01-01 10:00:00.120000", '{"a": 100000, "b": [1]}'),
            ("2026-01-01 10:00:00.12", '{"b":[1],"a":1e5}'),
        ):
            row[table.columns.index("at")] = moment
            row[table.columns.index("permissions")] = permissions
            digest = tables.Digest(table)
            digest.add(row)
            digests.append(digest.hexdigest())
        assert digests[0] == digests[1]
