"""Which processes are running."""

from __future__ import annotations

import os
import subprocess
import sys

from newsroom.processes import this_process


class TestProcess:
    def test_this_one_is_here_and_running(self) -> None:
        process = this_process()
        assert process.pid == os.getpid()
        assert process.is_here
        assert process.is_running()

    def test_of_another_host_is_not_here(self) -> None:
        assert not this_process()._replace(host="elsewhere.example").is_here

    def test_zombie_is_not_running(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        process = this_process()._replace(pid=child.pid, begun=0)
        assert process.is_running()
        child.kill()
        # Wait for its end, but leave its status for the parent: it stays a zombie.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not process.is_running()
        child.communicate()
        assert not process.is_running()

    def test_with_a_reused_id_is_another_one(self) -> None:
        process = this_process()
        assert process.begun
        assert not process._replace(begun=process.begun + 1).is_running()
        assert process._replace(begun=0).is_running()
