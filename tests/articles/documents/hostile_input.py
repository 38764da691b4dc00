"""Hostile documents, and a program that reads them all with limited memory.

The tests run this module in a separate process, because these documents try to kill the
process. It prints the messages as a JSON object.
"""

import json
import resource
import sys
from pathlib import Path

from articles.documents import MAX_BYTES, DocumentError, parse

MEMORY = 100 * 1024 * 1024
"""Bytes of memory that reading may add to those of the started program."""
SECONDS = 20
"""Seconds of processor time for all documents; a busy machine makes no difference."""
ROOM = MAX_BYTES - 100
"""Bytes of hostile text that keep a document below the limit on its size."""


def fenced(front_matter: str) -> bytes:
    """Return a document with this front matter."""
    return f"---\n{front_matter}\n---\n\n".encode()


def titled(title: str) -> bytes:
    """Return a document with only this title, in double quotes."""
    return fenced(f'title: "{title}"')


def alias_bomb() -> str:
    """Return a "billion laughs": nine levels of nine aliases each."""
    levels = ['a0: &a0 ["lol","lol"]']
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(levels)


def merge_bomb() -> str:
    """Return merge keys that double at every level."""
    levels = ["a0: &a0 {k: v}"]
    levels += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 30)]
    return "\n".join(levels)


def merge_bomb_without_anchors() -> str:
    """Return only merge keys, written out."""
    return "a: " + "{<<: " * 25 + "{}" + "}" * 25


