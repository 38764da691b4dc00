"""Settings from the environment.

Settings are read once per process, so each case starts a process in a copy of the site.
"""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django_rq.connection_utils import get_redis_connection
from rq import SimpleWorker
from rq.defaults import DEFAULT_WORKER_TTL

from newsroom.environment import cache, database, mail, redis_queue
from newsroom.secret_key import read_or_create_secret_key

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_URL = "postgres://newsroom:secret@db.example:5433/news"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a copy of the site without the files that running it creates."""
    for package in ("newsroom", "articles", "providers"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


def run(site: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    # Leave out the environment of the tests themselves.
    inherited: Mapping[str, str] = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
    }
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=site,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def manage(site: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(site, "manage.py", *arguments, **variables)


def read(site: Path, expression: str, **variables: str) -> Any:
    """Return the value of `expression`, where `s` is the settings with these variables."""
    script = f"import json; from newsroom import settings as s; print(json.dumps({expression}))"
    answer = run(site, "-c", script, **variables)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


class TestCheck:
    def test_success_with_nothing_set(self, site: Path) -> None:
        answer = manage(site, "check", "--fail-level", "WARNING")
        assert answer.returncode == 0, answer.stderr

    def test_success_from_another_folder(self, site: Path, tmp_path_factory: Any) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        answer = run(elsewhere, str(site / "manage.py"), "migrate")
        assert answer.returncode == 0, answer.stderr
        assert (site / "db.sqlite3").exists()
        assert list(elsewhere.iterdir()) == []

    def test_success_for_deployment(self, site: Path) -> None:
        answer = manage(site, "check", "--deploy", "--fail-level", "WARNING", HTTPS="true")
        assert answer.returncode == 0, answer.stderr

    def test_success_with_postgres_pool_and_redis(self, site: Path) -> None:
        answer = manage(
            site,
            "check",
            "--fail-level",
            "WARNING",
            DATABASE_URL=POSTGRES_URL,
            DATABASE_POOL="8",
            CACHE_URL="rediss://:secret@cache.example:6380/2",
            TASKS_URL="rediss://:secret@cache.example:6380/3",
        )
        assert answer.returncode == 0, answer.stderr

    def test_success_with_a_second_factor_and_a_provider(self, site: Path) -> None:
        answer = manage(
            site,
            "check",
            "--fail-level",
            "WARNING",
            SECOND_FACTOR="Publisher,Operator",
            OIDC_SERVER="https://id.example",
            OIDC_CLIENT_ID="newsroom",
            OIDC_CLIENT_SECRET="secret",
            OIDC_ROLES="desk=Editor",
        )
        assert answer.returncode == 0, answer.stderr

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("DEBUG", "ture", "DEBUG must be true or false, not 'ture'."),
            ("HTTPS", "si", "HTTPS must be true or false, not 'si'."),
            ("LANGUAGE_CODE", "xx", "LANGUAGE_CODE must be a language that Django knows"),
            ("LANGUAGE_CODE", "pt_BR", "such as es or pt-br, not 'pt_BR'."),
            ("DATABASE_POOL", "some", "DATABASE_POOL must be a whole number, not 'some'."),
            ("SIGN_IN_NAME_FAILURES", "0", "SIGN_IN_NAME_FAILURES must be at least 1."),
            ("CACHE_URL", "memory://", "Invalid cache schema memory"),
            ("TASKS_URL", "amqp://a.example", "TASKS_URL must be blank, for the database, or like"),
            ("EMBED_HOSTS", "https://a.example", "not 'https://a.example'."),
            ("EMBED_HOSTS", "a.example:443", "not 'a.example:443'."),
            ("EMBED_HOSTS", "*.a.example", "not '*.a.example'."),
        ],
    )
    def test_fail_names_the_variable(self, site: Path, name: str, value: str, message: str) -> None:
        answer = manage(site, "check", **{name: value})
        assert answer.returncode != 0
        assert message in answer.stderr


class TestRedisQueue:
    @pytest.mark.timeout(20)
    @pytest.mark.parametrize("query", ["", "?health_check_interval=5"])
    def test_a_server_that_does_not_answer_is_given_up(self, query: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}/1{query}"
            queue = get_redis_connection(redis_queue(url))
            with pytest.raises(redis.exceptions.TimeoutError):
                queue.llen("images")

    def test_a_worker_waits_longer_for_a_task(self) -> None:
        queue = get_redis_connection(redis_queue("redis://127.0.0.1:1/1"))
        worker = SimpleWorker.__new__(SimpleWorker)
        worker.worker_ttl = DEFAULT_WORKER_TTL
        worker._set_connection(queue)
        limit = queue.connection_pool.connection_kwargs["socket_timeout"]
        assert limit > worker.dequeue_timeout

    def test_an_own_limit_takes_precedence(self) -> None:
        queue = get_redis_connection(redis_queue("unix:///run/redis.sock?socket_timeout=3"))
        assert queue.connection_pool.connection_kwargs["socket_timeout"] == 3
        assert queue.connection_pool.connection_kwargs["path"] == "/run/redis.sock"


class TestSecretKey:
    def test_created_once_and_for_the_owner_only(self, site: Path) -> None:
        first = read(site, "s.SECRET_KEY")
        assert len(first) >= 50
        assert read(site, "s.SECRET_KEY") == first
        assert stat.S_IMODE((site / ".secret_key").stat().st_mode) == 0o600

    def test_same_for_processes_that_start_at_once(self, site: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _: read(site, "s.SECRET_KEY"), range(8)))
        assert keys == {(site / ".secret_key").read_text().strip()}
        assert [path.name for path in site.glob(".secret_key*")] == [".secret_key"]

    def test_set_in_the_environment(self, site: Path) -> None:
        # By default django-environ reads a dollar sign as a reference to another variable.
        assert read(site, "s.SECRET_KEY", SECRET_KEY="$ecret") == "$ecret"
        assert not (site / ".secret_key").exists()

    def test_set_in_a_file(self, site: Path) -> None:
        (site / "key").write_text("from a file\n")
        assert read(site, "s.SECRET_KEY", SECRET_KEY_FILE="key") == "from a file"

    def test_first_of_two_processes_wins(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "key"
        path.write_text("the other one's")
        # Pretend that another process created the file after the check.
        monkeypatch.setattr(Path, "exists", lambda self: False)
        assert read_or_create_secret_key(path) == "the other one's"
        assert [file.name for file in tmp_path.iterdir()] == ["key"]

    def test_created_in_a_new_folder(self, tmp_path: Path) -> None:
        key = read_or_create_secret_key(tmp_path / "key")
        assert (tmp_path / "key").read_text() == key + "\n"

    def test_fail_where_nothing_can_be_created(self, tmp_path: Path) -> None:
        with pytest.raises(ImproperlyConfigured, match="cannot be read or created"):
            read_or_create_secret_key(tmp_path / "no folder" / "key")

    def test_fail_empty_file(self, site: Path) -> None:
        (site / ".secret_key").write_text("")
        answer = manage(site, "check")
        assert answer.returncode != 0
        assert "Delete it, or set SECRET_KEY." in answer.stderr

    def test_fail_unreadable(self, site: Path) -> None:
        (site / ".secret_key").mkdir()
        answer = manage(site, "check")
        assert answer.returncode != 0
        assert "Set SECRET_KEY or SECRET_KEY_FILE." in answer.stderr


class TestDotEnv:
    def test_read(self, site: Path) -> None:
        (site / ".env").write_text('SITE_NAME="The Gazette"\nTIME_ZONE=Asia/Tokyo\n')
        assert read(site, "[s.SITE_NAME, s.TIME_ZONE]") == ["The Gazette", "Asia/Tokyo"]

    def test_environment_wins(self, site: Path) -> None:
        (site / ".env").write_text("SITE_NAME=The Gazette\n")
        assert read(site, "s.SITE_NAME", SITE_NAME="The Courier") == "The Courier"

    def test_not_read_when_blank(self, site: Path) -> None:
        (site / ".env").write_text("SITE_NAME=The Gazette\n")
        assert read(site, "s.SITE_NAME", ENV_FILE="") == "Newsroom"

    def test_example_names_every_variable(self) -> None:
        source = (ROOT / "newsroom" / "settings.py").read_text()
        example = (ROOT / ".env.example").read_text()
        for line in source.splitlines():
            for reader in ("text(", "flag(", "words(", "count("):
                _, found, rest = line.partition(f'{reader}"')
                if found:
                    assert f"\n#{rest.partition(chr(34))[0]}=" in example, line

    def test_example_changes_nothing(self, site: Path) -> None:
        expression = "[s.DEBUG, s.ALLOWED_HOSTS, s.DATABASES, s.CACHES, s.SITE_NAME, s.STATIC_ROOT]"
        plain = read(site, expression)
        shutil.copy(ROOT / ".env.example", site / ".env")
        assert read(site, expression) == plain


class TestValues:
    def test_defaults(self, site: Path) -> None:
        assert read(site, "[s.DEBUG, s.ALLOWED_HOSTS, s.TIME_ZONE, s.USE_TZ, s.LANGUAGE_CODE]") == [
            False,
            ["localhost", "127.0.0.1", "[::1]"],
            "UTC",
            True,
            "en-us",
        ]

    def test_blank_counts_as_not_set(self, site: Path) -> None:
        names = ("DEBUG", "ALLOWED_HOSTS", "DATABASE_URL", "CACHE_URL", "SECRET_KEY", "LOG_LEVEL")
        answer = manage(site, "check", **dict.fromkeys(names, ""))
        assert answer.returncode == 0, answer.stderr

    def test_lists(self, site: Path) -> None:
        assert read(
            site,
            "[s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS]",
            ALLOWED_HOSTS="news.example, www.news.example",
            CSRF_TRUSTED_ORIGINS="https://news.example",
        ) == [["news.example", "www.news.example"], ["https://news.example"]]

    def test_cors_origins(self, site: Path) -> None:
        expression = "[s.CORS_ALLOW_ALL_ORIGINS, s.CORS_ALLOWED_ORIGINS]"
        assert read(site, expression) == [True, []]
        origins = "https://a.example, https://b.example"
        expected = [False, ["https://a.example", "https://b.example"]]
        assert read(site, expression, CORS_ORIGINS=origins) == expected
        answer = manage(site, "check", CORS_ORIGINS="a.example")
        assert "Origin 'a.example' in CORS_ALLOWED_ORIGINS is missing scheme" in answer.stderr

    def test_fail_own_pages_in_frames(self, site: Path) -> None:
        own = [
            {"ALLOWED_HOSTS": "news.example"},
            {"ALLOWED_HOSTS": ".example"},
            {"ALLOWED_HOSTS": "*", "SITE_URL": "https://news.example:8443"},
        ]
        for variables in own:
            hosts = "player.vimeo.com,news.example"
            answer = manage(site, "check", EMBED_HOSTS=hosts, **variables)
            assert "EMBED_HOSTS: news.example is this site itself." in answer.stderr
        answer = manage(site, "check", ALLOWED_HOSTS="*", EMBED_HOSTS="video.example")
        assert answer.returncode == 0, answer.stderr

    def test_https(self, site: Path) -> None:
        expression = (
            "[s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
            "s.SECURE_HSTS_SECONDS > 0, hasattr(s, 'SECURE_PROXY_SSL_HEADER')]"
        )
        assert read(site, expression) == [False, False, False, False, False]
        assert read(site, expression, HTTPS="true") == [True, True, True, True, False]
        # A header that anyone can send is trusted only if a setting says so.
        assert read(site, expression, HTTPS="true", BEHIND_PROXY="true")[-1] is True


class TestUploads:
    def test_kept_on_disk_or_in_a_private_bucket(self, site: Path) -> None:
        expression = "s.STORAGES['uploads']"
        on_disk = read(site, expression, UPLOAD_ROOT="/srv/uploads")["OPTIONS"]
        assert on_disk["location"] == "/srv/uploads"
        assert on_disk["file_permissions_mode"] == 0o600
        options = read(
            site, expression, UPLOAD_S3_BUCKET="secret", MEDIA_S3_ENDPOINT="https://s3.example"
        )["OPTIONS"]
        assert (options["bucket_name"], options["endpoint_url"]) == ("secret", "https://s3.example")
        # URLs need a signature, and the public address of media does not lead there.
        assert not {"querystring_auth", "custom_domain"} & set(options)

    @pytest.mark.parametrize(
        "variables",
        [
            {"UPLOAD_ROOT": "/srv/media/uploads", "MEDIA_ROOT": "/srv/media"},
            {
                "UPLOAD_S3_BUCKET": "news",
                "MEDIA_S3_BUCKET": "news",
                "MEDIA_URL": "https://media.example/",
            },
        ],
        ids=["folder", "bucket"],
    )
    def test_fail_where_everybody_can_read(self, site: Path, variables: dict[str, str]) -> None:
        answer = manage(site, "check", **variables)
        assert answer.returncode != 0
        assert "must not be" in answer.stderr


class TestMedia:
    def test_stored_on_disk_or_in_a_bucket(self, site: Path) -> None:
        expression = "s.STORAGES['default']"
        assert read(site, expression) == {"BACKEND": "newsroom.storage.WholeFileStorage"}
        storage = read(
            site, expression, MEDIA_S3_BUCKET="news", MEDIA_URL="https://media.example/a/"
        )
        assert storage["BACKEND"] == "storages.backends.s3.S3Storage"
        options = storage["OPTIONS"]
        assert (options["bucket_name"], options["endpoint_url"]) == ("news", None)
        assert (
            options["url_protocol"] + "//" + options["custom_domain"] == "https://media.example/a"
        )

    def test_fail_for_a_bucket_without_media_url(self, site: Path) -> None:
        answer = manage(site, "check", MEDIA_S3_BUCKET="news")
        assert answer.returncode != 0
        assert "MEDIA_URL must be like https://media.example/" in answer.stderr

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({}, "Newsroom image keeper"),
            (
                {"SITE_NAME": "Le Café ☕ News", "SITE_URL": "https://cafe.example"},
                "Le Caf News image keeper (+https://cafe.example)",
            ),
            ({"SITE_NAME": "新聞"}, "image keeper"),
            ({"IMAGE_USER_AGENT": "Own/1.0"}, "Own/1.0"),
        ],
    )
    def test_image_requests_name_the_site(
        self, site: Path, variables: dict[str, str], expected: str
    ) -> None:
        assert read(site, "s.IMAGE_USER_AGENT", **variables) == expected


class TestDatabase:
    def test_sqlite_pragmas_in_force(self, site: Path) -> None:
        script = (
            "import django; django.setup(); from django.db import connection as c; "
            "q = lambda name: c.cursor().execute('PRAGMA ' + name).fetchone()[0]; "
            "print(*map(q, ('journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout')), "
            "c.transaction_mode); c.close()"
        )
        answer = run(site, "-c", script, DJANGO_SETTINGS_MODULE="newsroom.settings")
        # Synchronous 1 is NORMAL; the timeout is in milliseconds.
        assert answer.stdout.split() == ["wal", "1", "1", "20000", "IMMEDIATE"], answer.stderr

    def test_sqlite_path_is_relative_to_the_site(self) -> None:
        assert database("sqlite:///news.db", 0)["NAME"] == str(ROOT / "news.db")
        assert database("sqlite:////srv/news.db", 0)["NAME"] == "/srv/news.db"
        assert database("sqlite://:memory:", 0)["NAME"] == ":memory:"

    def test_url_options_win(self) -> None:
        assert database("sqlite:///news.db?timeout=5", 0)["OPTIONS"]["timeout"] == 5

    def test_postgres(self) -> None:
        config = database(POSTGRES_URL, 0)
        assert config["ENGINE"] == "django.db.backends.postgresql"
        assert (config["HOST"], config["PORT"], config["NAME"]) == ("db.example", 5433, "news")
        assert (config["USER"], config["PASSWORD"]) == ("newsroom", "secret")
        assert config["CONN_MAX_AGE"] > 0
        assert config["CONN_HEALTH_CHECKS"] is True
        assert "pool" not in config["OPTIONS"]

    def test_postgres_pool(self) -> None:
        config = database(POSTGRES_URL, 8)
        assert config["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 8, "timeout": 5}
        assert config["CONN_MAX_AGE"] == 0

    def test_url_in_a_file(self, site: Path) -> None:
        (site / "url").write_text(POSTGRES_URL + "\n")
        assert read(site, "s.DATABASES['default']['NAME']", DATABASE_URL_FILE="url") == "news"

    @pytest.mark.postgres
    @pytest.mark.django_db
    def test_pool_connects(self, site: Path) -> None:
        url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/postgres"
        script = (
            "import django; django.setup(); from django.db import connection as c; "
            "print(c.cursor().execute('SELECT 1').fetchone()[0]); c.close(); c.close_pool()"
        )
        answer = run(
            site,
            "-c",
            script,
            DJANGO_SETTINGS_MODULE="newsroom.settings",
            DATABASE_URL=url,
            DATABASE_POOL="2",
        )
        assert answer.stdout.strip() == "1", answer.stderr

    @pytest.mark.django_db
    def test_tests_run_on_the_chosen_database(self) -> None:
        expected = "postgresql" if "postgres" in os.environ.get("DATABASE_URL", "") else "sqlite"
        assert connection.vendor == expected


class TestCache:
    def test_default_is_memory(self, site: Path) -> None:
        backend = read(site, "s.CACHES['default']['BACKEND']")
        assert backend == "django.core.cache.backends.locmem.LocMemCache"

    @pytest.mark.parametrize("scheme", ["redis", "rediss"])
    def test_redis_without_another_library(self, scheme: str) -> None:
        url = f"{scheme}://:secret@cache.example:6380/2"
        assert cache(url) == {
            "BACKEND": "newsroom.tolerant_cache.TolerantRedisCache",
            "LOCATION": url,
        }

    def test_redis_keeps_a_value(self, site: Path) -> None:
        url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
        script = (
            "import django; django.setup(); from django.core.cache import cache; import uuid; "
            "key = uuid.uuid4().hex; cache.set(key, 'kept', 5); print(cache.get(key)); "
            "cache.delete(key); cache.close()"
        )
        answer = run(site, "-c", script, DJANGO_SETTINGS_MODULE="newsroom.settings", CACHE_URL=url)
        if "ConnectionError" in answer.stderr:
            pytest.skip(f"no Redis answers at {url}")
        assert answer.stdout.strip() == "kept", answer.stderr


class TestServers:
    @pytest.mark.parametrize("module", ["newsroom.wsgi", "newsroom.asgi"])
    def test_find_the_application(self, module: str) -> None:
        assert callable(import_module(module).application)


class TestStaticFiles:
    FILE = "/static/admin/css/base.css"

    def test_served_without_preparation(self, client: Client) -> None:
        assert settings.DEBUG is False
        response = client.get(self.FILE)
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/css")
        assert b"".join(response)

    def test_collected_under_hashed_names(self, site: Path) -> None:
        # Compressing everything takes half a minute, mainly for the API's documentation.
        ignored = ("drf_spectacular_sidecar", "vendor", "*.js")
        flags = [word for name in ignored for word in ("--ignore", name)]
        answer = manage(site, "collectstatic", "--no-input", *flags, STATIC_ROOT="collected")
        assert answer.returncode == 0, answer.stderr
        names = {path.name for path in (site / "collected/admin/css").glob("base.*")}
        # The plain file, its hashed copy, and both in two compressed forms.
        assert len(names) == 6, names


@pytest.mark.django_db
class TestHeaders:
    def test_on_every_page(self, client: Client) -> None:
        response = client.get("/admin/login/")
        assert response.status_code == 200
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in response.headers["Permissions-Policy"]

    @pytest.mark.parametrize("path", ["/admin/login/", "/no-such-page/"])
    def test_content_security_policy_is_strict(self, client: Client, path: str) -> None:
        policy = client.get(path).headers["Content-Security-Policy"]
        directives = policy.split("; ")
        assert "default-src 'self'" in directives
        assert "img-src 'self' data:" in directives
        assert "frame-src 'none'" in directives
        assert "unsafe" not in policy

    def test_foreign_host_is_refused(self, client: Client) -> None:
        assert client.get("/admin/login/", headers={"host": "evil.example"}).status_code == 400


class TestMail:
    def test_server(self) -> None:
        config = mail("smtp+tls://user:p%40ss@mail.example:587")
        assert config["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
        assert (config["EMAIL_HOST"], config["EMAIL_PORT"]) == ("mail.example", 587)
        assert (config["EMAIL_HOST_USER"], config["EMAIL_HOST_PASSWORD"]) == ("user", "p@ss")
        assert config["EMAIL_USE_TLS"]

    def test_printed_by_default(self) -> None:
        assert mail("consolemail://")["EMAIL_BACKEND"].endswith("console.EmailBackend")
