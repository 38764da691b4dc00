"""Compare the documentation with the code: commands, settings, links, layers, folders and names."""

from __future__ import annotations

import ast
import re
import tomllib
from argparse import Action
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

import pytest
from django.core import management
from django.core.management import find_commands, get_commands, load_command_class
from django.core.management.base import BaseCommand

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
ARCHITECTURE: Final = DOCS / "architecture.md"
PAGES: Final = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
APPS: Final = ("articles", "newsroom", "providers")
TOPS: Final = [*APPS, *(path.stem for path in (ROOT / "articles").glob("[!_]*"))]
CODE: Final = re.compile(rf"(?:{'|'.join(TOPS)})(?:\.(?!py\b)\w+)+(?:\(\))?")
"""A dotted name in code, from an app or directly from a module in ``articles``."""
FILE: Final = re.compile(
    r"(?:\.ci|articles|bench|deploy|docs|newsroom|providers|seeds|templates|tests)/[\w/.-]*"
)


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def without_code_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def in_backticks(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", without_code_blocks(text))


class TestReadme:
    def test_is_short(self) -> None:
        assert len((ROOT / "README.md").read_text().splitlines()) <= 120

    def test_leads_to_every_page(self) -> None:
        readme = (ROOT / "README.md").read_text()
        missing = [page.name for page in PAGES if page.name not in readme]
        assert missing == ["README.md"]


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_lead_somewhere(self, page: Path) -> None:
        text = without_code_blocks(page.read_text())
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if ":" in path:
                continue
            linked = (page.parent / path).resolve() if path else page
            assert linked.exists(), target
            if anchor:
                headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE)
                assert anchor in {self.anchor(heading) for heading in headings}, target

    @staticmethod
    def anchor(heading: str) -> str:
        """Return the anchor that code hosts create for a heading."""
        return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


class TestCommands:
    """Checks of docs/commands.md."""

    def test_all_are_documented_with_their_arguments(self) -> None:
        assert self.documented() == self.existing()

    @staticmethod
    def existing() -> dict[str, set[str]]:
        """Return the options and positional arguments of each command of our apps."""
        found = {}
        djangos = find_commands(management.__path__[0])
        for name, app in get_commands().items():
            if app in APPS:
                assert isinstance(app, str)
                former = (
                    load_command_class("django.core", name) if name in djangos else BaseCommand()
                )
                plain = {one.dest for one in actions(former)}
                own = [
                    one for one in actions(load_command_class(app, name)) if one.dest not in plain
                ]
                options = {option for one in own for option in one.option_strings}
                found[name] = options | {"argument" for one in own if not one.option_strings}
        return found

    @staticmethod
    def documented() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        command = ""
        for cells in rows((DOCS / "commands.md").read_text()):
            if len(cells) == 3:
                # A blank first cell stands for the command of the row above.
                command = cells[0].strip("`") or command
                if option := re.match(r"`(--[a-z-]+)", cells[1]):
                    found[command].add(option[1])
            elif usage := re.match(r"`(\w+)( [^`]+)?`", cells[0]):
                found[usage[1]] = {"argument"} if usage[2] else set()
        return {name: arguments for name, arguments in found.items() if not name.isdigit()}


def actions(command: BaseCommand) -> list[Action]:
    return command.create_parser("manage.py", "command")._actions


