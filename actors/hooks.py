"""The HTTP routes: health, metrics, and the hooks by which GitHub tells of a push."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from actors.control import Control
from actors.errors import NoSuchProject
from runtime import log
from runtime.errors import KernelError
from runtime.meters import Meters
from runtime.system import System
from runtime.web import Request, Response, Route

JSON = "application/json"
say = log.get("vanka.hooks")


def routes(system: System, control: Control, meters: Meters) -> Sequence[Route]:
    """What the HTTP server serves. Handlers run in its threads and answer at once."""
    return (
        Route("GET", "/health", lambda _request: health(system)),
        Route("GET", "/metrics", lambda _request: Response(200, meters.render(), meters.content_type)),
        Route("POST", "/hooks/github/{name}", lambda request: github(control, request)),
    )


def health(system: System) -> Response:
    """200 with the tree's state; 503 while the tree is not up."""
    try:
        up = system.heartbeat(2.0)
        node = system.tree()
    except KernelError as error:
        return Response(503, json.dumps({"up": False, "error": str(error)}), JSON)
    children = {child.name: child.state for child in node.children}
    return Response(200 if up else 503, json.dumps({"up": up, "state": node.state, "children": children}), JSON)


def github(control: Control, request: Request) -> Response:
    """A push event, signed with the project's webhook secret, makes an immediate check. A replay only checks again.

    An unknown project is answered like a bad signature: who cannot sign learns nothing.
    """
    name = request.params["name"]
    try:
        secret = control.hook_secret(name).reveal().encode()
    except NoSuchProject:
        return Response(401, "the signature does not fit\n")
    wanted = "sha256=" + hmac.new(secret, request.body, hashlib.sha256).hexdigest()
    given = request.headers.get("x-hub-signature-256", "")
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        return Response(401, "the signature does not fit\n")
    event = request.headers.get("x-github-event", "push")
    if event == "ping":
        return Response(200, "pong\n")
    if event != "push":
        return Response(202, f"{event} events are not acted upon\n")
    control.check_soon(name)
    return Response(202, "checking\n")
