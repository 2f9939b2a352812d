"""A guest's container: how it is made, shut in, found again and taken away."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from actors.engines.docker_calls import Docker
from actors.engines.docker_shapes import BuildPlan, Container, Spec
from actors.engines.images import HOME, KIND
from actors.engines.recipe import Recipe, archive, base_image
from actors.errors import EngineError
from actors.model.guest import SETUP_S, Guest
from actors.sandbox.inside import (
    FEW_MB,
    LOG_BYTES,
    LOG_FILES,
    OURS,
    OWN_MEMORY,
    PIPE,
    PLACE,
    SOURCE,
    USER,
    directories,
    first,
)
from actors.sandbox.wall import build_wall
from runtime.shell import Cancel

GUEST = "vanka.guest"
RUN = "vanka.run"
KINDS = "guest"
PIDS = 64
RECIPE = "Dockerfile"
FILES = "files"
MARGIN_S = 60  # the service ends a program before its container would
MOST_SWEPT = 50
FILE = f"FROM {base_image()}\nCOPY --chown={USER} {FILES} /source\n"
_FILL = f"""\
tries=0; until [ -p {PIPE} ]; do sleep 0.05; tries=$((tries+1)); [ $tries -lt 200 ] || exit 9; done
mkdir -p {PLACE}/home {PLACE}/scratch && cp -R /source {SOURCE}
"""


@dataclass(frozen=True)
class Boxes:
    """The guests' containers of one home in one engine. Blocking; safe from any thread."""

    docker: Docker
    home: Callable[[], str]

    def make(self, guest: Guest, directory: Path, cancel: Cancel) -> str:
        """A running container with the repository's files in it, and nothing else; no code of it has run yet.

        The image holds the files and nothing that the stranger wrote was obeyed to make it: his Dockerfile and his
        .dockerignore are files like any other. Its id; raises EngineError, BuildError.
        """
        labels, wish, name = self._labels(guest), guest.wish, self._name(guest)
        recipe = Recipe(RECIPE, standard=True, added={RECIPE: FILE.encode()})
        with archive(directory, recipe, under=FILES) as context:
            plan = BuildPlan(context=context, dockerfile=RECIPE, tag=name, labels=labels, network="none", fresh=True)
            image = self.docker.build(plan, cancel=cancel, say=lambda _line: None)
        gateway = self.docker.add_network(name, labels) if wish.network else ""
        container = self.docker.create(
            Spec(
                image=image,
                name=name,
                labels=labels,
                memory=wish.memory + wish.disk + FEW_MB + OWN_MEMORY,
                cpus=wish.cpus,
                pids=PIDS,
                command=first(wish.seconds and wish.seconds + SETUP_S + MARGIN_S),
                entrypoint=(),
                network=name if wish.network else "none",
                user=OURS,
                workdir="/",
                tmpfs=directories(wish.disk),
                locked=True,
                init=False,
                log_bytes=LOG_BYTES,
                log_files=LOG_FILES,
            )
        )
        self.docker.start(container)
        if wish.network:
            build_wall(self.docker, container, base_image(), gateway, labels)
        self._fill(container)
        return container

    def _fill(self, container: str) -> None:
        """The files go where the guest may write: in memory, within its bound."""
        copying = self.docker.run_in(container, ("sh", "-c", _FILL), user=USER)
        said = b"".join(copying.output).decode("utf-8", "replace").strip()
        if copying.exit_code() != 0:
            raise EngineError(
                f"the repository does not fit into its container: {said[-300:]}", "Give it more memory or disk."
            )

    def container(self, guest: Guest) -> Container | None:
        """The container of the guest's present run; None when there is none, or none that runs."""
        for number in self.docker.containers(self._mine(guest.id) | {KIND: KINDS, RUN: str(guest.run)}):
            found = self.docker.container(number)
            if found is not None and found.running:
                return found
        return None

    def remove(self, guest: str, *, run: int | None = None, but: int | None = None) -> None:
        """Take the guest's containers, networks and images away: all, those of a run, or those of all runs but one."""
        for container, labels in self.docker.labelled_containers(self._mine(guest)):
            if _meant(labels.get(RUN), run, but):
                self.docker.remove(container)
        for network, labels in self.docker.labelled_networks(self._mine(guest)):
            if _meant(labels.get(RUN), run, but):
                self.docker.remove_network(network)
        for image in self.docker.images(self._mine(guest)):
            if _meant(image.labels.get(RUN), run, but):
                for name in image.tags or (image.id,):
                    self.docker.remove_image(name)

    def running(self) -> list[tuple[str, int, str]]:
        """Those whose container runs: the guest's id, which run of it, the container. One question to the engine."""
        found = self.docker.running({HOME: self.home(), KIND: KINDS})
        return [(labels.get(GUEST, ""), int(labels.get(RUN, "0")), container) for container, labels in found]

    def sweep(self, known: Collection[str]) -> int:
        """Take away what belongs to guests of this home that nobody knows any more; how many guests that were.

        Nothing else in the engine is touched, and no more than fifty at a time.
        """
        mine = {HOME: self.home(), KIND: KINDS}
        found = [labels.get(GUEST) for _number, labels in self.docker.labelled_containers(mine)]
        found += [labels.get(GUEST) for _name, labels in self.docker.labelled_networks(mine)]
        found += [image.labels.get(GUEST) for image in self.docker.images(mine)]
        lost = sorted({guest for guest in found if guest and guest not in known})[:MOST_SWEPT]
        for guest in lost:
            self.remove(guest)
        return len(lost)

    def _name(self, guest: Guest) -> str:
        return f"vanka-guest-{self.home()}-{guest.id}-{guest.run}"

    def _mine(self, guest: str) -> dict[str, str]:
        return {HOME: self.home(), GUEST: guest}

    def _labels(self, guest: Guest) -> dict[str, str]:
        return {**self._mine(guest.id), KIND: KINDS, RUN: str(guest.run)}


def _meant(found: str | None, run: int | None, but: int | None) -> bool:
    return (run is None or found == str(run)) and (but is None or found != str(but))
