"""Topics and providers, from their own files and from the documents that mention them.

Names must not depend on the order of import. A provider takes its name from its latest document,
and a topic takes the spelling that sorts first. A catalog file overrides both, and editors override
everything: a value that differs from ``source``, the values of the last import, was set by an
editor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import count
from typing import Any, Final, TypeVar

from django.db import models

from articles.documents import (
    ArticleDocument,
    DocumentProvider,
    ProviderDocument,
    TopicDocument,
    iso,
    topic_key,
)
from articles.models.topic import FormerTopicSlug, Topic
from newsroom import bulk
from providers.models import FormerDomain, Provider

_Row = TypeVar("_Row", Provider, Topic)


_UNKNOWN: Final[dict[str, Any]] = {"name": "", "name_rank": [], "logos": [], "logos_rank": []}


def _with(
    source: dict[str, Any], provider: DocumentProvider | ProviderDocument, rank: list[Any]
) -> dict[str, Any]:
    """Return a provider's source, updated from a document unless its current values rank higher.

    A rank is ``[from a catalog file, time of the document, its slug, its URL]``; for logos, whether
    a page can show them comes first.
    """
    # If a document has no usable name, its domain is used; any other name is better.
    name_rank = rank if provider.name != provider.domain else [False]
    if name_rank >= source["name_rank"]:
        source = source | {"name": provider.name, "name_rank": name_rank}
    if provider.images:
        logos = [
            {"url": logo.url, "width": logo.width, "height": logo.height}
            for logo in provider.images
        ]
        logos_rank = [any(logo.url[:1] != "/" for logo in provider.images), *rank]
        if logos_rank >= source["logos_rank"]:
            source = source | {"logos": logos, "logos_rank": logos_rank}
    return source


def store_providers(mentions: Iterable[tuple[ArticleDocument, str]]) -> dict[str, int]:
    """Create or update the providers that documents mention; return primary keys by domain.

    ``mentions`` are documents with their slugs. Needs two to four queries, or none.
    """
    found: dict[str, list[tuple[DocumentProvider, list[Any]]]] = {}
    for document, slug in mentions:
        rank = [False, iso(document.published_at), slug, document.url]
        # A document's own provider comes last and so overrides those of its entries.
        for said in (*(entry.provider for entry in document.related), document.provider):
            found.setdefault(said.key, []).append((said, rank))
    if not found:
        return {}
    known = by_domain(found)
    created: list[Provider] = []
    refreshed: list[Provider] = []
    # With a former domain, a provider may occur twice: update it once.
    by_row: dict[int | str, tuple[Provider, list[tuple[DocumentProvider, list[Any]]]]] = {}
    for domain, named in found.items():
        row = known.get(domain) or Provider(domain=domain)
        by_row.setdefault(row.pk or domain, (row, []))[1].extend(named)
    for row, named in by_row.values():
        source = _UNKNOWN | row.source
        for provider, rank in named:
            source = _with(source, provider, rank)
        if _refresh(row, source, ("name", "logos")):
            (refreshed if row.pk else created).append(row)
    _bulk_write(Provider, created, refreshed, ["name", "logos", "source"])
    return {domain: one.pk for domain, one in known.items()} | {
        one.domain: one.pk for one in created
    }


def by_domain(domains: Iterable[str]) -> dict[str, Provider]:
    """Return the locked providers that have or had these domains, by requested domain."""
    known = _locked(Provider).in_bulk(domains, field_name="domain")
    if missing := set(domains) - known.keys():
        former = FormerDomain.objects.filter(domain__in=missing)
        moved = dict(former.values_list("domain", "provider"))
        rows = _locked(Provider).in_bulk(moved.values())
        known |= {domain: rows[pk] for domain, pk in moved.items()}
        # Use the same object for the same row.
        rows = {row.pk: row for row in known.values()}
        known = {domain: rows[row.pk] for domain, row in known.items()}
    return known


def known_digests() -> set[str]:
    """Return the digests of the catalog files that topics and providers come from. Two queries."""
    return {
        digest
        for model in (Topic, Provider)
        for digest in model._default_manager.values_list("source__digest", flat=True)
        if digest
    }


def store_provider_file(document: ProviderDocument, digest: str, file_name: str = "") -> None:
    """Create or update a provider from its catalog file.

    If its file now has another domain, the provider gets that domain. Former domains are not
    assigned again, so two files that disagree do not rename it back and forth.
    """
    domain = document.key
    provider = by_domain([domain]).get(domain)
    has_moved = False
    if provider is None:
        provider = _of_file(file_name, document.name) or Provider(domain=domain)
        has_moved = True
    source = _UNKNOWN | provider.source
    # A newer version of the file replaces the older logos, whatever their rank.
    if source["logos_rank"][1:2] == [True]:
        source["logos_rank"] = []
    source = _with(source, document, [True, "", "", ""])
    given = provider.source.setdefault("domain", provider.domain)
    source |= {
        "description": document.description or "",
        "domain": domain if has_moved else given,
        "file": file_name,
        "digest": digest,
    }
    if _refresh(provider, source, ("name", "logos", "description", "domain")):
        provider.save()
    if has_moved and provider.domain != domain:
        # An editor's domain is kept, but documents use the domain in the file.
        FormerDomain.objects.create(domain=domain, provider=provider)


def _of_file(file_name: str, name: str) -> Provider | None:
    """Return the provider that moved to a new domain, locked; None if the provider is new.

    It is the same provider if its file still has the same file name and gives the same name.
    """
    if not file_name:
        return None
    of_file = _locked(Provider).filter(source__file=file_name)
    found = [one for one in of_file if one.source.get("name") == name]
    return found[0] if len(found) == 1 else None


def store_topics(names: Iterable[str]) -> dict[str, int]:
    """Create the topics that documents name for the first time; return primary keys by key."""
    spellings: dict[str, str] = {}
    for name in names:
        key = topic_key(name)
        spellings[key] = min(name, spellings.get(key, name))
    known = _locked(Topic).in_bulk(spellings, field_name="key")
    created: list[Topic] = []
    refreshed: list[Topic] = []
    for key, name in spellings.items():
        topic = known.get(key) or Topic(key=key, slug=key)
        said = topic.source.get("name")
        if topic.source.get("is_file") or (said is not None and said <= name):
            continue
        source = topic.source | {"name": name, "slug": topic.source.get("slug", key)}
        if _refresh(topic, source, ("name",)):
            (refreshed if topic.pk else created).append(topic)
    # A catalog file may have given a topic the slug that another topic would get from its name.
    slugs = [topic.slug for topic in created]
    taken = {
        *Topic.objects.in_bulk(slugs, field_name="slug"),
        *FormerTopicSlug.objects.in_bulk(slugs),
    }
    new = set(slugs) - taken
    for topic in created:
        if topic.slug in taken:
            topic.slug = topic.source["slug"] = _free_slug(topic, new)
            new.add(topic.slug)
    _bulk_write(Topic, created, refreshed, ["name", "source"])
    return {topic.key: topic.pk for topic in (*known.values(), *created)}


def _free_slug(topic: Topic, taken: Collection[str] = ()) -> str:
    """Return the first numbered slug that no other topic has, had or is about to get."""
    for number in count(2):
        slug = f"{topic.slug[:190]}-{number}"
        if slug not in taken and not Topic.objects.called(slug).exists():
            return slug
    raise AssertionError


def store_topic_file(document: TopicDocument, digest: str) -> str:
    """Create or update a topic from its catalog file, and its parent if it is new.

    A topic is identified by its name. If the ``_id`` in its file has changed, its slug changes and
    the former one redirects. Return a message if the topic cannot have the slug of its ``_id``,
    else "".

    Raise ValueError if the file contradicts another: it has the same ``_id``, or the parents form a
    cycle.
    """
    key = topic_key(document.name)
    wanted = slug = document.id or key
    message = ""
    topic = _locked(Topic).filter(key=key).first() or Topic(key=key, slug=slug)
    other = Topic.objects.called(slug).exclude(key=key).first()
    if other and document.id and other.slug == slug and other.source.get("is_file"):
        raise ValueError(f"the topic {other.name} already has the _id {slug}: choose another one")
    if other:
        # A slug that led to one topic never leads to another.
        slug = _free_slug(topic) if topic._state.adding else topic.source.get("slug", topic.slug)
        if document.id:
            message = (
                f"the address {wanted} leads to the topic {other.name}: "
                f"this one keeps {slug}; choose another _id"
            )
        if topic._state.adding:
            topic.slug = slug
    elif not topic._state.adding and topic.former_slugs.filter(slug=slug).exists():
        # Former slugs are not assigned again, so two files that disagree do not rename it back and
        # forth.
        slug = topic.source.get("slug", topic.slug)
    parent = topic_key(document.parent) if document.parent else None
    source = {
        "name": document.name,
        "slug": slug,
        "short_name": document.short_name or "",
        "keywords": list(document.keywords),
        "hashtags": list(document.hashtags),
        "parent": parent,
        "is_file": True,
        # The next import reports again a file that does not get the slug it requests.
        "digest": "" if message else digest,
    }
    parent_before = topic.source.get("parent")
    unedited = topic._state.adding or (topic.parent and topic.parent.key) == parent_before
    _check_circle(key, parent)
    if not _refresh(topic, source, ("name", "slug", "short_name", "keywords", "hashtags")):
        return message
    if document.parent and unedited:
        store_topics([document.parent])
        topic.parent = Topic.objects.get(key=parent)
    elif unedited:
        topic.parent = None
    topic.save()
    return message


def _check_circle(key: str, parent: str | None) -> None:
    seen = {key}
    while parent is not None:
        if parent in seen:
            raise ValueError("its parents form a circle: change one of them")
        seen.add(parent)
        above = Topic.objects.filter(key=parent).select_related("parent").first()
        parent = above.parent.key if above and above.parent else None


def _locked(model: type[_Row]) -> models.QuerySet[_Row]:
    """Return rows locked against changes by editors; links to them can still be saved."""
    return model._default_manager.select_for_update(of=("self",), no_key=True).order_by("pk")


def _refresh(row: Provider | Topic, source: dict[str, Any], fields: tuple[str, ...]) -> bool:
    """Update a row from its source, except an editor's changes; return whether it changed."""
    before = row.source
    if source == before:
        return False
    for name in fields:
        said, stands = source[name], getattr(row, name)
        if row._state.adding or stands == before.get(name, type(said)()):
            setattr(row, name, said)
    row.source = before | source
    return True


def _bulk_write(
    model: type[Provider] | type[Topic],
    created: list[Any],
    refreshed: list[Any],
    fields: list[str],
) -> None:
    """Insert new rows, which already have primary keys, and update ``fields`` of the others."""
    for row, pk in zip(created, bulk.reserve_ids(model, len(created)), strict=True):
        row.pk = pk
    model._default_manager.bulk_create(created)
    bulk.update(
        model, fields, [(*(getattr(row, name) for name in fields), row.pk) for row in refreshed]
    )
