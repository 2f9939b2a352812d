"""The whole supervision tree: read this first.

vanka
├── metrics                 samples the load, remembers a day of it, counts events, judges thresholds
├── control                 rings for those who wait for a deployment's end
├── checker                 looks at running programs by their probes, on a schedule
├── keeper                  keeps copies of the store, cleans up before disks fill, forgets mirrors that nobody uses
├── herald                  turns events into stored notices, whether there is a bot or not
├── projects                one family a project, rebuilt from the records at each start
│   └── shop                parked when it keeps failing; no other family notices
│       ├── deployer        the state machine of its deployments
│       ├── runner          keeps its production program running
│       ├── watcher         sees commits
│       ├── job-d00000007   temporary: walks one deployment
│       └── tester-d00...   temporary: looks after one test run
├── bot                     only with a token; parked when it cannot be kept up
│   ├── outbox              the only sender
│   ├── bot                 update to screen
│   └── poller              the only reader
├── guests                  sees that third-party repositories are looked after
└── doors                   the control socket and the HTTP server, opened when all the others are up
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from actors.checker import Checker
from actors.control import Control, House
from actors.control.endings import Ringer
from actors.doors import Door, Doors
from actors.keeper import Keeper
from actors.metrics import Metrics, Observatory
from actors.pipeline.services import Services
from actors.project.family import families
from actors.sandbox import Sandbox
from actors.warden import Warden
from runtime.child_spec import ChildSpec, Shutdown, supervisor
from runtime.jobs import Lane
from runtime.meters import Meters
from runtime.store import Store

# how much of what blocks may go on at once, and how much may wait
LANES = {
    "git": Lane(workers=8, queue=20_000),
    "build": Lane(workers=2, queue=5_000),
    "disk": Lane(workers=4, queue=20_000),
    "verify": Lane(workers=32, queue=5_000),
    "health": Lane(workers=4, queue=5_000),
    "docker": Lane(workers=4, queue=1_000),
    "network": Lane(workers=8, queue=1_000),
    "chat": Lane(workers=8, queue=2_000),
    "poll": Lane(workers=1, queue=4),
}


@dataclass(frozen=True)
class Plan:
    """What the tree is made of."""

    services: Services
    house: House
    control: Control
    store: Store
    meters: Meters
    observatory: Observatory
    home: Path
    sandbox: Sandbox
    herald: ChildSpec
    bot: ChildSpec | None
    doors: Sequence[Door]


def tree(plan: Plan) -> ChildSpec:
    """The spec of the root supervisor. It never ends: what keeps failing is tried again once a minute."""
    children = [
        ChildSpec("metrics", partial(Metrics, plan.services, plan.meters, plan.observatory)),
        ChildSpec("control", partial(Ringer, plan.house.endings)),
        ChildSpec("checker", partial(Checker, plan.services, plan.control)),
        ChildSpec("keeper", partial(Keeper, plan.services, plan.store, plan.home)),
        plan.herald,
        supervisor(
            "projects",
            children_source=lambda: families(plan.services),
            restarts=10,
            within=60.0,
            shutdown=Shutdown.INFINITY,
        ),
        *([plan.bot] if plan.bot is not None else []),
        ChildSpec("guests", partial(Warden, plan.sandbox)),
        ChildSpec("doors", partial(Doors, plan.doors), shutdown=6.0),
    ]
    return supervisor("vanka", children, restarts=10, within=60.0)
