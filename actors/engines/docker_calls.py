"""What we ask of a Docker engine: images, containers and what runs in them, volumes and networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from actors.engines.docker_sdk import BROKEN, CONFLICT, STEP_S, Connection, Stream, refusal
from actors.engines.docker_shapes import (
    BuildPlan,
    Container,
    ExecutionState,
    Image,
    Spec,
    container_of,
    host_config,
    image_of,
)
from actors.errors import BuildError, EngineError
from runtime.shell import Cancel

LAST_LINES = 30
ONE_SHOT = "1.41"  # from here on an engine tells its figures at once instead of after a second


class Docker(Connection):
    """See Connection for errors. What is gone already is fine wherever something is to be taken away."""

    # --- images

    def image(self, name: str) -> Image | None:
        """That image, by tag or id; None where there is none."""
        found = self.find(f"image {name}", lambda api: api.inspect_image(name))
        return None if found is None else image_of(found)

    def images(self, labels: Mapping[str, str]) -> list[Image]:
        """All images with these labels, with and without a name."""
        found = self.ask("the images", lambda api: api.images(filters={"label": _pairs(labels)}))
        return [image_of(record) for record in found]

    def remove_image(self, name: str) -> bool:
        """Take a tag, or an image without one, away; False when it is in use or gone already."""
        try:
            return self.find(f"image {name}", lambda api: api.remove_image(name)) is not None
        except EngineError:
            return False

    def build(self, plan: BuildPlan, *, cancel: Cancel, say: Callable[[str], None]) -> str:
        """Build an image from an archive, saying each line; its id. Raises BuildError with the last lines."""
        lines: list[str] = []
        image = ""
        try:
            with self.patiently("the build", STEP_S, cancel) as api:
                for record in api.build(**_build_arguments(plan)):
                    image = (record.get("aux") or {}).get("ID", image)
                    for line in str(record.get("stream") or record.get("error") or "").splitlines():
                        if line.strip():
                            say(line)
                            lines = [*lines[1 - LAST_LINES :], line]
                    if "error" in record:
                        raise _build_error(lines[-1], lines)
        except EngineError as error:
            raise _build_error("cancelled" if cancel.is_set() else error.message, lines) from error
        except BROKEN as error:
            raise _build_error("cancelled" if cancel.is_set() else f"the engine broke off: {error}", lines) from error
        if cancel.is_set() or not image:
            raise _build_error("cancelled" if cancel.is_set() else "the engine broke off", lines)
        return image

    # --- containers

    def create(self, spec: Spec) -> str:
        """A container that is ready to start; its id."""
        found = self.ask(
            f"container {spec.name}",
            lambda api: api.create_container(
                spec.image,
                command=None if spec.command is None else list(spec.command),
                name=spec.name,
                environment=dict(spec.env),
                labels=dict(spec.labels),
                user=spec.user,
                working_dir=spec.workdir,
                entrypoint=None if spec.entrypoint is None else list(spec.entrypoint),
                volumes=[mount.path for mount in spec.mounts],
                ports=[(port.inside, port.protocol) for port in spec.ports],
                host_config=api.create_host_config(**host_config(spec)),
            ),
        )
        return str(found["Id"])

    def start(self, container: str) -> None:
        """Start it; running already is fine."""
        self.ask("the container", lambda api: api.start(container))

    def stop(self, container: str, grace_s: float) -> None:
        """TERM, and KILL after `grace_s`; returns when it has ended."""
        # the SDK adds the grace to its own limit
        self.find("the container", lambda api: api.stop(container, timeout=max(0, round(grace_s))))

    def kill(self, container: str) -> None:
        """End it at once."""
        found = self.container(container)
        if found is not None and found.running:
            self.find("the container", lambda api: api.kill(container))

    def remove(self, container: str) -> None:
        """Take it away with its nameless volumes, running or not; returns when it is gone, whoever took it."""
        try:
            self.find("the container", lambda api: api.remove_container(container, v=True, force=True))
        except EngineError as error:
            if refusal(error) != CONFLICT:
                raise
            # somebody else is at it: the engine refuses a second removal while the first is under way
            self.find("the container", lambda api: api.wait(container, condition="removed"))

    def container(self, container: str) -> Container | None:
        """One look; None when there is none."""
        found = self.find("the container", lambda api: api.inspect_container(container))
        return None if found is None else container_of(found)

    def containers(self, labels: Mapping[str, str]) -> list[str]:
        """The ids of all containers with these labels, in whatever state, newest first."""
        return [number for number, _labels in self.labelled_containers(labels)]

    def labelled_containers(self, labels: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
        """The same with all the labels of each."""
        found = self.ask("the containers", lambda api: api.containers(all=True, filters={"label": _pairs(labels)}))
        return [(str(record["Id"]), record.get("Labels") or {}) for record in found]

    def running(self, labels: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
        """The ids of the running containers with these labels, each with all its labels."""
        found = self.ask("the containers", lambda api: api.containers(filters={"label": _pairs(labels)}))
        return [(str(record["Id"]), record.get("Labels") or {}) for record in found]

    def stats(self, container: str) -> dict[str, Any] | None:
        """What the engine counts of it now; None when there is none."""
        at_once = {"one_shot": True} if self.at_least(ONE_SHOT) else {}
        found: dict[str, Any] | None = self.find(
            "the container", lambda api: api.stats(container, stream=False, **at_once)
        )
        return found

    def logs(self, container: str, *, since: float = 0.0, tail: int | None = None) -> Stream:
        """Its output from that time on (of what there is, the last `tail` lines), as it comes, until it ends."""
        options: dict[str, Any] = {"since": since} if since > 0 else {}
        lines: int | str = "all" if tail is None else tail
        return self.frames(
            "the container", lambda api: api.logs(container, stream=True, follow=True, tail=lines, **options), "/logs"
        )

    def ends(self, labels: Mapping[str, str]) -> Stream:
        """A record for each container with these labels that ends, as it happens."""
        wanted = {"type": ["container"], "event": ["die"], "label": _pairs(labels)}
        # the engine answers a moment before it listens: what happened in that moment is asked for too
        since = int(time.time()) - 1
        return self.stream("the events", lambda api: api.events(decode=True, filters=wanted, since=since))

    def run_in(
        self, container: str, argv: tuple[str, ...], env: Mapping[str, str] | None = None, user: str = ""
    ) -> Execution:
        """Start a command in a running container."""
        number = self.ready_in(container, argv, env, user)
        return Execution(self, number, self.frames("the command", lambda api: api.exec_start(number, socket=True)))

    def ready_in(
        self, container: str, argv: tuple[str, ...], env: Mapping[str, str] | None = None, user: str = ""
    ) -> str:
        """A command that is ready to `begin` in a running container; its id."""
        made = self.ask(
            "the command",
            lambda api: api.exec_create(container, list(argv), environment=dict(env or {}), user=user),
        )
        return str(made["Id"])

    def begin(self, execution: str) -> None:
        """Start it and leave it to itself: it outlives us, and its output is nobody's."""
        self.ask("the command", lambda api: api.exec_start(execution, detach=True))

    def execution(self, number: str) -> ExecutionState | None:
        """How a command fares; None when the engine knows it no more, which it forgets minutes after the end."""
        found = self.find("the command", lambda api: api.exec_inspect(number))
        return None if found is None else ExecutionState(bool(found.get("Running")), found.get("ExitCode"))

    # --- volumes and networks

    def add_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """A named volume; one that exists stays as it is."""
        self.ask(f"volume {name}", lambda api: api.create_volume(name, labels=dict(labels)))

    def volumes(self, labels: Mapping[str, str]) -> list[str]:
        """The names of the volumes with these labels, in order."""
        found = self.ask("the volumes", lambda api: api.volumes(filters={"label": _pairs(labels)}))
        return sorted(str(record["Name"]) for record in found.get("Volumes") or ())

    def add_network(self, name: str, labels: Mapping[str, str]) -> str:
        """A bridge of its own, whose containers do not see each other; the address that the machine has in it."""
        options = {"com.docker.network.bridge.enable_icc": "false"}
        self.ask(
            f"network {name}", lambda api: api.create_network(name, "bridge", labels=dict(labels), options=options)
        )
        found = self.ask(f"network {name}", lambda api: api.inspect_network(name))
        pools = (found.get("IPAM") or {}).get("Config") or [{}]
        return str(pools[0].get("Gateway", ""))

    def remove_network(self, name: str) -> None:
        """Take it away."""
        self.find(f"network {name}", lambda api: api.remove_network(name))

    def networks(self, labels: Mapping[str, str]) -> list[str]:
        """The names of the networks with these labels."""
        return [name for name, _labels in self.labelled_networks(labels)]

    def labelled_networks(self, labels: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
        """The same with all the labels of each."""
        found = self.ask("the networks", lambda api: api.networks(filters={"label": _pairs(labels)}))
        return [(str(record["Name"]), record.get("Labels") or {}) for record in found]


class Execution:
    """A command that runs in a container: its output, and how it ended."""

    def __init__(self, engine: Docker, number: str, output: Stream) -> None:
        self._engine = engine
        self._number = number
        self.output = output

    def exit_code(self) -> int | None:
        """None while it runs, and when nobody knows any more."""
        found = self._engine.execution(self._number)
        return None if found is None else found.exit_code


def _build_arguments(plan: BuildPlan) -> dict[str, Any]:
    return {
        "fileobj": plan.context,
        "custom_context": True,
        "dockerfile": plan.dockerfile,
        "tag": plan.tag,
        "labels": dict(plan.labels),
        "nocache": plan.fresh,
        "rm": True,
        "forcerm": True,
        "timeout": STEP_S,
        "buildargs": dict(plan.arguments),
        "network_mode": plan.network,
        "decode": True,
    }


def _build_error(why: str, lines: list[str]) -> BuildError:
    return BuildError(f"the image could not be built: {why}", output="\n".join(lines))


def _pairs(labels: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in labels.items()]
