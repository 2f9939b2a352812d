"""Keeps a stranger's network away from this machine: routes in the container's own network that lead nowhere.

The routes are set by a helper that joins the network before any of the stranger's code runs, and has the one privilege
that it takes; the stranger's container has none. The bridge's own end of the network, the addresses of this machine
and the addresses that clouds answer with secrets at are cut off; the way through the bridge to the internet is not.
"""

from __future__ import annotations

import re
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import Spec
from actors.errors import EngineError

LINK_LOCAL = "169.254.0.0/16"
FIB = Path("/proc/net/fib_trie")
MEMORY = 64 * 1024**2
_LOCAL = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")

# netlink by hand: RTM_NEWROUTE of type "unreachable" for each prefix; images have no tool for it
SCRIPT = """\
import ipaddress, socket, struct, sys
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
    link.bind((0, 0))
    for number, text in enumerate(sys.argv[1:], 1):
        net = ipaddress.ip_network(text)
        route = struct.pack("=BBBBBBBBI", 2, net.prefixlen, 0, 0, 254, 4, 0, 7, 0)
        route += struct.pack("=HH", 8, 1) + net.network_address.packed
        link.send(struct.pack("=IHHII", 16 + len(route), 24, 0x605, number, 0) + route)
        code = struct.unpack_from("=i", link.recv(4096), 16)[0]
        if code not in (0, -17):
            sys.exit(f"{text}: error {-code}")
"""


def build_wall(docker: Docker, container: str, image: str, gateway: str, labels: dict[str, str]) -> None:
    """Cut the running container off from this machine. Raises EngineError: then nothing may run in it."""
    prefixes = [LINK_LOCAL, *(f"{address}/32" for address in sorted({gateway, *own_addresses()} - {""}))]
    helper = docker.create(
        Spec(
            image=image,
            name=f"vanka-wall-{container[:12]}",
            labels=labels,
            memory=MEMORY,
            cpus=0,
            pids=16,
            command=("python3", "-c", SCRIPT, *prefixes),
            entrypoint=(),
            network=f"container:{container}",
            locked=True,
            capabilities=("NET_ADMIN",),
        )
    )
    try:
        docker.start(helper)
        said = b"".join(docker.logs(helper)).decode("utf-8", "replace").strip()
        found = docker.container(helper)
        if found is None or found.running or found.exit_code != 0:
            raise EngineError(f"the stranger's network could not be closed off: {said or 'no answer'}")
    finally:
        docker.remove(helper)


def own_addresses() -> set[str]:
    """The addresses of the network that we are in ourselves: this machine's, or our container's."""
    try:
        text = FIB.read_text(encoding="ascii", errors="replace")
    except OSError:
        return set()  # not Linux: the bridge's end is all that is known
    return {address for address in _LOCAL.findall(text) if not address.startswith("127.")}
