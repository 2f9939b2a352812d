"""X4, the users; X4a, one of them; X4x, away with one; X4i, an invitation; U1, somebody who asks to be let in."""

from __future__ import annotations

from dataclasses import replace

from actors.bot.links import Link
from actors.bot.rights import Right, Role
from actors.bot.screen import Choice, Page, Reply, Screen, Tell, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.screens.question import Question
from actors.bot.texts import Html, Words, as_language, escape, join
from actors.errors import NothingToDo

WANTED = (Role.OPERATOR.value, Role.VIEWER.value, "block")


class People(Screen):
    """What these screens share: administrators only, in a private chat only."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True


class Users(People):
    """X4."""

    id = "X4"

    def draw(self, visit: Visit) -> Page:
        """Everybody who may do something, and the blocked."""
        words = visit.words
        known = [it for it in (*visit.access.users(), *visit.access.blocked()) if it.id > 0]
        page, turning = pages(len(known), page_of(visit.place.arg), lambda n: go("·", "X4", arg=str(n)))
        rows = tuple(
            (
                go(
                    f"{it.name or it.id} · " + words.label(f"role_{it.role or 'blocked'}"),
                    "X4a",
                    it.id,
                ),
            )
            for it in known[page * PAGE : (page + 1) * PAGE]
        )
        invite = ((go(words.label("b_invite"), "X4i"),),) if visit.bot_name else ()
        path = crumbs(visit, words.label("system_title"), words.label("users_title"))
        return Page(path, words("users_text", n=len(known)), (*rows, *turning, *invite), back=Link("X0"))


class Invite(People):
    """X4i: a link that works once, for an hour."""

    id = "X4i"

    def draw(self, visit: Visit) -> Page:
        """For which role?"""
        words = visit.words
        rows = tuple((do(words.label(f"b_role_{role.value}"), "X4i", arg=role.value),) for role in reversed(Role))
        path = _path(visit, words.label("invite_title"))
        return Page(path, words("invite_ask"), rows, back=Link("X4"))

    def act(self, visit: Visit) -> Reply:
        """The link, to be sent on."""
        words = visit.words
        link = visit.deep_link(f"inv_{visit.access.invite(Role(visit.place.arg))}")
        if link is None:
            raise NothingToDo("there is no bot to invite anybody to")
        path = _path(visit, words.label("invite_title"))
        text = words("invite_link", link=link, role=words.label(f"role_{visit.place.arg}"))
        rows = ((Choice(words.label("b_copy"), copy=link),),)
        return Reply(page=Page(path, text, rows, back=Link("X4")))


def _path(visit: Visit, *more: str) -> tuple[str, ...]:
    return crumbs(visit, visit.words.label("system_title"), visit.words.label("users_title"), *more)


def _name(visit: Visit) -> str:
    """The person that the place names, by name where they have one."""
    return visit.access.name(visit.place.no)


def _who(visit: Visit) -> Html:
    """The person's name, where they have one, and number."""
    user, name = visit.place.no, _name(visit)
    number = Html(f"<code>{user}</code>")
    return number if name == str(user) else Html(f"<b>{escape(name)}</b> ({number})")


class OneUser(People):
    """X4a: another role, or none."""

    id = "X4a"

    def draw(self, visit: Visit) -> Page:
        """The roles; the present one is marked."""
        words, user, name = visit.words, visit.place.no, _name(visit)
        role, fixed = visit.access.role(user), visit.access.is_fixed(user)
        state = "role_blocked" if visit.access.is_blocked(user) else f"role_{role.value}" if role else "role_none"
        text = words("user_text", who=_who(visit), role=words.label(state))
        rows: tuple[tuple[Choice, ...], ...] = ()
        if not fixed:
            rows = tuple(
                (do(("● " if it is role else "") + words.label(f"b_role_{it.value}"), "X4a", user, it.value),)
                for it in reversed(Role)
            )
            rows += ((go(words.label("b_block"), "X4x", user, "block", "danger"),),)
            if role is not None:
                rows += ((go(words.label("b_remove_user"), "X4x", user, "remove", "danger"),),)
        return Page(_path(visit, name), join([text, words("user_fixed") if fixed else None]), rows, back=Link("X4"))

    def act(self, visit: Visit) -> Reply:
        """Another role; the last administrator stays."""
        return _let_in(visit, Role(visit.place.arg))


