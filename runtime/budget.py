"""Whether a child may be restarted once more: the supervisor's budget, a parked child's own, the root's cool-down."""

from __future__ import annotations

import logging

from runtime.cell import State
from runtime.child_spec import AutoShutdown, Family
from runtime.errors import GaveUp
from runtime.facts import RootCoolingDown
from runtime.family import Child, Nursery, RetryDue
from runtime.intensity import Intensity

log = logging.getLogger("runtime.supervisor")


class Budget:
    """The restarts of one supervisor incarnation."""

    def __init__(self, family: Family, nursery: Nursery) -> None:
        self._family = family
        self._nursery = nursery
        self._system = nursery.system
        self._intensity = Intensity(family.restarts, family.within)
        self.is_root = nursery.life.cell.path == "/"

    def may_restart(self, child: Child, error: BaseException | None) -> bool:
        """For a child with a budget of its own: charge that one; parked when it is used up."""
        if child.budget is None or child.budget.allow(self._system.clock.monotonic()):
            return True
        self._nursery.park(child, f"{type(error).__name__}: {error}")
        return False

    def charge(self, child: Child) -> bool:
        """Count one restart; False when it is one too many for this supervisor, or follows a cool-down too soon."""
        now = self._system.clock.monotonic()
        if child.cooling:
            child.cooling = child.down_at is not None and child.down_at - child.up_at <= self._family.within
            if child.cooling:
                return False
        return child.budget is not None or self._intensity.allow(now)

    def gave_up(self, child: Child, error: BaseException | None) -> GaveUp:
        """What the supervisor ends with."""
        family = self._family
        what = f"{child.cell.path}: more than {family.restarts} restarts in {family.within:g} s"
        gave_up = GaveUp(f"{what}; last: {type(error).__name__}: {error}")
        gave_up.__cause__ = error
        return gave_up

    def cool_down(self, child: Child, error: BaseException | None) -> float:
        """The root does not end: seconds until it may try again, after telling everybody."""
        child.cooling = True
        seconds = self._family.cool_down
        log.critical("the root's restarts are used up by %s; next try in %g s", child.cell.path, seconds)
        text = f"{type(error).__name__}: {error}"
        self._system.bus.publish(RootCoolingDown(child.cell.path, text, seconds))
        return seconds

    def retry_in(self, child: Child, seconds: float) -> None:
        """Have the supervisor try again later."""
        due = RetryDue(child)
        life = self._nursery.life
        child.timer = self._system.timers.after(seconds, lambda: life.post(due))

    def auto_shutdown(self) -> bool:
        """Whether the supervisor ends now that a significant child has."""
        mode = self._family.auto_shutdown
        children = self._nursery.children.values()
        left = any(child.spec.significant and self._goes_on(child) for child in children)
        return mode is AutoShutdown.ANY_SIGNIFICANT or (mode is AutoShutdown.ALL_SIGNIFICANT and not left)

    @staticmethod
    def _goes_on(child: Child) -> bool:
        return child.life is not None or child.cell.state is State.RESTARTING  # it waits for its next try
