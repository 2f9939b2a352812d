"""What the service does for each command of a client: one function each, and the table of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from actors.cli import answers_whole as whole
from actors.cli import shapes
from actors.cli.answers_health import health
from actors.cli.call import Call
from actors.cli.follow import Follow
from actors.cli.local import guarded
from actors.control.shapes import NewProject
from actors.errors import BadUsage, NoEngine
from actors.model.project import Health, Policy
from actors.records.variables import check_variable
from actors.source.address import Access
from runtime.vault import Secret

Answer = Callable[[Call], Any]

FOLLOW_S = 0.25
INTERVAL_S = 60  # of a project that is added without --interval
TEST_S = 300  # of a test run without --for
LONGEST_TEST_S = 7 * 86_400

# the options of `add` that are plain texts, and a project's field for each
TEXT_FIELDS = ("branch", "path", "subdir", "engine", "main", "probe")


def ping(_call: Call) -> Any:
    """Who answers: for whoever waits until the service is back. `guarded`: a guardian would start it again."""
    return {"pid": os.getpid(), "guarded": guarded()}


def names(call: Call) -> Any:
    """The projects' names, for completion in a shell."""
    return [status.project.name for status in call.control.statuses()]


def status(call: Call) -> Any:
    """All projects, or the one that is named."""
    name = call.maybe_text("name")
    return [shapes.status(it) for it in ([call.control.status(name)] if name else call.control.statuses())]


def add(call: Call) -> Any:
    """A new project."""
    given = {"interval_s": INTERVAL_S, **_settings(call), **health(call, Health())}
    new = NewProject(name=call.name, url=call.text("url"), adopt=call.flag("adopt"), **given)
    access = _access(call)
    # a key must be there before the repository is looked at, so it travels with the request
    with_key = {} if access is None else {"access": access}
    return shapes.project(call.control.add(new, call.asked_by, **with_key))


def edit(call: Call) -> Any:
    """Other settings for a project; only what was given changes."""
    changes = _settings(call)
    if call.args.get("health"):
        changes |= health(call, call.control.project(call.name).health)
    access = _access(call)
    url = call.maybe_text("url")
    paused = call.args.get("paused")
    if url:
        changes["url"] = url
    if call.flag("adopt"):
        changes["adopt"] = True
    if paused is not None:
        changes["paused"] = call.flag("paused")
    if not changes and access is None:
        raise BadUsage("nothing to change was given", "See: vanka edit --help")
    with_key = {} if access is None else {"access": access}
    return shapes.project(call.control.edit(call.name, call.asked_by, **with_key, **changes))


def _settings(call: Call) -> dict[str, Any]:
    """The settings of a project that the request holds, under the names of its fields."""
    given: dict[str, Any] = {field: call.text(field) for field in TEXT_FIELDS if call.args.get(field) is not None}
    given.update(dict.fromkeys(call.texts("clear")))
    if call.args.get("interval_s") is not None:
        given["interval_s"] = call.number("interval_s")
    policy = call.maybe_text("policy")
    if policy:
        if policy not in tuple(Policy):
            raise BadUsage(f"{policy} is not a policy", f"It can be {', '.join(Policy)}.")
        given["policy"] = Policy(policy)
    if call.args.get("persist") is not None:
        given["persist"] = call.texts("persist")
    return given


def _access(call: Call) -> Access | None:
    token, key = call.maybe_text("token"), call.maybe_text("deploy_key")
    if token is None and key is None:
        return None
    return Access(token=Secret(token) if token else None, ssh_key=Secret(key) if key else None)


def remove(call: Call) -> Any:
    """Stop a project and forget it."""
    kept = call.control.remove(call.name, call.flag("keep_files"), call.asked_by)
    return {"name": call.name, "removed": True, "kept": list(kept)}


def variables(call: Call) -> Any:
    """A project's variables without their values."""
    return [shapes.variable(it) for it in call.control.variables(call.name, call.flag("test"))]


def hook(call: Call) -> Any:
    """Where GitHub is to send its push events, and the secret that signs them. The one secret that is ever shown."""
    secret = call.control.hook_secret(call.name)
    return {
        "name": call.name,
        "path": f"/hooks/github/{call.name}",
        "url": call.control.hook_url(call.name),
        "secret": secret.reveal(),
    }


def set_variable(call: Call) -> Any:
    """Give a variable a value. The value leaves this function only sealed."""
    key, value, test = call.text("key"), call.args.get("value"), call.flag("test")
    if not isinstance(value, str):
        raise BadUsage("the value is missing")
    call.control.set_variable(call.name, key, Secret(value), test)
    return next((shapes.variable(it) for it in call.control.variables(call.name, test) if it.name == key), None)


def unset_variable(call: Call) -> Any:
    """Take a variable away."""
    call.control.unset_variable(call.name, call.text("key"), call.flag("test"))
    return {"name": call.text("key"), "set_at": None}


