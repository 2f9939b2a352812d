"""Walk the stages in order, stop at failure, resume where a walk was cut off. Pure: decides, runs nothing."""

from __future__ import annotations

from actors.model.deployment import Deployment, StageName, StageRecord, StageState
from actors.pipeline.stage import Stage
from actors.pipeline.stages import STAGES

ENTERS_TARGET = StageName.SWITCH  # from this stage on, what runs may have changed


def next_stage(deployment: Deployment) -> Stage | None:
    """The stage to run now; None when all are done."""
    for stage in STAGES:
        if deployment.stage(stage.name).state not in (StageState.SUCCEEDED, StageState.SKIPPED):
            return stage
    return None


def touches_target(deployment: Deployment) -> bool:
    """Whether the walk has begun to change what runs, so that a failure means going back."""
    return deployment.stage(ENTERS_TARGET).state is not StageState.WAITING


def rewound(deployment: Deployment) -> Deployment:
    """The deployment as it is taken up again after a crash of ours.

    A stage that was running runs again from its beginning: every stage may be repeated. From the switch on all are
    repeated, because a program that was being started must be looked at anew. A switch that had begun stays begun: the
    target was touched, whatever happens next. On the way back no stage runs any more: what failed stays told as failed.
    """
    if deployment.going_back:
        return deployment
    result = deployment
    redo = False
    for stage in deployment.stages:
        redo = redo or stage.name is ENTERS_TARGET or stage.state is StageState.RUNNING
        if redo and stage.state is not StageState.WAITING:
            begun = StageState.RUNNING if stage.name is ENTERS_TARGET else StageState.WAITING
            result = result.with_stage(StageRecord(stage.name, begun))
    return result
