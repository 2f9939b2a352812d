"""Who may use the bot, what they want to be told, and the invitations that are open; codes are stored as hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from actors.records.codec import time_in, time_out
from runtime.store import Store
from runtime.table import Table

MAX_INVITATIONS = 100


@dataclass(frozen=True, kw_only=True)
class User:
    """One person (or, for an administrator by setting, one chat). `role` None: known, and may do nothing.

    `blocked`: may not even ask to be let in. `language` was chosen, `met_language` is their client's.
    """

    id: int
    role: str | None
    added_at: datetime
    name: str = ""
    language: str | None = None
    met_language: str | None = None
    blocked: bool = False


@dataclass(frozen=True)
class Quiet:
    """Hours in which nothing silent is sent: from `start` to `end` o'clock, `offset_min` minutes east of UTC."""

    start: int
    end: int
    offset_min: int = 0


@dataclass(frozen=True)
class Wishes:
    """What one person wants to be told: a level ("off", "silent", "loud") by kind of notice, where it was changed.

    `projects`: by a project's number, "silent" for nothing with a sound, "off" for nothing at all.
    """

    levels: tuple[tuple[str, str], ...] = ()
    quiet: Quiet | None = None
    projects: tuple[tuple[int, str], ...] = ()

    def level(self, kind: str) -> str | None:
        """What was chosen for the kind; None: the default."""
        return dict(self.levels).get(kind)

    def with_level(self, kind: str, level: str) -> Wishes:
        """A copy with that kind changed."""
        return replace(self, levels=tuple(sorted({**dict(self.levels), kind: level}.items())))

    def of_project(self, no: int) -> str | None:
        """What was chosen for the project of that number; None: nothing."""
        return dict(self.projects).get(no)

    def with_project(self, no: int, level: str | None) -> Wishes:
        """A copy with that project changed; None takes the choice back."""
        others = {known: chosen for known, chosen in self.projects if known != no}
        return replace(self, projects=tuple(sorted(({**others, no: level} if level else others).items())))


@dataclass(frozen=True)
class Invitation:
    """A role that somebody may take, once, until then."""

    role: str
    until: datetime


class PeopleRecords:
    """Users, wishes, invitations. Any thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._users = Table(store, "user", schema=1, encode=_user_out, decode=_user_in)
        self._wishes = Table(store, "wishes", schema=1, encode=_wishes_out, decode=_wishes_in)
        self._invitations = Table(store, "invitation", schema=1, encode=_invitation_out, decode=_invitation_in)

    def users(self) -> list[User]:
        """Everybody on record, in the order of their numbers."""
        return [user for _key, user in self._users.scan()]

    def put(self, user: User) -> None:
        """Store what changed."""
        self._users.put(_number(user.id), user)

    def forget(self, user_id: int) -> bool:
        """Remove a person and their wishes; whether there was one."""
        with self.store.transaction():
            self._wishes.delete(_number(user_id))
            return self._users.delete(_number(user_id))

    def wishes(self, user_id: int) -> Wishes:
        """What the person wants to be told; everything by default."""
        return self._wishes.get(_number(user_id)) or Wishes()

    def set_wishes(self, user_id: int, wishes: Wishes) -> None:
        """Store them."""
        self._wishes.put(_number(user_id), wishes)

    def add_invitation(self, code: str, invitation: Invitation, now: datetime) -> None:
        """Keep the hash of the code. What is over goes; of more than a hundred the first to end goes."""
        with self.store.transaction():
            known = sorted(self._invitations.scan(), key=lambda found: found[1].until)
            over = [key for key, old in known if old.until <= now]
            extra = [key for key, _old in known[len(over) :]][: max(len(known) - len(over) - MAX_INVITATIONS + 1, 0)]
            for key in [*over, *extra]:
                self._invitations.delete(key)
            self._invitations.put(_hash(code), invitation)

    def take_invitation(self, code: str, now: datetime) -> Invitation | None:
        """The invitation of that code, which is then used up; None for one that is unknown, used or over."""
        key = _hash(code)
        with self.store.transaction():
            found = self._invitations.get(key)
            if found is not None:
                self._invitations.delete(key)
        return found if found is not None and found.until > now else None


def _number(user_id: int) -> str:
    return f"{user_id:d}"


def _hash(code: str) -> str:
    """What is looked up is a hash: how long that takes tells nothing of the code."""
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def _user_out(user: User) -> dict[str, Any]:
    return {**vars(user), "added_at": time_out(user.added_at)}


def _user_in(plain: dict[str, Any]) -> User:
    return User(**{**plain, "added_at": time_in(plain["added_at"])})


def _wishes_out(wishes: Wishes) -> dict[str, Any]:
    quiet = None if wishes.quiet is None else dict(vars(wishes.quiet))
    return {"levels": dict(wishes.levels), "quiet": quiet, "projects": {str(no): it for no, it in wishes.projects}}


def _wishes_in(plain: dict[str, Any]) -> Wishes:
    quiet = plain["quiet"]
    projects = tuple(sorted((int(no), it) for no, it in plain.get("projects", {}).items()))
    return Wishes(tuple(sorted(plain["levels"].items())), None if quiet is None else Quiet(**quiet), projects)


def _invitation_out(invitation: Invitation) -> dict[str, Any]:
    return {"role": invitation.role, "until": time_out(invitation.until)}


def _invitation_in(plain: dict[str, Any]) -> Invitation:
    return Invitation(plain["role"], time_in(plain["until"]))
