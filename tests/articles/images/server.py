"""A local server for which a test chooses each response, down to the byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

Answer = Callable[[socket.socket], None]
"""Writes a response, or part of one, to a connection."""


@dataclass
class Request:
    """A request that the server received."""

    path: str
    headers: dict[str, str]
    """The headers, with lower-case names."""
    body: bytes = b""
    method: str = "GET"


@dataclass
class Server:
    """Answers each path with the response that ``put()`` set, and all others with 404."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    @property
    def exempt(self) -> frozenset[tuple[str, int]]:
        """The value of OUTBOUND_EXEMPT that permits requests to this server only."""
        return frozenset({("127.0.0.1", self.port)})

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, answer: Answer | bytes) -> str:
        """Set the response, or the image, for ``path`` and return its URL."""
        self.answers[path] = answer if callable(answer) else reply(answer)
        return self.url(path)

    def paths(self) -> list[str]:
        """Return the requested paths, in order."""
        return [request.path for request in self.requests]


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> Answer:
    """Return a response. ``headers`` such as ``Content_Type`` may replace the correct length."""
    lines = {"Content-Length": str(len(body)), "Content-Type": "image/jpeg"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}

    def write(connection: socket.socket) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    return write


def redirect(location: str, status: str = "302 Found") -> Answer:
    """Make a redirect."""
    return reply(status=status, Location=location)


def raw(data: bytes) -> Answer:
    """Return a response that consists of exactly these bytes."""
    return lambda connection: connection.sendall(data)


def drip(start: bytes, piece: bytes) -> Answer:
    """Write ``start``, then ``piece`` repeatedly until the client disconnects."""

    def write(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.settimeout(_PAUSE)
        # Wait for the client to disconnect, which ends recv() immediately.
        while True:
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                connection.sendall(piece)

    return write


def flood(start: bytes) -> Answer:
    """Write ``start``, then an endless stream of zeros."""

    def write(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(bytes(1 << 16))

    return write


_PAUSE: Final = 0.02  # seconds


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on a port of 127.0.0.1 until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listener, server), daemon=True)
        thread.start()
        yield server
        # Closing the socket alone would not end accept().
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, server: Server) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, server), daemon=True).start()


def _answer(connection: socket.socket, server: Server) -> None:
    with connection:
        connection.settimeout(30)
        try:
            head = b""
            while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
                head += piece
            head, end, body = head.partition(b"\r\n\r\n")
            if not end:
                # The client was killed before it sent a request.
                return
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            pairs = (line.partition(": ") for line in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            while len(body) < int(headers.get("content-length", 0)):
                if not (piece := connection.recv(1 << 16)):
                    return
                body += piece
            method, path, _ = first.split()
            request = Request(path, headers, body, method)
            server.requests.append(request)
            server.answers.get(request.path, reply(status="404 Not Found"))(connection)
        except OSError:
            # The client disconnected, which some of these responses are meant to cause.
            pass
