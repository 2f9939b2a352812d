"""R4l: when to be reminded that a test waits for a decision."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Page, Reply, Screen, Visit, do
from actors.bot.screens.common import crumbs, number
from actors.bot.screens.progress import Decision, remind

LATER_S = (3600, 3 * 3600, 12 * 3600)


class Remind(Screen):
    """The argument of an act: after how many seconds. A notice leads here; a terminal has nobody to remind."""

    id = "R4l"
    right = Right.RUN
    personal = True

    def draw(self, visit: Visit) -> Page:
        """The question while there is something to decide, else how things stand."""
        words, status = visit.words, visit.status()
        if not status.test_undecided or status.test is None:
            return Decision().draw(visit)
        project = status.project
        times = tuple(do(words.duration(seconds), "R4l", project.no, str(seconds)) for seconds in LATER_S)
        text = words("remind_text", name=project.name, no=number(words, status.test.version))
        path = crumbs(visit, words.label("test_over"), project=project)
        return Page(path, text, (times,), back=Link("R4", project.no))

    def act(self, visit: Visit) -> Reply:
        """Remember it, for the one who pressed."""
        return remind(visit, int(visit.place.arg) if visit.place.arg in map(str, LATER_S) else LATER_S[0])
