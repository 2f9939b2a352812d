"""What a stranger's code tries, and how it fails."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator

import pytest

from actors.engines.docker_calls import Docker
from actors.errors import VankaError
from actors.sandbox.wall import own_addresses
from tests.actors.sandbox.stranger import Stranger

pytestmark = pytest.mark.docker


def test_fork_bomb_meets_the_bound_of_processes(stranger: Stranger) -> None:
    bomb = """\
import os, time
made = 0
try:
    while made < 5000:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    print("stopped after", made, error.strerror)
    raise SystemExit(9)
"""
    answer = stranger.run(bomb, for_s=20)
    assert answer["exit_code"] == 9
    assert int(answer["output"].split()[2]) < 64


def test_disk_cannot_be_filled_beyond_the_guests_own_bound(stranger: Stranger) -> None:
    filler = """\
import os
block, written = b"x" * (1 << 20), 0
try:
    with open("/work/filler", "wb") as file:
        while written < 4000:
            file.write(block)
            file.flush()
            written += 1
except OSError as error:
    print(error.strerror, written)
    raise SystemExit(9)
"""
    answer = stranger.run(filler, for_s=60)
    assert answer["exit_code"] == 9, answer
    assert "No space left on device" in answer["output"]
    assert int(answer["output"].split()[-1]) <= 256
    for place in ("/", "/usr", "/etc", "/var", "/source", "/dev/shm"):
        tried = stranger.run(command=(f"echo x >{place}/file",))
        assert tried["exit_code"] != 0, place


def test_memory_beyond_the_bound_ends_the_guest_and_nobody_else(stranger: Stranger) -> None:
    answer = stranger.run("held = [bytearray(1 << 24) for _ in range(200)]\nprint('got it')\n", for_s=60)
    assert answer["exit_code"] != 0
    assert "got it" not in answer["output"]


def test_flood_of_output_is_bounded_on_disk_and_in_what_is_told(stranger: Stranger) -> None:
    flood = "import sys\nblock = b'x' * 99 + b'\\n'\nwhile True: sys.stdout.buffer.write(block * 10000)\n"
    told: list[int] = []
    sizes: list[int] = []

    def hear(text: str) -> None:
        told.append(len(text))
        sizes.append(sum(file.stat().st_size for file in (stranger.home / "sandbox").rglob("*.log*")))

    answer = stranger.run(flood, for_s=5, on_output=hear)
    assert answer["steps"][0]["limit"]
    assert sum(told) < 2 * 2**20
    assert len(answer["steps"][0]["lines"]) == 30
    assert max(sizes) < 32 * 2**20


def test_one_line_without_an_end_costs_no_memory(stranger: Stranger) -> None:
    answer = stranger.run("import sys\nfor _ in range(30): sys.stdout.write('x' * (1 << 20))\n", for_s=30)
    assert answer["steps"][0]["line_count"] == 0
    assert sum(map(len, answer["steps"][0]["lines"])) < 2000


def test_nothing_of_ours_is_there_to_be_read(stranger: Stranger) -> None:
    secret = stranger.home / "secret.key"
    secret.write_text("tell-nobody")
    look = f"""\
import os, pathlib
print(sorted(os.environ))
for place in ("/data", "{stranger.home}", "/var/run/docker.sock", "/run/docker.sock", "/proc/1/root/data"):
    print(place, os.path.exists(place))
