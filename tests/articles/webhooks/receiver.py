"""A receiver of webhooks in a separate process, to be killed: ``receiver PORT LOG ODD``.

It fails every second one of the first ODD requests: errors, resets, garbage, late responses or
none. It writes each accepted event to a line of LOG before it answers.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from time import sleep
from typing import Final

ODD: Final = ("error", "reset", "garbage", "nothing", "slow", "busy", "cut")
_numbers = count()


class Handler(BaseHTTPRequestHandler):
    """Accepts or rejects events."""

    log: Path
    odd: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number = next(_numbers)
        how = ODD[number // 2 % len(ODD)] if number < self.odd and number % 2 else ""
        if how == "slow":
            sleep(0.5)
        elif how:
            self.answer_oddly(how)
            return
        with self.log.open("a") as file:
            line = {"headers": dict(self.headers.items()), "body": body.decode()}
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.send_response(204)
        self.end_headers()

    def answer_oddly(self, how: str) -> None:
        """Send a response that does not confirm the event."""
        self.close_connection = True
        if how == "error":
            self.send_error(500)
        elif how == "busy":
            self.send_response(503)
            self.send_header("Retry-After", "1")
            self.end_headers()
        elif how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif how == "garbage":
            self.wfile.write(b"\x00\xffgarbage\r\n" * 100)
        elif how == "cut":
            self.wfile.write(b"HTTP/1.1 204 No Con")

    def log_message(self, *_: object) -> None:
        """Suppress the log."""


if __name__ == "__main__":
    port, Handler.log, Handler.odd = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
