"""Where a stranger's code tries to get over the network, and how it fails."""

from __future__ import annotations

import http.server
import os

import pytest

from actors.engines.docker_calls import Docker
from actors.sandbox.wall import own_addresses
from tests.actors.sandbox.stranger import Stranger

pytestmark = pytest.mark.docker


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
