"""Take the screenshots in docs/screenshots: python -m docs.screenshots [--only NAME …]

Needs the development requirements and Chromium. Serves a separate demo from a temporary folder.
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import django
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import DESKTOP, PHONE, Look, find_chromium, launch

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from articles.models import Article

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "screenshots"
DOCUMENTS: Final = 300
LARGE: Final = 200_000
"""Pictures of more bytes are reduced to 256 colors."""
Cookie = tuple[str, str]


@dataclass(frozen=True)
class Shot:
    """A page to photograph. The demo must be running when ``address`` is called."""

    name: str
    address: Callable[[], str]
    looks: tuple[Look, ...] = (DESKTOP,)
    is_whole: bool = False
    """Whether to include the part of the page below the window."""
    fill: tuple[tuple[str, str], ...] = ()
    """Labels of fields and what to type into them before pressing the form's button."""
    status: int = 200


def newest_lead() -> Article:
    """Return the newest published article with at least two related articles."""
    # Models can be imported once Django is set up.
    from django.db.models import Count

    from articles.models import Article

    leads = Article.objects.published().annotate(size=Count("related_links"))
    return leads.filter(size__gte=2).newest_first()[0]


def _image_page() -> str:
    from articles.models import Article

    pictured = Article.objects.published().filter(images__position=0).newest_first()[0]
    return reverse("admin:articles_article_image", args=[pictured.pk, 0])


def _lead_page(name: str) -> Callable[[], str]:
    return lambda: reverse(f"admin:articles_article_{name}", args=[newest_lead().pk])


def _list_of(name: str, key: Callable[[Article], str]) -> Callable[[], str]:
    return lambda: reverse(f"articles:{name}", args=[key(newest_lead())])


def _queue(name: str, key: str) -> Callable[[], str]:
    return lambda: reverse(f"admin:{name}", args=[key])


SHOTS: Final = [
    Shot("front", lambda: reverse("articles:front"), (DESKTOP, PHONE)),
    Shot("latest", lambda: reverse("articles:latest"), (DESKTOP, PHONE)),
    Shot("topic", _list_of("topic", lambda lead: lead.topics.all()[0].slug), (DESKTOP, PHONE)),
    Shot("provider", _list_of("provider", lambda lead: lead.provider.domain), (DESKTOP, PHONE)),
    Shot("story-page", lambda: newest_lead().get_absolute_url(), (DESKTOP, PHONE)),
    Shot("search", lambda: f"{reverse('articles:search')}?q=trial", (DESKTOP, PHONE)),
    Shot("not-found", lambda: "/never-was/", (DESKTOP, PHONE), status=404),
    Shot("desk", lambda: reverse("admin:index"), (DESKTOP, PHONE), is_whole=True),
    Shot("queue", _queue("queue", "one-away")),
    Shot("list", lambda: reverse("admin:articles_article_changelist"), (DESKTOP, PHONE)),
    Shot("article", _lead_page("change"), (DESKTOP, PHONE), is_whole=True),
    Shot("image", _image_page, (DESKTOP, PHONE), is_whole=True),
    Shot("triage", _queue("articles_article_triage", "not-scored"), (DESKTOP, PHONE)),
    Shot("story", _lead_page("story"), (DESKTOP, PHONE), is_whole=True),
    Shot("receipt", _lead_page("receipt")),
    Shot("history", _lead_page("history")),
    Shot("policy", lambda: reverse("admin:articles_policyversion_changelist")),
    Shot(
        "trial",
        lambda: reverse("admin:articles_policyversion_try"),
        is_whole=True,
        fill=(("Threshold", "65"), ("Bonus", "8"), ("Note", "More stories with few reports.")),
    ),
]


def main() -> None:
    """Take all pictures, or those that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[shot.name for shot in SHOTS], metavar="NAME")
    chosen = parser.parse_args().only
    with tempfile.TemporaryDirectory() as folder:
        session = build_demo(Path(folder))
        addresses = {shot: shot.address() for shot in SHOTS if not chosen or shot.name in chosen}
        with serving() as home, sync_playwright() as playwright:
            browser = launch(playwright, find_chromium())
            for shot, address in addresses.items():
                for look in shot.looks:
                    for scheme in ("light", "dark"):
                        worn = Look(scheme, look.width, look.height)
                        with signed_in(browser, home, session, worn) as page:
                            take(page, address, shot, worn)
            browser.close()


def build_demo(folder: Path) -> Cookie:
    """Fill a database with sample documents and an administrator; return the session cookie."""
    os.environ |= {
        "ENV_FILE": "",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "DJANGO_SETTINGS_MODULE": "newsroom.settings",
    }
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("generate_seeds", folder / "seeds", count=DOCUMENTS, seed=1)
    try:
        call_command("import_seeds", ROOT / "seeds", folder / "seeds", verbosity=0)
    except SystemExit as stop:
        # 1 means that some documents were rejected; the others are enough.
        if stop.code != 1:
            raise
    from django.contrib.auth.models import User

    editor = User.objects.create_superuser("editor")
    decide(editor)
    call_command("draw_demo_pictures", stdout=io.StringIO())
    client = Client()
    client.force_login(editor)
    cookie = client.cookies["sessionid"]
    return cookie.key, cookie.value


def decide(editor: User) -> None:
    """Make a few decisions, so that no queue and no history is empty."""
    from articles import newsdesk
    from articles.models import Article

    now = timezone.now()
    published = list(Article.objects.published().newest_first()[:60])
    below = list(Article.objects.in_state(Article.State.BELOW).newest_first()[:4])

    def do(change: newsdesk.Change, reason: str = "") -> None:
        newsdesk.perform(change, by=editor, reason=reason)

    do(newsdesk.hold(published[3], until=now + timedelta(days=2)), "Waiting for a second source.")
    do(newsdesk.hold(below[0]), "The provider's numbers do not add up.")
    do(newsdesk.withdraw(published[5]), "Retracted by its provider.")
    do(newsdesk.schedule(published[6], begin=now + timedelta(days=1), end=None))
    do(newsdesk.publish(below[1]), "Important to our readers.")
    leads = [one for one in published[7:] if one.related_links.count() >= 2]
    do(newsdesk.set_quality(leads[0], (leads[0].quality or 0) + 3), "Two named sources.")


@contextmanager
def serving() -> Iterator[str]:
    """Serve the demo on a free port and yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if server.poll() is not None:
                    sys.exit("The server did not start.")
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def signed_in(browser: Browser, home: str, session: Cookie, look: Look) -> Iterator[Page]:
    """Yield a browser page on which the administrator is signed in."""
    with browser.new_context(base_url=home, reduced_motion="reduce") as context:
        context.add_cookies([{"name": session[0], "value": session[1], "url": home}])
        page = context.new_page()
        look.put_on(page)
        yield page


def take(page: Page, address: str, shot: Shot, look: Look) -> None:
    """Take one picture."""
    response = page.goto(address)
    if response is None or response.status != shot.status:
        sys.exit(f"{address} did not answer {shot.status}.")
    for label, value in shot.fill:
        page.get_by_label(label).fill(value)
    if shot.fill:
        page.get_by_role("button", name="Preview").click()
        page.wait_for_load_state()
    # Wait for the images on the page.
    page.wait_for_load_state("networkidle")
    picture = page.screenshot(full_page=shot.is_whole)
    kind = "-phone" if look.width == PHONE.width else ""
    path = FOLDER / f"{shot.name}{kind}-{look.scheme}.png"
    FOLDER.mkdir(exist_ok=True)
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.save(path, optimize=True)
    if path.stat().st_size > LARGE:
        image.quantize(256).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
