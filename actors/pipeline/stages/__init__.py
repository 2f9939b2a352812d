"""The stages of a release, in order: the list that the pipeline walks."""

from __future__ import annotations

from actors.pipeline.stage import Stage
from actors.pipeline.stages.build import Build
from actors.pipeline.stages.check import Check
from actors.pipeline.stages.fetch import Fetch
from actors.pipeline.stages.start import Start
from actors.pipeline.stages.switch import Switch
from actors.pipeline.stages.verify import Verify

STAGES: tuple[Stage, ...] = (Fetch(), Build(), Check(), Switch(), Start(), Verify())
