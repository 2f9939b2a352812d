"""A guest's container: how it is made, shut in, found again and taken away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import BuildPlan, Container, Spec
from actors.engines.images import HOME, KIND
from actors.engines.recipe import Recipe, archive, base_image
from actors.errors import EngineError
from actors.sandbox.shapes import PIDS, SETUP_S, Guest, GuestState, Wish
from actors.sandbox.wall import build_wall
from runtime.shell import Cancel

GUEST = "vanka.guest"
URL = "vanka.url"
COMMIT = "vanka.commit"
TEST = "vanka.test"
UNTIL = "vanka.until"
NETWORK = "vanka.network"
PASSING = "vanka.passing"  # somebody waits for it: it is not to outlive the service that made it
USER = "10001:10001"
PLACE = "/work"
SOURCE = f"{PLACE}/source"
OURS = ".vanka.Dockerfile"
FEW_MB = 16 * 1024**2
FILE = f"FROM {base_image()}\nCOPY --chown={USER} . /source\n"
_OPTIONS = "rw,exec,nosuid,nodev,uid=10001,gid=10001,mode=0700"
ENVIRONMENT = {
    "HOME": f"{PLACE}/home",
    "TMPDIR": f"{PLACE}/scratch",
    "PATH": f"{PLACE}/home/.local/bin:/usr/local/bin:/usr/bin:/bin",
    "PYTHONUNBUFFERED": "1",
    "PIP_USER": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Boxes:
    """The guests' containers of one home in one engine. Blocking; safe from any thread."""

    docker: Docker
    home: Callable[[], str]

    def make(self, guest: Guest, wish: Wish, directory: Path, cancel: Cancel, *, passing: bool) -> None:
        """A running container with the repository's files in it, and nothing else; no code of it has run yet.

        It ends by itself when the guest's time is over, whoever is there to see it. Raises EngineError, BuildError.
        """
        labels = self._labels(guest, passing)
        recipe = Recipe(OURS, standard=True, added={OURS: FILE.encode()})
        with archive(directory, recipe) as context:
            plan = BuildPlan(
                context=context, dockerfile=OURS, tag=self._name(guest.id), labels=labels, network="none", fresh=True
            )
            image = self.docker.build(plan, cancel=cancel, say=lambda _line: None)
        gateway = self.docker.add_network(self._name(guest.id), labels) if wish.network else ""
        container = self.docker.create(
            Spec(
                image=image,
                name=self._name(guest.id),
                labels=labels,
                memory=wish.memory + wish.disk,
                cpus=wish.cpus,
                pids=PIDS,
                env={**ENVIRONMENT, **wish.variables},
                command=("sleep", str(wish.seconds + SETUP_S)),
                entrypoint=(),
                network=self._name(guest.id) if wish.network else "none",
                user=USER,
                workdir="/",
                tmpfs={PLACE: f"{_OPTIONS},size={wish.disk}", "/tmp": f"{_OPTIONS},size={FEW_MB}"},  # noqa: S108 - inside
                locked=True,
            )
        )
        self.docker.start(container)
        if wish.network:
            build_wall(self.docker, container, base_image(), gateway, labels)
        self._fill(container)

    def _fill(self, container: str) -> None:
        """The files go where the guest may write: in memory, within its bound."""
        text = f"mkdir -p {PLACE}/home {PLACE}/scratch && cp -R /source {SOURCE} && rm -f {SOURCE}/{OURS}"
        copying = self.docker.run_in(container, ("sh", "-c", text))
        said = b"".join(copying.output).decode("utf-8", "replace").strip()
        if copying.exit_code() != 0:
            raise EngineError(
                f"the repository does not fit into its container: {said[-300:]}", "Give it more memory or disk."
            )

    def container(self, guest: str) -> str | None:
        """The id of the guest's container; None when it is gone."""
        found = self.docker.containers(self._mine(guest) | {KIND: "guest"})
        return found[0] if found else None

    def remove(self, guest: str) -> None:
        """Take the guest's container, its network and its image away."""
        for container in self.docker.containers(self._mine(guest)):
            self.docker.remove(container)
        for network in self.docker.networks(self._mine(guest)):
            self.docker.remove_network(network)
        for image in self.docker.images(self._mine(guest)):
            for name in image.tags or (image.id,):
                self.docker.remove_image(name)

    def found(self) -> list[Guest]:
        """All guests that the engine still knows, with what their containers tell."""
        guests = []
        for number in self.docker.containers({HOME: self.home(), KIND: "guest"}):
            container = self.docker.container(number)
            if container is not None:
                guests.append(_guest(container))
        return guests

    def running(self) -> list[tuple[str, str, str]]:
        """Those that run: the guest's id, the repository's name, the container. One question to the engine."""
        found = self.docker.running({HOME: self.home(), KIND: "guest"})
        return [(labels.get(GUEST, ""), name_of(labels.get(URL, "")), container) for container, labels in found]

    def leftovers(self) -> list[str]:
        """Guests that somebody waited for when an earlier service ended."""
        found = [self.docker.container(it) for it in self.docker.containers({HOME: self.home(), PASSING: "yes"})]
        return [it.labels[GUEST] for it in found if it is not None and GUEST in it.labels]

    def _name(self, guest: str) -> str:
        return f"vanka-guest-{self.home()}-{guest}"

    def _mine(self, guest: str) -> dict[str, str]:
        return {HOME: self.home(), GUEST: guest}

    def _labels(self, guest: Guest, passing: bool) -> dict[str, str]:
        return {
            **self._mine(guest.id),
            KIND: "guest",
            URL: guest.url,
            COMMIT: guest.commit,
            TEST: "yes" if guest.test else "no",
            UNTIL: str(guest.until),
            NETWORK: "yes" if guest.network else "no",
            PASSING: "yes" if passing else "no",
        }


def _guest(container: Container) -> Guest:
    labels = container.labels
    url = labels.get(URL, "")
    known = Guest(
        id=labels.get(GUEST, ""),
        name=name_of(url),
        url=url,
        test=labels.get(TEST) == "yes",
        state=GuestState.RUNNING,
        started_at=container.started_at,
        until=float(labels.get(UNTIL, "0")),
        commit=labels.get(COMMIT, ""),
        network=labels.get(NETWORK) == "yes",
    )
    over = not container.running or time.time() > known.until
    return replace(known, state=GuestState.ENDED) if over else known


def name_of(url: str) -> str:
    """What people call a repository: the last part of its address."""
    return url.rstrip("/").rpartition("/")[2].removesuffix(".git") or url
