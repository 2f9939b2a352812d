"""Who may press what: administrators by setting or pairing, operators and viewers by invitation; and their wishes."""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from actors.bot.attempts import Attempts
from actors.bot.rights import Right, Role, may
from actors.records.people import Invitation, PeopleRecords, Quiet, User, Wishes
from runtime.clock import Clock
from runtime.log import get
from runtime.store import Store

log = get("actors.bot.audit")
PAIRING_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike
PAIRING_LENGTH = 12
INVITATION_S = 3600
_INVITATION = re.compile(r"[A-Za-z0-9_-]{22}")
MAX_USERS = 1000
MAX_NAME = 64
MAX_ASKED_IN = 100
LANGUAGES = ("ru", "en")
LEVELS = ("off", "silent", "loud")

__all__ = ["Access", "Right", "Role", "User", "may"]


class Access:
    """The people of one service. Any thread; what is asked at every press is answered from memory.

    `admins` are those of the settings: nobody can take their role away from within the chat.
    """

    def __init__(self, store: Store, clock: Clock, admins: Sequence[int] = (), language: str | None = None) -> None:
        self._records = PeopleRecords(store)
        self._clock = clock
        self._fixed = tuple(admins)
        self._default_language = language
        self._lock = threading.RLock()
        self._users = {user.id: user for user in self._records.users()}
        self._wishes = {user_id: self._records.wishes(user_id) for user_id in {*self._users, *self._fixed}}
        self._attempts = Attempts()
        self._asked_in: OrderedDict[int, User] = OrderedDict()
        self._pairing: str | None = None if self._admins() else _pairing_code()

    # --- who is who

    def role(self, user_id: int) -> Role | None:
        """What the person is; None for a stranger."""
        if user_id in self._fixed:
            return Role.ADMIN
        user = self._users.get(user_id)
        return None if user is None or user.blocked or user.role is None else Role(user.role)

    def may(self, role: Role | None, right: Right) -> bool:
        """Whether the role includes the right."""
        return may(role, right)

    def admins(self) -> tuple[int, ...]:
        """The administrators' numbers, those of the settings first."""
        with self._lock:
            return self._admins()

    def users(self) -> list[User]:
        """Everybody who may do something, administrators first."""
        with self._lock:
            known = [self._known(user_id) for user_id in {*self._fixed, *self._users}]
            order = list(Role)
            let_in = [replace(user, role=role) for user in known if (role := self.role(user.id)) is not None]
            return sorted(let_in, key=lambda user: (order.index(Role(user.role or "viewer")), user.id))

    def blocked(self) -> list[User]:
        """Those who may not even ask."""
        with self._lock:
            return sorted((user for user in self._users.values() if user.blocked), key=lambda user: user.id)

    def is_blocked(self, user_id: int) -> bool:
        """Whether the person is to hear nothing at all."""
        user = self._users.get(user_id)
        return user is not None and user.blocked and user_id not in self._fixed

    def is_fixed(self, user_id: int) -> bool:
        """Whether the person is an administrator by setting: not to be changed from the chat."""
        return user_id in self._fixed

    # --- how somebody gets in

    def pairing_code(self) -> str | None:
        """The one-time code that makes its sender the administrator; None while there is one."""
        return self._pairing

    def pair(self, code: str, user_id: int, name: str = "") -> bool:
        """Whether that was the code: the person is administrator then, and the code is used up."""
        given = re.sub(r"[\s-]", "", code).upper()
        with self._lock:
            if self._pairing is None or len(given) != PAIRING_LENGTH or not self._may_try(user_id):
                return False
            if not hmac.compare_digest(given.encode("utf-8", "replace"), self._pairing.encode()):
                self._attempts.failed(user_id, self._clock.monotonic())
                log.warning("a wrong pairing code", user=user_id)
                return False
            self._set(user_id, Role.ADMIN, name)
            self._pairing = None
            log.info("paired", user=user_id)
            return True

    def invite(self, role: Role) -> str:
        """A code of 22 characters that gives the role to who sends it first, within an hour."""
        code = secrets.token_urlsafe(16)
        now = self._clock.now()
        self._records.add_invitation(code, Invitation(role.value, now + timedelta(seconds=INVITATION_S)), now)
        log.info("invited", role=role.value)
        return code

    def accept(self, code: str, user_id: int, name: str = "") -> Role | None:
        """The role that the invitation gave; None for a bad one. Who may do more already keeps that, and the code."""
        with self._lock:
            if not _INVITATION.fullmatch(code) or not self._may_try(user_id):
                return None
            own = self.role(user_id)
            if own is not None:
                return own
            found = self._records.take_invitation(code, self._clock.now())
            if found is None:
                self._attempts.failed(user_id, self._clock.monotonic())
                log.warning("an invitation that is not valid", user=user_id)
                return None
            role = Role(found.role)
            self._set(user_id, role, name)
            log.info("came by invitation", user=user_id, role=role.value)
            return role

    def asks_in(self, user_id: int, name: str, language: str) -> None:
        """A stranger asks: kept in memory, so that who decides sees a name, and the stranger hears their language."""
        with self._lock:
            now, known_as = self._clock.now(), name[:MAX_NAME]
            asked = User(id=user_id, role=None, added_at=now, name=known_as, met_language=language)
            self._asked_in[user_id] = asked
            while len(self._asked_in) > MAX_ASKED_IN:
                self._asked_in.popitem(last=False)

    def name(self, user_id: int) -> str:
        """What the person is called: also of who only asked to be let in; the number where nobody knows."""
        with self._lock:
            return self._known(user_id).name or str(user_id)

    def let_in(self, user_id: int, role: Role, name: str = "") -> None:
        """An administrator's decision about somebody who asked, or was here before."""
        with self._lock:
            self._set(user_id, role, name)
            log.info("let in", user=user_id, role=role.value)

    set_role = let_in

    def block(self, user_id: int, name: str = "") -> bool:
        """No role, no answer from now on. False for an administrator by setting and for the last administrator."""
        with self._lock:
            if not self._can_lose(user_id):
                return False
            user = self._known(user_id)
            self._put(replace(user, role=None, blocked=True, name=name[:MAX_NAME] or user.name))
            log.info("blocked", user=user_id)
            return True

    def remove(self, user_id: int) -> bool:
        """A stranger again. False for an administrator by setting and for the last administrator."""
        with self._lock:
            if not self._can_lose(user_id):
                return False
            self._records.forget(user_id)
            self._users.pop(user_id, None)
            self._wishes.pop(user_id, None)
            log.info("removed", user=user_id)
            return True

    # --- what they want

    def language(self, user_id: int) -> str | None:
        """What the person chose; None: nothing."""
        user = self._users.get(user_id)
        return None if user is None else user.language

    def telling_language(self, user_id: int, otherwise: str = "ru") -> str:
        """The language of what is told unasked: as chosen, else by setting, else as the client said, else that one."""
        user = self._users.get(user_id)
        met = user.met_language if user is not None else None
        return self.language(user_id) or self._default_language or met or otherwise

    def met(self, user_id: int, name: str, language: str) -> None:
        """Somebody who may do something wrote: remember their name and the language of their client, if new."""
        with self._lock:
            if self.role(user_id) is None:
                return
            user = self._known(user_id)
            changed = replace(user, name=name[:MAX_NAME] or user.name, met_language=language)
            if changed != user:
                self._put(changed)

    def set_language(self, user_id: int, language: str) -> None:
        """Remember the choice of somebody who may do something; others' are not kept."""
        if language not in LANGUAGES:
            raise ValueError(f"no such language: {language!r}")
        with self._lock:
            if self.role(user_id) is not None:
                self._put(replace(self._known(user_id), language=language))

    def wishes(self, user_id: int) -> Wishes:
        """What the person wants to be told."""
        return self._wishes.get(user_id) or Wishes()

    def set_level(self, user_id: int, kind: str, level: str) -> None:
        """One kind of notice: "off", "silent" or "loud"."""
        if level not in LEVELS:
            raise ValueError(f"no such level: {level!r}")
        self._set_wishes(user_id, lambda wishes: wishes.with_level(kind, level))

    def set_project_level(self, user_id: int, no: int, level: str | None) -> None:
        """A project's notices: "silent" or "off" whatever their kind; None: by their kind again."""
        if level not in (None, "off", "silent"):
            raise ValueError(f"no such level: {level!r}")
        self._set_wishes(user_id, lambda wishes: wishes.with_project(no, level))

    def set_quiet(self, user_id: int, quiet: Quiet | None) -> None:
        """Hours in which nothing silent is sent; None: none."""
        if quiet is not None and not (
            0 <= quiet.start < 24 and 0 <= quiet.end < 24 and abs(quiet.offset_min) <= 14 * 60
        ):
            raise ValueError(f"no such hours: {quiet}")
        self._set_wishes(user_id, lambda wishes: replace(wishes, quiet=quiet))

    # --- inside, with the lock held

    def _admins(self) -> tuple[int, ...]:
        paired = (user_id for user_id in sorted(self._users) if self.role(user_id) is Role.ADMIN)
        return tuple(dict.fromkeys([*self._fixed, *paired]))

    def _known(self, user_id: int) -> User:
        role = Role.ADMIN.value if user_id in self._fixed else None
        known = self._users.get(user_id) or self._asked_in.get(user_id)
        return known or User(id=user_id, role=role, added_at=self._clock.now())

    def _may_try(self, user_id: int) -> bool:
        return not self.is_blocked(user_id) and self._attempts.allowed(user_id, self._clock.monotonic())

    def _can_lose(self, user_id: int) -> bool:
        return user_id not in self._fixed and (self.role(user_id) is not Role.ADMIN or len(self._admins()) > 1)

    def _set(self, user_id: int, role: Role, name: str) -> None:
        user = self._known(user_id)
        if role is not Role.ADMIN and not self._can_lose(user_id):
            return  # somebody must be able to let others in
        self._put(replace(user, role=role.value, blocked=False, name=name[:MAX_NAME] or user.name))

    def _put(self, user: User) -> None:
        if user.id not in self._users and len(self._users) >= MAX_USERS:
            self._forget_one()
        self._records.put(user)
        self._users[user.id] = user

    def _forget_one(self) -> None:
        """Room for one more: the oldest of the blocked goes, the only kind that strangers can make many of."""
        blocked = sorted((user for user in self._users.values() if user.blocked), key=lambda user: user.added_at)
        if not blocked:
            raise ValueError(f"there are {MAX_USERS} users already")
        self._records.forget(blocked[0].id)
        del self._users[blocked[0].id]

    def _set_wishes(self, user_id: int, change: Callable[[Wishes], Wishes]) -> None:
        with self._lock:
            if self.role(user_id) is not None:
                wishes = change(self.wishes(user_id))
                self._records.set_wishes(user_id, wishes)
                self._wishes[user_id] = wishes


def _pairing_code() -> str:
    return "".join(secrets.choice(PAIRING_LETTERS) for _ in range(PAIRING_LENGTH))