def check(call: Call) -> Any:
    """Look for a new commit now."""
    seen = call.control.check(call.name)
    return {"commit": seen.commit, "new": seen.new}


def deploy(call: Call) -> Any:
    """Build a commit and put it into production."""
    return call.follow(call.control.deploy(call.name, call.asked_by, call.maybe_text("commit")))


def test(call: Call) -> Any:
    """A test run beside production."""
    seconds = call.number("for_s", TEST_S)
    if not 0 < seconds <= LONGEST_TEST_S:
        raise BadUsage(f"a test run of {seconds} s is not possible", "It can be from 1 second to 7 days.")
    return call.follow(call.control.test(call.name, call.asked_by, call.maybe_text("commit"), for_s=seconds))


def promote(call: Call) -> Any:
    """Put what was tested into production."""
    return call.follow(call.control.promote(call.name, call.asked_by))


def discard(call: Call) -> Any:
    """Take a test run down; one that is still being built has to end first."""
    return call.follow(call.control.discard(call.name, call.asked_by))


def cancel(call: Call) -> Any:
    """End what is queued or running, and its processes."""
    return call.follow(call.control.cancel(call.name, call.asked_by))


def refresh(call: Call) -> Any:
    """A new environment from the same requirements, and the current commit deployed in it."""
    return call.follow(call.control.refresh(call.name, call.asked_by))


def rollback(call: Call) -> Any:
    """Return production to a version, or to the one before."""
    return call.follow(call.control.rollback(call.name, call.asked_by, call.maybe_number("version")))


def wait(call: Call) -> Any:
    """Wait for a deployment that is under way: how a client takes up its waiting after the service came back."""
    return call.follow(call.control.wait(call.text("deployment"), 0.0))


def start(call: Call) -> Any:
    """Start the current release's program."""
    return shapes.status(call.control.start(call.name, call.asked_by))


def stop(call: Call) -> Any:
    """Stop the program and keep it stopped."""
    return shapes.status(call.control.stop(call.name, call.asked_by))


def restart(call: Call) -> Any:
    """Stop and start the program."""
    return shapes.status(call.control.restart(call.name, call.asked_by))


def versions(call: Call) -> Any:
    """A project's versions, newest first."""
    return shapes.versions(call.control.versions(call.name), call.control.status(call.name).version)


def pin(call: Call) -> Any:
    """Keep a version for ever, or no longer."""
    call.control.pin(call.name, call.number("version"), call.flag("pinned"))
    return {"name": call.name, "version": call.number("version"), "pinned": call.flag("pinned")}


def history(call: Call) -> Any:
    """A project's deployments, newest first."""
    return [shapes.deployment(it) for it in call.control.history(call.name, call.number("limit", 50))]


def logs(call: Call) -> Any:
    """Output of the program or of a deployment; with `follow`, what is added until the client hangs up."""
    lines, test, deployment = call.number("lines", 100), call.flag("test"), call.maybe_text("deployment")
    if not call.flag("follow"):
        return {"lines": list(call.control.log_tail(call.name, lines, test, deployment))}
    wanted = (call.name, test, deployment)
    log = Follow(call.control.log_path(*wanted), call.clean, call.control.log_begins(*wanted))
    new = log.last(lines)
    while True:
        # an empty line of progress now and then is how a client knows that we are still there
        call.emit({"lines": new})
        new = log.more()
        while not new:
            if call.emit.wait(FOLLOW_S):
                return {"lines": []}
            new = log.more()


def _token(call: Call) -> Secret | None:
    token = call.maybe_text("token")
    return None if token is None else Secret(token)


def _variables(call: Call) -> dict[str, Secret]:
    """Checked before anything is begun; raises BadVariable."""
    given = call.args.get("variables") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise BadUsage("variables is not an object of texts")
    found = {str(name): Secret(value) for name, value in given.items()}
    for name, value in found.items():
        check_variable(name, value)
    return found


def run(call: Call) -> Any:
    """Somebody else's repository in a container."""
    if call.run is None:
        raise NoEngine("this service has no container engine", "Install Docker, then: vanka doctor")
    return dict(
        call.run(
            call.text("url"),
            test=call.flag("test"),
            for_s=call.maybe_number("for_s"),
            command=call.texts("command"),
            network=not call.flag("no_network"),
            token=_token(call),
            variables=_variables(call),
            on_output=lambda text: call.emit({"output": text}),
            gone=lambda: call.emit.gone,
        )
    )


ANSWERS: Mapping[str, Answer] = MappingProxyType(
    {
        answer.__name__: answer
        for answer in (
            *(
                ping,
                names,
                status,
                add,
                edit,
                remove,
                hook,
                check,
                deploy,
                test,
                promote,
                discard,
                cancel,
                refresh,
                rollback,
            ),
            *(wait, start, stop, restart, versions, pin, history, logs, run),
            *(whole.load, whole.tree, whole.drill, whole.notifications, whole.backup, whole.restore, whole.rekey),
        )
    }
    | {"vars": variables, "set": set_variable, "unset": unset_variable}
)