REFUSED = {
    # Maps a description to the document and part of its message.
    "aliases that multiply": (fenced(alias_bomb()), "cannot begin with &"),
    "merge keys that multiply": (fenced(merge_bomb()), "cannot begin with &"),
    "merge keys in one another": (fenced(merge_bomb_without_anchors()), "merge keys"),
    "an alias of itself": (fenced("a: &a [*a]"), "cannot begin with &"),
    "an alias alone": (fenced("a: *a"), "cannot begin with *"),
    "100,000 opening brackets": (fenced("a: " + "[" * 100_000), "deeper than 32"),
    "100,000 opening brackets closed": (fenced("[" * 100_000 + "]" * 100_000), "deeper than 32"),
    "opening braces": (fenced("{a: " * (ROOM // 4)), "deeper than 32"),
    "list in list": (fenced("- " * 100_000), "deeper than 32"),
    "indentation": (fenced("\n".join(" " * n + "a:" for n in range(700))), "deeper than 32"),
    "indented lists": (fenced("\n".join(" " * n + "-" for n in range(700))), "deeper than 32"),
    "keys in keys": (fenced("? " * 100_000), "expected a plain key"),
    "lists as keys": (fenced("[]: " * (ROOM // 4)), "expected a plain key"),
    "a long title": (titled("a" * ROOM), "expected at most 1,000"),
    "a long plain title": (fenced("title: " + "a" * ROOM), "expected at most 1,000"),
    "a long block title": (fenced("title: |\n  " + "a " * (ROOM // 2)), "expected at most 1,000"),
    "a long folded title": (fenced("title: a" + "\n  a" * (ROOM // 4)), "expected at most 1,000"),
    "a long escaped title": (titled("\\n" * (ROOM // 2)), "expected some text"),
    "a title of line separators": (titled("\u2028" * (ROOM // 3)), "some text"),
    "a long key": (fenced("a" * ROOM + ": 1"), "not YAML"),
    "a long explicit key": (fenced("? " + "a" * ROOM + "\n: 1"), "at most 100"),
    "a long number": (fenced("quality: " + "9" * ROOM), "expected a whole number"),
    "a long number in a text": (fenced("title: 1" + "_1" * (ROOM // 2)), "expected a string"),
    "a long time of day": (fenced("title: 1" + ":59" * (ROOM // 3) + "x"), "at most 1,000"),
    "a long date": (fenced("publishedDateTime: " + "2" * ROOM), "expected a time"),
    "a long URL": (fenced(f'webUrl: "https://{"a" * ROOM}"'), "URL too long"),
    "a long domain": (
        fenced("provider: {name: a, domain: " + "a-" * (ROOM // 2 - 30) + "a}"),
        "expected at most 1,000",
    ),
    "double quotes": (fenced('"' * ROOM), "not YAML"),
    "double quotes around a title": (titled('"' * ROOM), "not YAML"),
    "single quotes": (fenced("'" * ROOM), "expected keys and values"),
    "colons": (fenced(":" * ROOM), "not YAML"),
    "colons and spaces": (fenced(": " * (ROOM // 2)), "not YAML"),
    "keys on one line": (fenced("a: " * (ROOM // 3)), "not YAML"),
    "keys in braces": (fenced("{" + '"a":' * (ROOM // 4)), "not YAML"),
    "quoted keys without end": (fenced('a: "x" ' * (ROOM // 7)), "not YAML"),
    "commas": (fenced("[" + "," * ROOM), "not YAML"),
    "number signs": (fenced("#" * ROOM), "expected keys and values"),
    "exclamation marks": (fenced("!" * ROOM), "anchors and tags are not allowed"),
    "ampersands": (fenced("&" * ROOM), "not YAML"),
    "bars": (fenced("|" * ROOM), "not YAML"),
    "percent signs": (fenced("%" * ROOM), "not YAML"),
    "tag directives": (fenced("".join(f"%TAG !a{n}! b\n" for n in range(15_000))), "not YAML"),
    "tabs": (fenced("\t" * ROOM), "a tab"),
    "spaces": (fenced(" " * ROOM), "expected keys and values"),
    "empty lines": (fenced("\n" * ROOM), "expected keys and values"),
    "fences": (b"---\n" * (ROOM // 4), "expected keys and values"),
    "almost fences": (b"---\n" + b"---a\n" * (ROOM // 5), "expected a closing line"),
    "YAML documents": (fenced("--- a\n" * (ROOM // 6)), "a second YAML document"),
    "many keys": (fenced("".join(f"k{n}: 1\n" for n in range(18_000))), "20,000 YAML events"),
    "many list items": (fenced("a:\n" + "- b\n" * (ROOM // 4)), "20,000 YAML events"),
    "many empty items": (fenced("a: [" + "1," * (ROOM // 2) + "]"), "20,000 YAML events"),
    "many mistakes": (fenced("topics: [" + "1," * 19_900 + "]"), "missing key title"),
    "many private-use characters": (
        fenced('title: "\u2028' + "".join(map(chr, range(0xF0000, 0xF0000 + 60_000))) + '"'),
        "expected at most 1,000",
    ),
    "more bytes than are read": (b"---\n" + b"a" * 300_000, "a document has at most"),
    "more bytes than are read, fenced": (titled("a" * 300_000), "at most 262,144"),
    "one byte more than is read": (b"\n" * (MAX_BYTES + 1), "262,145 bytes"),
}


def set_limits() -> None:
    """Limit processor time, and limit memory to MEMORY above its current use if that is known."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sizes = Path("/proc/self/statm")
    if sizes.exists():
        now = int(sizes.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def read_many_long_texts() -> None:
    """Read more long texts than fit in memory, one after another, so none may be kept."""
    for number in range(500):
        text = f"title: {number} {'a' * ROOM}"
        try:
            parse("hostile.md", fenced(text[:ROOM]))
        except DocumentError:
            pass


def main() -> None:
    set_limits()
    read_many_long_texts()
    messages = {}
    for name, (data, _) in REFUSED.items():
        try:
            parse("hostile.md", data)
        except DocumentError as error:
            messages[name] = [each.message for each in (error, *error.more)]
            messages[name] += [each.message for each in error.warnings]
    json.dump(messages, sys.stdout)


if __name__ == "__main__":
    main()
