"""Backups: one file with the database and the media, restored on SQLite or PostgreSQL.

The file is a tar, packed with gzip if its name says so. Its members, in this order:

- ``about.json``: format, version, database, migrations, time, and the columns of each table.
- ``tables/<table>/000000.jsonl``, …: the rows, ordered by primary key, one JSON list a line.
- ``media/…``: the files of the stored images.
- ``manifest.json``: the same as ``about.json``, with counts and digests. It comes last, so a file
  that was cut off has none.

``making.py`` writes it, and ``restoring.py`` restores it. ``archive.py`` knows the file, and
``tables.py`` the rows.
"""

from articles.backup.archive import BackupError
from articles.backup.making import Made, make
from articles.backup.restoring import Restored, in_words, restore
