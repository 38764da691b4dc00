"""A mail server on this machine that keeps what it gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Queue
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, cast


class MailServer(ThreadingTCPServer):
    daemon_threads = True
    received: Queue[EmailMessage]
    is_refusing = False

    @property
    def url(self) -> str:
        """Return the value of ``EMAIL_URL`` for this server."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def next(self) -> EmailMessage:
        """Return the next mail; wait at most ten seconds for it."""
        return self.received.get(timeout=10)


class _Session(StreamRequestHandler):
    def handle(self) -> None:
        server = cast("MailServer", self.server)
        self.answer("220 mail.example")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.answer("354 go on")
                lines: list[bytes] = []
                while (text := self.rfile.readline()) not in {b".\r\n", b""}:
                    lines.append(text.removeprefix(b"."))
                message: Any = message_from_bytes(b"".join(lines), policy=policy.default)
                server.received.put(message)
            if verb == b"RCPT" and server.is_refusing:
                self.answer("550 no such mailbox")
            elif verb == b"QUIT":
                self.answer("221 bye")
                return
            else:
                self.answer("250 ok")

    def answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a server for the duration of the block."""
    with MailServer(("127.0.0.1", 0), _Session) as server:
        server.received = Queue()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
