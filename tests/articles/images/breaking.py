"""A render process that fails in the way that the request asks for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from articles.images import render_process

answer = render_process.answer


def broken(data: bytes, decoded: Callable[[], None]) -> object:
    match data:
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"end":
            os._exit(3)
        case b"spin":
            while True:
                pass
        case b"spin later":
            decoded()
            while True:
                pass
        case b"wait":
            signal.pause()
        case b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"eat":
            return bytearray(render_process.MEMORY)
        case b"noise":
            os.write(1, b"noise on the pipe")
            os._exit(0)
    return data


render_process.__dict__.update(render=broken, DECODE_SECONDS=0.05, ENCODE_SECONDS=0.05)
