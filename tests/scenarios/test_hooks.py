"""A signed push of GitHub's makes an immediate check; nobody else can make one, and a replay is harmless."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.model.deployment import State
from actors.model.project import Policy
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, free_port, program

BODY = b'{"ref": "refs/heads/main"}'


class Hooked:
    """A house with an HTTP port, and a project that is deployed when a commit is seen."""

    def __init__(self, directory: Path) -> None:
        self.http = free_port()
        self.house = Inside(directory, VANKA_HTTP=f"127.0.0.1:{self.http}")
        self.repo = GitRepo.in_directory(directory, "shop")
        self.push("one")
        self.port = self.house.add(self.repo, policy=Policy.DEPLOY)
        self.house.control.edit("shop", "ann", probe=f"http://127.0.0.1:{self.port}/")

    def push(self, text: str) -> None:
        self.repo.commit({"main.py": program(text)}, text)
        self.repo.push()

    def sign(self, body: bytes = BODY) -> str:
        secret = self.house.control.hook_secret("shop").reveal().encode()
        return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()

    def post(self, signature: str | None, name: str = "shop", event: str = "push", body: bytes = BODY) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=10)
        headers = {"X-GitHub-Event": event} | ({} if signature is None else {"X-Hub-Signature-256": signature})
        connection.request("POST", f"/hooks/github/{name}", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture
def hooked(tmp_path: Path) -> Iterator[Hooked]:
    made = Hooked(tmp_path)
    try:
        yield made
    finally:
        made.house.close()


def test_signed_push_is_deployed_at_once_and_its_replay_changes_nothing(hooked: Hooked) -> None:
    assert hooked.house.deploy().state is State.SUCCEEDED
    hooked.push("two")
    signature = hooked.sign()
    assert hooked.post(signature) == 202
    eventually(lambda: answer_of(hooked.port) == "two v2", "the new version answers")

    newest = eventually(lambda: (it := hooked.house.control.history("shop")[0]).ended and it, "it ends")
    assert newest
    checked = hooked.house.control.status("shop").last_check_at
    assert hooked.post(signature) == 202
    eventually(lambda: hooked.house.control.status("shop").last_check_at != checked, "it is checked again")
    assert hooked.house.control.history("shop")[0] == newest


def test_what_is_not_signed_is_answered_like_a_project_that_does_not_exist(hooked: Hooked) -> None:
    hooked.house.control.check("shop")  # from now on the watcher looks by itself once in its long interval only
    before = hooked.house.control.status("shop").last_check_at
    assert hooked.post(None) == 401
    assert hooked.post("sha256=" + "0" * 64) == 401
    assert hooked.post("sha256=ключ".encode().decode("latin-1")) == 401
    assert hooked.post(hooked.sign(), body=b'{"ref": "another"}') == 401
    assert hooked.post(hooked.sign(), name="nobody") == 401
    assert hooked.house.control.status("shop").last_check_at == before
    assert hooked.house.control.history("shop") == []


def test_other_events_are_heard_and_not_acted_upon(hooked: Hooked) -> None:
    assert hooked.post(hooked.sign(), event="ping") == 200
    assert hooked.post(hooked.sign(), event="issues") == 202
    assert hooked.house.control.history("shop") == []
