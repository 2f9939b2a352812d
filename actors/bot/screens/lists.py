"""P0s, a part of a name to look for; Z0, the numbers of a long list's pages."""

from __future__ import annotations

import difflib

from actors.bot.links import Link
from actors.bot.screen import Expect, Page, Reply, Screen, Visit, go, grid
from actors.bot.screens.common import FIND, JUMP, crumbs, line
from actors.bot.texts import join

# a list of projects, and where a project found leads from there
TARGETS = {"P0": "P1", "R0": "R1", "B0": "B1", "C0": "C1", "I0": "I1", "S0": "S1", "N1": "N1p"}
MOST_FOUND = 24
MOST_NUMBERS = 40


class Find(Screen):
    """P0s. The argument is the list that was searched."""

    id = FIND

    def draw(self, visit: Visit) -> Page:
        """Asks for a part of a name."""
        own = _list(visit)
        path = crumbs(visit, visit.words.label("find_title"))
        return Page(path, visit.words("find_ask"), cancel=Link(own), expects=Expect(Link(FIND, arg=own)))

    def typed(self, visit: Visit, text: str) -> Reply:
        """The only project of that name at once, else those to choose from."""
        words, wanted = visit.words, text.strip()[:64]
        own = _list(visit)
        statuses = visit.standing.statuses()
        found = [it for it in statuses if wanted.casefold() in it.project.name.casefold()]
        if len(found) == 1:
            return Reply(to=Link(TARGETS[own], found[0].project.no))
        note = words("found" if found else "found_none", text=wanted)
        if not found:
            near = difflib.get_close_matches(wanted.casefold(), [it.project.name.casefold() for it in statuses], 3, 0.5)
            found = [it for it in statuses if it.project.name.casefold() in near]
            note = join([note, words("found_near") if found else None])
        rows = tuple((go(line(words, it), TARGETS[own], it.project.no),) for it in found[:MOST_FOUND])
        path = crumbs(visit, words.label("find_title"))
        again = Expect(Link(FIND, arg=own))
        return Reply(page=Page(path, note, rows, back=Link(own), expects=again))


def _list(visit: Visit) -> str:
    return visit.place.arg if visit.place.arg in TARGETS else "P0"


class Jump(Screen):
    """Z0. The argument: the list's screen, how its argument begins, how many pages there are, which one was on."""

    id = JUMP

    def draw(self, visit: Visit) -> Page:
        """A number for each page; of very many every second, third, and so on."""
        words = visit.words
        screen, begin, count, here = ([*visit.place.arg.split("."), "", "", "", ""])[:4]
        total = int(count[:5]) if count.isdecimal() else 1
        step = -(-total // MOST_NUMBERS)
        numbers = sorted({*range(0, total, step), total - 1, int(here[:5]) if here.isdecimal() else 0})
        choices = [
            go(("● " if str(n) == here else "") + str(n + 1), screen, visit.place.no, f"{begin}{n}") for n in numbers
        ]
        back = Link(screen, visit.place.no, f"{begin}{here}")
        return Page(crumbs(visit, words.label("jump_title")), words("jump_text", n=total), grid(choices, 5), back=back)
