"""Servers for the watching benchmark, in a process of their own: so their work is not counted as ours.

`python -m tests.bench.watch_servers real DIRECTORY` serves repositories over TLS, `canned` answers every look with the
same bytes. Each prints its port and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from actors.source import wire
from tests.fakes.gitserver import GitServer
from tests.fakes.loopback_tls import server_context

_SHA = "5" * 40
_LIMIT_S = 600


def serve_real(directory: Path) -> None:
    """The repositories below the directory, by git itself, until standard input ends."""
    with GitServer(directory / "repos", tls=server_context(directory / "tls")) as server:
        print(server.port, flush=True)
        sys.stdin.read()


async def serve_canned() -> None:
    """The answer of a repository with one branch, to whatever is asked."""
    body = (
        wire.packet(f"{_SHA} HEAD symref-target:refs/heads/main\n")
        + wire.packet(f"{_SHA} refs/heads/main\n")
        + wire.FLUSH
    )
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\nCache-Control: no-cache\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    answer = head.encode() + body

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _LIMIT_S)
                for line in request.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1] == "real":
        serve_real(Path(sys.argv[2]))
    else:
        asyncio.run(serve_canned())
