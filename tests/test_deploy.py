"""The files of deploy/ fit the project: commands, settings, addresses, metrics and folders."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.test import Client
from django.urls import resolve, reverse

from newsroom import health

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx/newsroom.conf").read_text()
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
WATCHING: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/watch.yaml").read_text())["services"]
KUBERNETES: list[Any] = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text())["items"]
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
    def test_of_units_and_containers_exist(self) -> None:
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
        added = WATCHING.get(name, {"environment": {}})["environment"].keys()
        assert (SERVICES[name]["environment"].keys() | added) - other <= known_settings()

    def test_files_exist(self) -> None:
        mounted = [SERVICES["proxy"], WATCHING["prometheus"], WATCHING["grafana"]]
        for volume in [volume for one in mounted for volume in one["volumes"]]:
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


class TestKubernetes:
    def test_every_container_runs_a_command_with_known_settings(self) -> None:
        found = list(containers(KUBERNETES))
        assert {name for name, _ in found} == {"migrate", "web", "worker", "prune", "backup"}
        for name, container in found:
            command = re.search(r"manage\.py,? (\w+)", " ".join(container["command"]))
            assert command, name
            assert command[1] in get_commands(), name
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
        given = {key for one in KUBERNETES if one["kind"] == "ConfigMap" for key in one["data"]}
        given |= {key for one in KUBERNETES if one["kind"] == "Secret" for key in one["stringData"]}
        assert {key for key in given if not key.startswith("AWS_")} <= known_settings()

    def test_probes_and_imports_have_their_addresses(self) -> None:
        (web,) = [one for name, one in containers(KUBERNETES) if name == "web"]
        assert resolve(web["readinessProbe"]["httpGet"]["path"]).func is health.ready
        assert resolve(web["livenessProbe"]["httpGet"]["path"]).func is health.alive
        paths = {
            path["path"]
            for one in KUBERNETES
            if one["kind"] == "Ingress"
            for path in one["spec"]["rules"][0]["http"]["paths"]
        }
        assert paths == {"/", reverse("admin:articles_importrun_import")}


def containers(objects: Any) -> Iterator[tuple[str, Any]]:
    """Yield all containers anywhere in the objects, with their names."""
    if isinstance(objects, list):
        for one in objects:
            yield from containers(one)
    elif isinstance(objects, dict):
        for one in objects.get("containers", ()):
            yield one["name"], one
        for one in objects.values():
            yield from containers(one)


class TestMonitoring:
    @pytest.fixture
    def names(self, client: Client) -> set[str]:
        """The metrics that the site offers, those without a value included."""
        text = client.get("/metrics").content.decode()
        return set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))

    @pytest.mark.once
    @pytest.mark.django_db
    @pytest.mark.parametrize("file", ["prometheus/alerts.yaml", "grafana/newsroom.json"])
    def test_metrics_exist(self, names: set[str], file: str) -> None:
        # Every expression, and nothing else, is called "expr" in both formats.
        used = set(re.findall(r"newsroom_\w+", " ".join(expressions(yaml_of(DEPLOY / file)))))
        assert len(used) > 5
        assert {re.sub("_(bucket|count|sum)$", "", name) for name in used} <= names

    def test_every_alert_says_what_is_wrong(self) -> None:
        for rule in yaml_of(DEPLOY / "prometheus/alerts.yaml")["groups"][0]["rules"]:
            assert rule["annotations"]["summary"], rule

    def test_grafana_finds_its_source(self) -> None:
        source = yaml_of(DEPLOY / "grafana/provisioning/datasources.yaml")["datasources"][0]
        board = yaml_of(DEPLOY / "grafana/newsroom.json")
        assert {panel["datasource"]["uid"] for panel in board["panels"]} == {source["uid"]}
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def yaml_of(path: Path) -> Any:
    """Return the content of a file in YAML, or in JSON, which is YAML."""
    return yaml.safe_load(path.read_text())


def expressions(content: Any) -> Iterator[str]:
    """Yield the values of all keys called ``expr``."""
    if isinstance(content, list):
        for one in content:
            yield from expressions(one)
    elif isinstance(content, dict):
        for key, one in content.items():
            yield from ([one] if key == "expr" else expressions(one))
