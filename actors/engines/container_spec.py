"""From an order to the container that it asks for: name, labels, limits, volumes; pure."""

from __future__ import annotations

import re
import secrets
from hashlib import blake2s

from actors.artifacts.patterns import Patterns
from actors.engines.container_options import Options
from actors.engines.docker_shapes import Image, Mount, Spec
from actors.engines.engine import RunOrder
from actors.engines.images import ENVIRONMENT, HOME, KIND, NAME, PROJECT, RECIPE, STANDARD, VERSION
from actors.engines.recipe import WORKDIR
from actors.errors import BadPath
from actors.model.project import Environment, Project

_ODD = re.compile(r"[^a-zA-Z0-9_.-]+")


def spec_for(order: RunOrder, image: Image, chosen: Options, project: Project, home: str) -> Spec:
    """The container of that version. Raises BadPath for a persistent path that can be no volume."""
    standard = image.labels.get(RECIPE) == STANDARD
    workdir = WORKDIR if standard else image.workdir
    plain_name = _ODD.sub("-", order.project).strip("-.") or "project"
    return Spec(
        image=image.id,
        name=f"vanka.{plain_name}.{order.environment.value}.v{order.version}.{secrets.token_hex(3)}",
        labels={
            HOME: home,
            KIND: "program",
            PROJECT: str(project.no),
            NAME: order.project,
            ENVIRONMENT: order.environment.value,
            VERSION: str(order.version),
        },
        memory=chosen.memory,
        cpus=chosen.cpus,
        pids=chosen.pids,
        env={"PYTHONUNBUFFERED": "1", **order.env},
        command=("python", order.main) if standard else None,
        workdir=WORKDIR if standard else None,
        ports=chosen.ports,
        mounts=tuple(_mounts(project, order.environment, workdir, home)),
    )


def _mounts(project: Project, environment: Environment, workdir: str, home: str) -> list[Mount]:
    production = environment is Environment.PRODUCTION
    return [
        Mount(
            f"{workdir.rstrip('/')}/{folder}",
            volume_name(home, project.no, folder) if production else "",
        )
        for folder in folders(project)
    ]


def volume_name(home: str, number: int, folder: str) -> str:
    """The volume of a persistent folder: readable, and never the same for two folders."""
    mark = blake2s(folder.encode(), digest_size=3).hexdigest()
    return f"vanka-{home}-{number}-{_ODD.sub('-', folder)}-{mark}"


def folders(project: Project) -> tuple[str, ...]:
    """The persistent paths as folders of the container; raises BadPath for what can be no volume."""
    found = Patterns(project.persist).folders()
    if len(found) != len(project.persist):
        raise BadPath(
            "a container keeps whole folders only",
            "Name persistent paths with a / at the end and without *, such as data/.",
            path=", ".join(project.persist),
        )
    return found