class TestSettings:
    """Checks of docs/settings.md, .env.example and newsroom/settings.py."""

    def test_all_are_documented(self) -> None:
        assert set(self.documented()) == set(self.example()) == self.read()

    def test_defaults_are_those_of_the_example(self) -> None:
        example = self.example()
        for name, default in self.documented().items():
            if example[name] and (plain := re.fullmatch(r"`([^`]+)`", default)):
                assert plain[1] == example[name], name

    @staticmethod
    def documented() -> dict[str, str]:
        """Return each variable's default, in the words of the table."""
        found = {}
        for cells in rows((DOCS / "settings.md").read_text()):
            if name := re.fullmatch(r"`([A-Z][A-Z0-9_]+)`", cells[0]):
                found[name[1]] = cells[1]
        return found

    @staticmethod
    def example() -> dict[str, str]:
        text = (ROOT / ".env.example").read_text()
        return dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))

    @staticmethod
    def read() -> set[str]:
        """Return the variables that the settings read with `text`, `flag`, `words` or `count`."""
        readers = {"text", "flag", "words", "count"}
        return {
            node.args[0].value
            for node in ast.walk(ast.parse((ROOT / "newsroom" / "settings.py").read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in readers
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        }


class TestCustomizing:
    def test_names_every_property(self) -> None:
        css = (ROOT / "articles" / "static" / "articles" / "site.css").read_text()
        root = css.partition(":root {")[2].partition("}")[0]
        existing = set(re.findall(r"^\s*(--[a-z-]+):", root, re.MULTILINE))
        documented = {
            name
            for cells in rows((DOCS / "customize.md").read_text())
            for name in in_backticks(cells[0])
        }
        assert documented == existing


class TestPerformance:
    def test_names_every_benchmark(self) -> None:
        scripts = {f"bench/{path.name}" for path in (ROOT / "bench").glob("[!_]*.py")}
        named = set(in_backticks((DOCS / "performance.md").read_text()))
        assert scripts - named == {"bench/constant_urls.py"}


class TestArchitecture:
    """Checks of docs/architecture.md."""

    def test_diagram_shows_the_import_contracts(self) -> None:
        contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())
        layers = {
            one["id"]: [frozenset(re.findall(r"[\w.]+", layer)) for layer in one["layers"]]
            for one in contracts["tool"]["importlinter"]["contracts"]
        }
        site, articles, *rest = layers["apps"]
        assert articles == {"articles"}
        assert self.diagram() == [site, *layers["articles"], *rest]

    @staticmethod
    def diagram() -> list[frozenset[str]]:
        """Return the modules of each row: a row without a description continues the one above."""
        found: list[frozenset[str]] = []
        for line in re.findall(r"^│ (.+) │$", ARCHITECTURE.read_text(), re.MULTILINE):
            names, _, description = (cell.strip() for cell in line.partition("│"))
            modules = frozenset(names.split())
            if description:
                found.append(modules)
            else:
                found[-1] |= modules
        return found

    def test_folders_are_those_that_exist(self) -> None:
        documented = {
            name.rstrip("/")
            for cells in rows(ARCHITECTURE.read_text())
            for name in in_backticks(cells[0])
        }
        assert documented == set(self.folders())

    @staticmethod
    def folders() -> Iterator[str]:
        """Yield the packages and modules of the apps, and the other folders."""
        for app in APPS:
            yield app
            for path in (ROOT / app).iterdir():
                is_package = (path / "__init__.py").exists()
                if (is_package and path.name not in {"migrations", "management"}) or (
                    path.suffix == ".py" and path.name not in {"__init__.py", "apps.py"}
                ):
                    yield f"{app}/{path.name}"
        for path in ROOT.iterdir():
            if path.is_dir() and path.name in {
                *("bench", "deploy", "docs", "seeds", "templates", "tests"),
            }:
                yield path.name


class TestNames:
    """Checks of the files and code that the pages mention."""

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_files_exist(self, page: Path) -> None:
        files = [name for name in in_backticks(page.read_text()) if FILE.fullmatch(name)]
        assert [name for name in files if not (ROOT / name).exists()] == []

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_code_exists(self, page: Path) -> None:
        names = [name for name in in_backticks(page.read_text()) if CODE.fullmatch(name)]
        assert [name for name in names if not exists(name.removesuffix("()"))] == []

    def test_tests_exist(self) -> None:
        text = (DOCS / "security.md").read_text()
        named = [name.split("::") for name in in_backticks(text) if name.startswith("tests/")]
        assert len(named) > 60
        assert [names for names in named if not is_test(ROOT / names[0], names[1:])] == []

    def test_walks_name_code(self) -> None:
        walks = ARCHITECTURE.read_text().partition("## Walk 1")[2]
        assert sum(bool(CODE.fullmatch(name)) for name in in_backticks(walks)) > 30


def exists(dotted: str) -> bool:
    """Return whether ``importing.run`` or ``articles.importing.run`` names something in the code."""
    for name in (dotted, f"articles.{dotted}"):
        try:
            resolve_name(name)
        except (ImportError, AttributeError):
            continue
        return True
    return False


def is_test(path: Path, names: list[str]) -> bool:
    """Return whether a file has a test or a class of tests of this name."""
    body = ast.parse(path.read_text()).body
    for name in names:
        inside = [one for one in body if getattr(one, "name", "") == name]
        if not inside:
            return False
        body = getattr(inside[0], "body", [])
    return True