def _let_in(visit: Visit, role: Role) -> Reply:
    """Give the role; who had none is told so."""
    user, access, words = visit.place.no, visit.access, visit.words
    before = access.role(user)
    access.let_in(user, role)
    if access.role(user) is not role:
        return Reply(to=Link("X4"), note=words("note_last_admin"))
    theirs = Words(as_language(access.telling_language(user, words.language)) or words.language)
    told = Tell(
        user, theirs("you_are_in", role=theirs.label(f"role_{role.value}")), ((go(theirs.label("b_menu"), "M0"),),)
    )
    note = words("note_user", name=_name(visit), role=words.label(f"role_{role.value}"))
    return Reply(to=Link("X4"), note=note, tells=() if before is not None else (told,))


class AwayWith(Question, People):
    """X4x: the question before somebody is removed or blocked."""

    id = "X4x"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """Who, and what that means."""
        return _path(visit, _name(visit)), visit.words(f"ask_{self._what(visit)}_user", who=_who(visit))

    def says(self, visit: Visit) -> str:
        """What stands on the red button."""
        return visit.words.label("b_block" if self._what(visit) == "block" else "b_remove_user")

    def back(self, visit: Visit) -> Link:
        """The person."""
        return Link("X4a", visit.place.no)

    def act(self, visit: Visit) -> Reply:
        """As decided; the last administrator stays."""
        user, access, words = visit.place.no, visit.access, visit.words
        what, name = self._what(visit), _name(visit)
        done = access.block(user) if what == "block" else access.remove(user)
        return Reply(to=Link("X4"), note=words(f"note_user_{what}", name=name) if done else words("note_last_admin"))

    def _what(self, visit: Visit) -> str:
        return "block" if visit.place.arg == "block" else "remove"


class Stranger(Question, People):
    """U1: somebody who asked to be let in. The argument says as what: a role, or `block`."""

    id = "U1"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """Who, and as what."""
        words, wanted = visit.words, self._wanted(visit)
        role = visit.access.role(visit.place.no)
        if role is not None:
            text = words("stranger_is_in", name=_name(visit), role=words.label(f"role_{role.value}"))
        else:
            text = words(f"ask_stranger_{wanted}", who=_who(visit))
        return _path(visit, _name(visit)), text

    def says(self, visit: Visit) -> str:
        """What stands on the button."""
        return visit.words.label(f"b_stranger_{self._wanted(visit)}")

    def back(self, visit: Visit) -> Link:
        """The people."""
        del visit
        return Link("X4")

    def draw(self, visit: Visit) -> Page:
        """Letting in is green, blocking red; the other choices below."""
        words, wanted = visit.words, self._wanted(visit)
        page = super().draw(visit)
        cancel, sure = page.rows[0]
        sure = replace(sure, style="danger" if wanted == "block" else "success")
        others = [go(words.label(f"b_stranger_{it}"), "U1", visit.place.no, it) for it in WANTED if it != wanted]
        return replace(page, rows=((cancel, sure), *((other,) for other in others)))

    def act(self, visit: Visit) -> Reply:
        """As decided."""
        user, words, wanted = visit.place.no, visit.words, self._wanted(visit)
        if wanted != "block":
            return _let_in(visit, Role(wanted))
        done, name = visit.access.block(user), _name(visit)
        return Reply(to=Link("X4"), note=words("note_user_block", name=name) if done else words("note_last_admin"))

    def _wanted(self, visit: Visit) -> str:
        return visit.place.arg if visit.place.arg in WANTED else WANTED[0]