print("uid", os.getuid(), "caps", [line for line in open("/proc/self/status") if line.startswith("CapEff")])
print("nnp", [line for line in open("/proc/self/status") if line.startswith("NoNewPrivs")])
"""
    answer = stranger.run(look)
    output = answer["output"]
    assert "VANKA" not in output
    assert "True" not in output
    assert "uid 10001" in output
    assert "0000000000000000" in output
    assert "NoNewPrivs:\\t1" in output
    mounts = stranger.run(command=("cat /proc/mounts",))["output"]
    assert str(stranger.home) not in mounts
    assert "docker.sock" not in mounts


def test_privileges_cannot_be_gained(stranger: Stranger) -> None:
    for text in (
        "mount -t tmpfs none /mnt",
        "unshare -r true && unshare -m mount -t tmpfs none /work",
        "su -c id",
        "mknod /work/disk b 8 0",
        "echo 1 >/proc/sys/kernel/panic",
        "chroot / id",
    ):
        assert stranger.run(command=(text,))["exit_code"] != 0, text


def test_links_in_the_repository_lead_nowhere_outside_of_its_container(stranger: Stranger) -> None:
    secret = stranger.home / "secret.key"
    secret.write_text("tell-nobody")
    stranger.repo.commit({"main.py": "print(open('inside').read())\n"}, "link", links={"inside": str(secret)})
    with pytest.raises(VankaError) as refused:
        stranger.sandbox.run(stranger.url, network=False)
    assert "tell-nobody" not in refused.value.message


def test_command_that_kills_its_own_limit_is_ended_from_outside(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.sandbox.command.MARGIN_S", 1.0)
    monkeypatch.setattr("actors.sandbox.command.GRACE_S", 1)
    killer = """\
import os, signal, time
for name in os.listdir("/proc"):
    if name.isdecimal() and b"timeout" in open(f"/proc/{name}/cmdline", "rb").read().split(b"\\0")[0]:
        os.kill(int(name), signal.SIGSTOP)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("free", flush=True)
time.sleep(600)
"""
    answer = stranger.run(killer, for_s=2, test=False)
    assert "free" in answer["output"]
    assert answer["exit_code"] is None
    assert answer["steps"][0]["limit"]


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.reached.append(self.client_address[0])  # type: ignore[attr-defined]  # set below
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def machine() -> Iterator[http.server.ThreadingHTTPServer]:
    """Something of this machine's own that listens on every address of it."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), _Answer)
    server.reached = []  # type: ignore[attr-defined]  # who came
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


KNOCK = """\
import socket, struct, sys
port = int(sys.argv[1])
with open("/proc/net/route") as table:
    rows = [line.split() for line in table][1:]
gateways = {socket.inet_ntoa(struct.pack("<I", int(row[2], 16))) for row in rows if row[1] == "00000000"}
for address in sorted(gateways | set(sys.argv[2:])):
    try:
        with socket.create_connection((address, port), timeout=3):
            print(address, "REACHED")
    except OSError as error:
        print(address, "refused")
"""


def test_network_of_its_own_does_not_lead_to_this_machine(
    stranger: Stranger, machine: http.server.ThreadingHTTPServer, docker: Docker
) -> None:
    port = str(machine.server_address[1])
    addresses = sorted(own_addresses())
    answer = stranger.run(KNOCK, ("python", "main.py", port, *addresses), network=True, for_s=60)
    assert answer["exit_code"] == 0, answer
    assert "refused" in answer["output"]
    assert "REACHED" not in answer["output"], answer["output"]
    assert machine.reached == []  # type: ignore[attr-defined]  # set by the fixture


def test_without_a_network_there_is_none(stranger: Stranger) -> None:
    answer = stranger.run("import socket\nprint([name for _, name in socket.if_nameindex()])\n", network=False)
    assert answer["output"] == "['lo']"


def test_two_guests_do_not_see_each_other(stranger: Stranger) -> None:
    """Each has a bridge of its own; there is nobody else on it."""
    answer = stranger.run("import socket\nsocket.gethostbyname('vanka-guest')\n", network=True, for_s=30)
    assert answer["exit_code"] != 0


def test_service_runs_as_somebody_who_could_reach_the_socket_and_the_guest_cannot(stranger: Stranger) -> None:
    assert os.path.exists("/var/run/docker.sock")
    assert stranger.run(command=("ls /var/run/docker.sock /run/docker.sock",))["exit_code"] != 0
