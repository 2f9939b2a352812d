"""The walk's order, and where it is taken up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actors.model.deployment import Deployment, Kind, StageName, StageRecord, StageState, State, move
from actors.model.project import Environment
from actors.pipeline.pipeline import next_stage, rewound, touches_target
from actors.pipeline.stages import STAGES


def walked(*done: StageName, running: StageName | None = None) -> Deployment:
    deployment = Deployment(
        id="d1",
        project="shop",
        kind=Kind.DEPLOY,
        environment=Environment.PRODUCTION,
        asked_by="ann",
        queued_at=datetime(2026, 1, 1, tzinfo=UTC),
        state=State.RUNNING,
    )
    for name in done:
        deployment = deployment.with_stage(StageRecord(name, StageState.SUCCEEDED))
    if running is not None:
        deployment = deployment.with_stage(StageRecord(running, StageState.RUNNING))
    return deployment


def test_stages_are_walked_in_the_documented_order() -> None:
    assert [stage.name for stage in STAGES] == list(StageName)
    done: list[StageName] = []
    while (stage := next_stage(walked(*done))) is not None:
        done.append(stage.name)
    assert done == list(StageName)


def test_walk_that_was_cut_off_while_building_builds_again_and_fetches_no_more() -> None:
    resumed = rewound(walked(StageName.FETCH, running=StageName.BUILD))
    assert resumed.stage(StageName.FETCH).state is StageState.SUCCEEDED
    stage = next_stage(resumed)
    assert stage is not None
    assert stage.name is StageName.BUILD


def test_walk_that_was_cut_off_while_verifying_switches_again() -> None:
    done = (StageName.FETCH, StageName.BUILD, StageName.CHECK, StageName.SWITCH, StageName.START)
    stage = next_stage(rewound(walked(*done, running=StageName.VERIFY)))
    assert stage is not None
    assert stage.name is StageName.SWITCH


def test_target_is_touched_from_the_moment_the_switch_begins() -> None:
    before = walked(StageName.FETCH, StageName.BUILD, running=StageName.CHECK)
    assert not touches_target(before)
    assert touches_target(walked(StageName.FETCH, StageName.BUILD, StageName.CHECK, running=StageName.SWITCH))
    assert not touches_target(replace(before, attempts=3))


def test_way_back_that_is_taken_up_again_still_tells_which_stage_failed() -> None:
    done = (StageName.FETCH, StageName.BUILD, StageName.CHECK, StageName.SWITCH, StageName.START)
    failed = walked(*done).with_stage(StageRecord(StageName.VERIFY, StageState.FAILED))
    going_back = replace(failed, going_back=True, error="verify: the program ended with 3")
    assert rewound(going_back) == going_back


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.CANCELLED, StageState.CANCELLED),
        (State.FAILED, StageState.FAILED),
        (State.ROLLED_BACK, StageState.FAILED),
    ],
)
def test_deployment_that_has_ended_says_of_no_stage_that_it_runs(state: State, told: StageState) -> None:
    cut_off = rewound(walked(StageName.FETCH, StageName.BUILD, StageName.CHECK, running=StageName.SWITCH))
    at = datetime(2026, 1, 2, tzinfo=UTC)
    switch = move(cut_off, state, at).stage(StageName.SWITCH)
    assert (switch.state, switch.ended_at) == (told, at)
