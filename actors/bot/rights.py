"""Who may do what: three roles and what each of them includes; pure."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is to this service."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Right(StrEnum):
    """What a screen or a button needs."""

    SEE = "see"  # states and logs
    RUN = "run"  # deploy, test, roll back, start and stop
    CHANGE = "change"  # projects, their settings and variables, users, the system


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.OPERATOR: frozenset({Right.SEE, Right.RUN}),
    Role.VIEWER: frozenset({Right.SEE}),
}


def may(role: Role | None, right: Right) -> bool:
    """Whether the role includes the right; a stranger has none."""
    return role is not None and right in RIGHTS[role]
