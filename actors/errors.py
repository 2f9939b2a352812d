"""Domain errors, each with a hint for the person who asked; the tree drawn.

VankaError                       the root: `code` is stable (texts are translated by it), `fields` fill the translation
├── BadInput                     what was given cannot be used: nothing was changed
│   ├── BadSetting               an environment variable (exit code 2)
│   ├── BadUsage                 an option or argument of wrong form (exit code 2)
│   ├── BadName  BadUrl  BadBranch  BadPath  BadInterval  BadProbe  BadEngine
│   ├── BadVariable  BadOption
│   ├── NameTaken                a project of that name exists
│   └── TargetOccupied           the directory holds something that is not ours
├── Unknown                      nothing of that name here
│   ├── NoSuchProject  NoSuchVersion  NoSuchDeployment  NoSuchActor
├── SourceError                  git said no
│   ├── Unreachable              no answer, or no such repository
│   ├── AccessDenied             the repository wants a token or a key
│   ├── HostKeyChanged           the server is not the one that was met before
│   ├── NoSuchBranch  NoSuchCommit
│   └── EmptyRepository          no commit yet
├── BuildError                   a release could not be made: `output` holds the tool's own words
├── SwitchError                  the target could not be changed
├── EngineError                  the program could not be started or stopped
│   └── EngineSilent             the engine is there and did not answer in time
├── Refused                      right in form, not possible now
│   ├── Busy                     a deployment is under way
│   │   └── StillBuilding        a test run that does not run yet
│   ├── NothingToDo              no earlier version, nothing queued, no test to promote ...
│   ├── NoRoom                   the disk is too full for it
│   └── NoEngine                 the machine has no such engine
└── NoService                    no service runs on this home (exit code 3)
"""

from __future__ import annotations

from typing import ClassVar


class VankaError(Exception):
    """The root of the domain's errors.

    `message` is one English sentence that says what and why, `hint` one that says what to do (may be empty).
    `code` names the kind for good; chat texts are found by it and filled with `fields`.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "", **fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields

    def record(self) -> dict[str, object]:
        """The error as plain JSON, as it crosses the control socket."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "fields": dict(self.fields)}


class BadInput(VankaError):
    """What was given cannot be used; nothing was changed."""

    code = "bad_input"


class BadSetting(BadInput):
    """An environment variable of Vanka's own has a value that cannot be used."""

    code = "bad_setting"
    exit_code = 2


class BadUsage(BadInput):
    """An option or argument of the wrong form."""

    code = "bad_usage"
    exit_code = 2


class BadName(BadInput):
    """Not a project's name: letters, digits, `-`, `_`, `.`, up to 64, not starting with `-` or `.`."""

    code = "bad_name"


class BadUrl(BadInput):
    """Not a repository address that Vanka uses."""

    code = "bad_url"


class BadBranch(BadInput):
    """Not a branch name that git would take."""

    code = "bad_branch"


class BadPath(BadInput):
    """Not a directory that a project may be put into, or not a path inside it."""

    code = "bad_path"


class BadInterval(BadInput):
    """Not a watch interval from 15 s to 7 days."""

    code = "bad_interval"
    exit_code = 2


class BadVariable(BadInput):
    """Not a variable's name, or a value that no process can get."""

    code = "bad_variable"


class BadOption(BadVariable):
    """A variable that an engine reads, such as a limit of memory, with a value that it cannot use."""

    code = "bad_option"


class BadProbe(BadInput):
    """Not a health probe."""

    code = "bad_probe"
    exit_code = 2


class BadEngine(BadInput):
    """Not an engine that exists."""

    code = "bad_engine"
    exit_code = 2


class NameTaken(BadInput):
    """A project of that name exists."""

    code = "name_taken"


class TargetOccupied(BadInput):
    """The directory holds something that is not ours, and `--adopt` was not given."""

    code = "target_occupied"


class Unknown(VankaError):
    """Nothing of that name here."""

    code = "unknown"


class NoSuchProject(Unknown):
    """No project of that name."""

    code = "no_such_project"


class NoSuchVersion(Unknown):
    """The project never had that version."""

    code = "no_such_version"


class NoSuchDeployment(Unknown):
    """No deployment of that id."""

    code = "no_such_deployment"


class NoSuchActor(Unknown):
    """No actor of that name in the tree."""

    code = "no_such_actor"


class SourceError(VankaError):
    """Git, or the server behind it, said no."""

    code = "source"


class Unreachable(SourceError):
    """No answer from the repository, or no repository there."""

    code = "unreachable"


class AccessDenied(SourceError):
    """The repository wants a token or a key that we do not have."""

    code = "access_denied"


class HostKeyChanged(SourceError):
    """The server shows another host key than when it was met first."""

    code = "host_key_changed"


class NoSuchBranch(SourceError):
    """The repository has no such branch."""

    code = "no_such_branch"


class NoSuchCommit(SourceError):
    """The repository has no such commit."""

    code = "no_such_commit"


class EmptyRepository(SourceError):
    """The repository has no commit yet."""

    code = "empty_repository"


class BuildError(VankaError):
    """A release could not be made. `output` holds the tool's own last words."""

    code = "build"

    def __init__(self, message: str, hint: str = "", *, output: str = "", **fields: str) -> None:
        super().__init__(message, hint, **fields)
        self.output = output


class SwitchError(VankaError):
    """The target could not be changed."""

    code = "switch"


class EngineError(VankaError):
    """The program could not be started or stopped."""

    code = "engine"


class EngineSilent(EngineError):
    """The engine is there, and did not answer in time."""


class Refused(VankaError):
    """Right in form, not possible now."""

    code = "refused"


class Busy(Refused):
    """Something is under way that has to end first."""

    code = "busy"


class StillBuilding(Busy):
    """The test run does not run yet, so nobody can know whether it is any good."""

    code = "still_building"


class NoRoom(Refused):
    """The disk is too full for it; nothing was changed."""

    code = "no_room"


class NothingToDo(Refused):
    """There is nothing that the command could act upon."""

    code = "nothing_to_do"


class NoEngine(Refused):
    """This machine has no such engine running."""

    code = "no_engine"


class NoService(VankaError):
    """No service runs on this home."""

    code = "no_service"
    exit_code = 3
