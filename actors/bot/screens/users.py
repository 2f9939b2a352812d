"""X4, the users; X4a, one of them; X4i, an invitation; U1, somebody who asks to be let in."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right, Role
from actors.bot.screen import CONFIRM_S, Choice, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.texts import join
from actors.errors import NothingToDo


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
        known = [*visit.access.users(), *visit.access.blocked()]
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
            if it.id > 0
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
        rows = tuple((do(words.label(f"role_{role.value}"), "X4i", arg=role.value),) for role in reversed(Role))
        path = crumbs(visit, words.label("users_title"), words.label("invite_title"))
        return Page(path, words("invite_ask"), rows, back=Link("X4"))

    def act(self, visit: Visit) -> Reply:
        """The link, to be sent on."""
        words = visit.words
        link = visit.deep_link(f"inv_{visit.access.invite(Role(visit.place.arg))}")
        if link is None:
            raise NothingToDo("there is no bot to invite anybody to")
        path = crumbs(visit, words.label("users_title"), words.label("invite_title"))
        text = words("invite_link", link=link, role=words.label(f"role_{visit.place.arg}"))
        rows = ((Choice(words.label("b_copy"), copy=link),),)
        return Reply(page=Page(path, text, rows, back=Link("X4")))


class OneUser(People):
    """X4a, and U1 for a stranger: another role, or none."""

    def __init__(self, own: str) -> None:
        self.id = own

    def draw(self, visit: Visit) -> Page:
        """The roles; the present one is marked."""
        words, user = visit.words, visit.place.no
        role, fixed = visit.access.role(user), visit.access.is_fixed(user)
        name = next((it.name for it in visit.access.users() if it.id == user and it.name), str(user))
        state = "role_blocked" if visit.access.is_blocked(user) else f"role_{role.value}" if role else "role_none"
        text = words("user_text", name=name, user=user, role=words.label(state))
        rows: tuple[tuple[Choice, ...], ...] = ()
        if not fixed:
            rows = tuple(
                (do(("● " if it is role else "") + words.label(f"b_role_{it.value}"), self.id, user, it.value),)
                for it in reversed(Role)
            )
            rows += ((do(words.label("b_block"), self.id, user, "block", "danger"),),)
            if role is not None:
                rows += ((do(words.label("b_remove_user"), self.id, user, "remove", "danger"),),)
        path = crumbs(visit, words.label("users_title"), name)
        fixed_note = words("user_fixed") if fixed else None
        return Page(path, join([text, fixed_note]), rows, back=Link("X4"), life_s=CONFIRM_S)

    def act(self, visit: Visit) -> Reply:
        """As decided; the last administrator stays."""
        user, arg, access, words = visit.place.no, visit.place.arg, visit.access, visit.words
        if arg in ("block", "remove"):
            done = access.block(user) if arg == "block" else access.remove(user)
            return Reply(to=Link("X4"), note=words("note_user" if done else "note_last_admin", user=user))
        access.let_in(user, Role(arg))
        return Reply(to=Link("X4"), note=words("note_user", user=user))
