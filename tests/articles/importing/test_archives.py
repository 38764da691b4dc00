"""Uploads are unpacked inside their folder, within limits; bad files do not affect others."""

from __future__ import annotations

import gzip
import io
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from articles.importing import archives
from articles.importing.archives import StoppedError, Unpacker, UploadError

Members = Iterable[tuple[str, bytes]]


def zipped(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A name that comes twice.
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            for name, data in members:
                archive.writestr(name, data)
    return buffer.getvalue()


def tarred(members: Members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


PACKERS = pytest.mark.parametrize(
    ("name", "pack"), [("news.zip", zipped), ("news.tar.gz", tarred), ("news.TGZ", tarred)]
)
Pack = Callable[[Members], bytes]


def unpack(folder: Path, files: dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Unpack files; return the unpacked files by path, and the message of each bad member."""
    unpacker = Unpacker(folder)
    for name, data in files.items():
        unpacker.add(name, io.BytesIO(data))
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert len(found) == unpacker.files
    return found, {error.path: error.message for error in unpacker.errors}


def unpack_one(
    folder: Path, data: bytes, name: str = "news.zip"
) -> tuple[set[str], dict[str, str]]:
    found, errors = unpack(folder, {name: data})
    return {path.removeprefix("archives/") for path in found}, errors


class TestNames:
    @PACKERS
    def test_of_documents_are_unpacked(self, tmp_path: Path, name: str, pack: Pack) -> None:
        members = [
            ("news/one.md", b"one"),
            ("./two.TXT", b"two"),
            ("a//b/../c.md", b""),
            ("p.jpg", b""),
        ]
        found, errors = unpack(tmp_path, {name: pack(members), "three.md": b"three"})

        assert found == {
            "archives/news/one.md": b"one",
            "archives/two.TXT": b"two",
            "alone/three.md": b"three",
        }
        assert list(errors) == ["a/b/../c.md"]

    @PACKERS
    def test_of_system_files_are_skipped(self, tmp_path: Path, name: str, pack: Pack) -> None:
        system = (
            "__MACOSX/three.md",
            "__MACOSX/._one.md",
            ".DS_Store",
            "._one.md",
            ".git/two.md",
            "Thumbs.db",
            "desktop.ini",
        )
        members = [(one, b"") for one in (*system, "one.md")]
        assert unpack_one(tmp_path, pack(members), name) == ({"one.md"}, {})

    def test_backslashes_are_slashes(self, tmp_path: Path) -> None:
        data = zipped([("news\\one.md", b""), ("news\\", b"")])
        assert unpack_one(tmp_path, data) == ({"news/one.md"}, {})

    def test_utf_8_that_the_archive_does_not_declare(self, tmp_path: Path) -> None:
        assert unpack_one(tmp_path, undeclared("señal-日本.md".encode())) == ({"señal-日本.md"}, {})

    def test_cp437(self, tmp_path: Path) -> None:
        assert unpack_one(tmp_path, undeclared("señal.md".encode("cp437"))) == ({"señal.md"}, {})

    def test_of_macos_are_composed(self, tmp_path: Path) -> None:
        data = zipped([("sen\u0303al.md", b"")])
        assert unpack_one(tmp_path, data) == ({"se\u00f1al.md"}, {})

    def test_fail_invalid_utf_8_that_the_archive_declares(self, tmp_path: Path) -> None:
        data = zipped([("ñ.md", b"")]).replace("ñ.md".encode(), b"\xff\xff.md")
        with pytest.raises(UploadError, match=r"not valid UTF-8.*another program"):
            unpack(tmp_path, {"news.zip": data})

    def test_fail_invalid_utf_8_in_a_tar(self, tmp_path: Path) -> None:
        data = tarred([("a\udcff.md", b""), ("b.md", b"")])
        found, errors = unpack_one(tmp_path, data, "a.tgz")
        assert found == {"b.md"}
        assert errors == {"a\\udcff.md": "has a name that is not valid UTF-8: rename it"}

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("a" * 500 + ".md", "shorten it"),
            ("a\nb.md", "control characters"),
            ("a" * 300 + ".md", "rename"),
        ],
        ids=["path", "line", "name"],
    )
    def test_fail_that_cannot_be_stored(self, tmp_path: Path, name: str, words: str) -> None:
        found, errors = unpack_one(tmp_path, zipped([(name, b""), ("good.md", b"")]))
        assert found == {"good.md"}
        assert words in " ".join(errors.values())

    def test_fail_same_in_another_case(self, tmp_path: Path) -> None:
        data = zipped(
            [("News/a.md", b"1"), ("News/A.md", b"2"), ("news/b.md", b"3"), ("News/c.md", b"")]
        )
        found, errors = unpack_one(tmp_path, data)
        assert found == {"News/a.md", "News/c.md"}
        assert errors == {
            "News/A.md": "differs only in case from News/a.md: rename one of them",
            "news/b.md": "differs only in case from News: rename one of them",
        }

    def test_fail_twice(self, tmp_path: Path) -> None:
        data = zipped([("a.md", b"first"), ("a.md", b"second")])
        found, errors = unpack(tmp_path, {"1.zip": data, "a.md": b"third"})
        assert found == {"archives/a.md": b"first"}
        assert "twice" in errors["a.md"]

    def test_fail_of_a_folder(self, tmp_path: Path) -> None:
        data = zipped([("a.md", b""), ("a.md/b.md", b""), ("c.md/d.md", b""), ("c.md", b"")])
        found, errors = unpack_one(tmp_path, data)
        assert found == {"a.md", "c.md/d.md"}
        assert list(errors) == ["a.md/b.md", "c.md"]


@pytest.mark.parametrize(
    "evil",
    [
        "../evil.md",
        "/evil.md",
        "a/../../evil.md",
        "a\\..\\..\\evil.md",
        "C:evil.md",
        "\\\\s\\evil.md",
    ],
)
@PACKERS
def test_fail_names_that_lead_out(tmp_path: Path, name: str, pack: Pack, evil: str) -> None:
    found, errors = unpack_one(tmp_path / "inner", pack([(evil, b""), ("good.md", b"")]), name)
    assert found == {"good.md"}
    assert "leads out" in " ".join(errors.values())
    assert not list(tmp_path.glob("evil.md"))


def undeclared(name: bytes) -> bytes:
    """Return a ZIP file that does not say how its one name is encoded."""
    placeholder = b"x" * (len(name) - 3) + b".md"
    return zipped([(placeholder.decode(), b"")]).replace(placeholder, name)


class TestMembers:
    @pytest.mark.parametrize("inner", ["a/inner.zip", "inner.tar.gz", "INNER.TGZ"])
    def test_fail_archive(self, tmp_path: Path, inner: str) -> None:
        data = zipped([(inner, zipped([("one.md", b"1")])), ("two.md", b"2")])
        found, errors = unpack(tmp_path, {"all.zip": data})
        assert found == {"archives/two.md": b"2"}
        assert errors.keys() == {inner}
        assert "archive inside an archive" in errors[inner]

    def check_other_is_unpacked(self, tmp_path: Path, data: bytes, name: str = "news.zip") -> str:
        found, errors = unpack_one(tmp_path, data, name)
        assert found == {"good.md"}
        return errors["bad.md"]

    def test_fail_encrypted(self, tmp_path: Path) -> None:
        data = bytearray(zipped([("bad.md", b"1"), ("good.md", b"2")]))
        # The flags in the list of members.
        data[data.index(b"PK\1\2") + 8] |= 1
        assert "without a password" in self.check_other_is_unpacked(tmp_path, bytes(data))

    def test_fail_damaged(self, tmp_path: Path) -> None:
        data = zipped([("bad.md", b"0123456789"), ("good.md", b"")], zipfile.ZIP_STORED)
        words = self.check_other_is_unpacked(tmp_path, data.replace(b"0123456789", b"01234*6789"))
        assert "damaged" in words
        assert "make the archive again" in words

    def test_fail_damaged_stream(self, tmp_path: Path) -> None:
        data = bytearray(zipped([("bad.md", bytes(range(256)) * 9), ("good.md", b"")]))
        start = 30 + len("bad.md")
        data[start : start + 8] = b"\xff" * 8
        assert "damaged" in self.check_other_is_unpacked(tmp_path, bytes(data))

    def test_fail_link(self, tmp_path: Path) -> None:
        link = zipfile.ZipInfo("bad.md")
        link.external_attr = 0o120777 << 16
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(link, "/etc/passwd")
            archive.writestr("good.md", "")
        assert "is a link" in self.check_other_is_unpacked(tmp_path, buffer.getvalue())

    @pytest.mark.parametrize(
        "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    )
    def test_fail_special_files_of_a_tar(self, tmp_path: Path, kind: bytes) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            bad = tarfile.TarInfo("bad.md")
            bad.type, bad.linkname = kind, "/etc/passwd"
            archive.addfile(bad)
            archive.addfile(tarfile.TarInfo("good.md"))
        assert "is a link" in self.check_other_is_unpacked(tmp_path, buffer.getvalue(), "a.tgz")

    @pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_fail_other_compressions(self, tmp_path: Path, compression: int) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("bad.md", "x" * 99, compression)
            archive.writestr("good.md", "")
        assert "ordinary ZIP" in self.check_other_is_unpacked(tmp_path, buffer.getvalue())


class TestLimits:
    @PACKERS
    def test_the_largest_allowed_values(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, pack: Pack
    ) -> None:
        data = pack([(f"{number}.md", bytes(1000)) for number in range(3)])
        bytes_of_tar = len(gzip.decompress(data)) if pack is tarred else 3000
        monkeypatch.setattr(archives, "MOST_FILES", 3)
        monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
        monkeypatch.setattr(archives, "MOST_BYTES", bytes_of_tar)
        assert len(unpack_one(tmp_path / "a", data, name)[0]) == 3

        monkeypatch.setattr(archives, "MOST_BYTES", bytes_of_tar - 1)
        with pytest.raises(
            UploadError, match=r"more than .* GB: split it, or run manage.py import"
        ):
            unpack_one(tmp_path / "b", data, name)
        monkeypatch.undo()
        monkeypatch.setattr(archives, "MOST_FILES", 2)
        with pytest.raises(UploadError, match="more than 2 documents: split it"):
            unpack_one(tmp_path / "c", data, name)
        monkeypatch.undo()
        monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
        with pytest.raises(UploadError, match="too many files: split it"):
            unpack_one(tmp_path / "d", data, name)

    def test_count_all_files_together(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "MOST_BYTES", 3)
        with pytest.raises(UploadError, match="The upload unpacks to more than"):
            unpack(tmp_path, {"1.zip": zipped([("1.md", b"12")]), "2.md": b"34"})

    def test_claimed_sizes_are_not_trusted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "MOST_BYTES", 100_000)
        data = zipped([("bomb.md", bytes(200_000))])
        # It says that it has one byte, in the list of members and before the member.
        data = data.replace((200_000).to_bytes(4, "little"), (1).to_bytes(4, "little"))
        found, errors = unpack_one(tmp_path, data)
        assert not found
        assert "damaged" in errors["bomb.md"]

    def test_long_lists_of_members_are_not_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = zipped((f"{number}.jpg", b"") for number in range(1000))
        monkeypatch.setattr(archives, "_MOST_READ", 60_000)
        assert unpack_one(tmp_path / "a", data) == (set(), {})
        monkeypatch.setattr(archives, "_MOST_READ", 40_000)
        with pytest.raises(UploadError, match="too many files"):
            unpack_one(tmp_path / "b", data)

    def test_long_headers_of_a_tar_are_not_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "_MOST_READ", 100_000)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
            member = tarfile.TarInfo("a.md")
            member.pax_headers = {"comment": "x" * 200_000}
            archive.addfile(member)
        with pytest.raises(UploadError, match="too many files"):
            unpack_one(tmp_path, buffer.getvalue(), "a.tgz")

    def test_can_be_canceled(self, tmp_path: Path) -> None:
        for number, (name, data) in enumerate(
            [("a.zip", zipped([("a.md", b"a")])), ("a.tgz", tarred([("a.md", b"a")]))]
        ):
            unpacker = Unpacker(tmp_path / str(number), lambda: True)
            with pytest.raises(StoppedError):
                unpacker.add(name, io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", b"no archive"),
        ("a.zip", b""),
        ("a.zip", zipped([("a.md", b"")])[:-30]),
        ("a.tgz", b"no archive"),
        ("a.tgz", tarred([("a.md", b"1" * 99_999)])[:-99]),
        ("a.tgz", gzip.compress(b"no archive" * 100)),
    ],
    ids=["zip", "empty", "cut-zip", "gzip", "cut-gzip", "tar"],
)
def test_fail_not_an_archive(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(UploadError, match=rf"{name} is not an archive that can be read.*again"):
        unpack(tmp_path, {name: data})


def test_a_full_disk_is_not_the_fault_of_the_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Unpacker, "_copy", full)
    with pytest.raises(UploadError, match=r"No space left on device.*operator"):
        unpack(tmp_path, {"a.zip": zipped([("a.md", b"")])})
