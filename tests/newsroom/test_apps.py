"""Commands that need no pages do not load the admin."""

import subprocess
import sys

PROGRAM = """
import sys
import django
from django.core import checks
from django.core.management import load_command_class

django.setup()
load_command_class("articles", "import_seeds")
before = "articles.admin" in sys.modules
checks.run_checks(tags=[checks.Tags.admin])
print(before, "articles.admin" in sys.modules)
"""


def test_the_admin_is_loaded_by_its_checks_but_not_by_an_import() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
