"""The files of deploy/ fit the project: commands, settings, addresses, metrics and folders."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.urls import reverse

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx/newsroom.conf").read_text()
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
UNITS = sorted((DEPLOY / "systemd").iterdir())


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed


def known_settings() -> set[str]:
    return set(
        re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )


class TestCommands:
    def test_exist(self) -> None:
        for path in [*UNITS, DEPLOY / "compose.yaml", DEPLOY / "Dockerfile"]:
            for name in re.findall(r'python"?,? "?manage\.py"?,? "?([a-z_]+)', path.read_text()):
                assert name in get_commands(), (path.name, name)


class TestDockerfile:
    def test_copies_what_exists_and_is_sent(self) -> None:
        lines = (DEPLOY / "Dockerfile").read_text().splitlines()
        copied = [
            source
            for line in lines
            if line.startswith("COPY ") and "--from" not in line
            for source in line.split()[1:-1]
        ]
        assert copied
        sent = (ROOT / ".dockerignore").read_text().splitlines()
        for source in copied:
            assert (ROOT / source).exists(), source
            pattern = "requirements*.txt" if source.startswith("requirements") else source
            assert f"!{pattern}" in sent, source

    def test_copies_every_package_of_the_site(self) -> None:
        text = (DEPLOY / "Dockerfile").read_text()
        for name in ("newsroom", "providers", "articles", "templates"):
            assert f"COPY {name} {name}" in text

    def test_does_not_run_as_root(self) -> None:
        lines = (DEPLOY / "Dockerfile").read_text().splitlines()
        assert lines.index("USER newsroom") < next(
            number for number, line in enumerate(lines) if line.startswith("CMD")
        )


class TestCompose:
    @pytest.mark.parametrize("name", ["migrate", "web", "worker"])
    def test_settings_exist(self, name: str) -> None:
        other = {name for name in SERVICES[name]["environment"] if name.startswith("AWS_")}
        assert SERVICES[name]["environment"].keys() - other <= known_settings()

    def test_files_exist(self) -> None:
        for volume in SERVICES["proxy"]["volumes"]:
            source = volume.partition(":")[0]
            # The certificate is the operator's own.
            if source.startswith("./") and source != "./tls":
                assert (DEPLOY / source).is_file(), source

    def test_cache_and_queue_are_apart(self) -> None:
        """A restore clears the cache; that must not empty the queue of something else."""
        environment = SERVICES["web"]["environment"]
        assert environment["CACHE_URL"] != environment["TASKS_URL"]


class TestSystemd:
    @pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
    def test_units_are_complete(self, path: Path) -> None:
        parsed = unit(path)
        if path.suffix == ".timer":
            assert path.with_suffix(".service") in UNITS
            assert parsed["Install"]["WantedBy"] == "timers.target"
        else:
            assert parsed["Service"]["User"] == "newsroom"
            assert parsed["Service"]["NoNewPrivileges"] == "yes"


class TestNginx:
    def test_large_requests_go_to_the_import_only(self) -> None:
        assert NGINX.count("client_max_body_size") == 2
        location = NGINX.index(f"location = {reverse('admin:articles_importrun_import')} {{")
        assert NGINX.index("client_max_body_size 1g") > location

    def test_admin_is_never_cached(self) -> None:
        assert NGINX.count("proxy_cache newsroom;") == 1
        assert "location /admin/ {" in NGINX

    def test_braces_match(self) -> None:
        for path in DEPLOY.rglob("*.conf"):
            assert path.read_text().count("{") == path.read_text().count("}"), path


class TestAlerts:
    def test_metrics_are_documented(self) -> None:
        documented = (ROOT / "docs/operate/watch.md").read_text()
        rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())
        for rule in rules["groups"][0]["rules"]:
            assert rule["annotations"]["summary"]
            for name in re.findall(r"newsroom_\w+", rule["expr"]):
                assert f"`{name.removesuffix('_count')}`" in documented, name
