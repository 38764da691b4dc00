"""Run Python commands of a newsroom as forks of one process, which has imported Django already.

Starting Python and importing the project takes longer than what most commands of tests do.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
from tempfile import TemporaryFile

import django
from django.apps import apps

Request = tuple[dict[str, str], str, tuple[str, ...]]
"""The environment, the current folder, and the words after ``python``: ``-m MODULE …``,
``-c CODE`` or ``PATH …``."""
Outcome = tuple[int, str, str]
"""The exit status, negative for a signal; what it wrote to standard output and standard error."""


def run(request: Request) -> Outcome:
    """Fork, run a command, and wait for it. All requests have the same environment."""
    environment, folder, command = request
    if not apps.ready:
        os.chdir(folder)
        sys.path.insert(0, folder)
        os.environ.clear()
        os.environ.update(environment)
        django.setup()
        gc.freeze()
    with TemporaryFile() as output, TemporaryFile() as errors, TemporaryFile() as nothing:
        child = os.fork()
        if not child:
            for number, file in enumerate((nothing, output, errors)):
                os.dup2(file.fileno(), number)
            _become(command)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        errors.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode(), errors.read().decode()


def _become(command: tuple[str, ...]) -> None:
    """Run a command as the main program, then end as Python ends."""
    match command:
        case ("-c", code):
            sys.argv = ["-c"]
            exec(code, {"__name__": "__main__"})  # noqa: S102 - the code of a test
        case ("-m", module, *words):
            sys.argv = [module, *words]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case (path, *words):
            sys.argv = [path, *words]
            runpy.run_path(path, run_name="__main__")
    sys.exit()
