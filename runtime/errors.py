"""Kernel errors, the tree drawn.

KernelError                     the root: a message, and a hint that says what to do
├── BadSpec                     a child spec that cannot work, found before any child is started
├── StartFailed                 a child did not come up: `child` names it, `reason` says why
├── ActorDead                   an ask that no incarnation will answer any more
├── InboxFull                   an ask that found no place in a bounded inbox
├── AskTimeout                  an ask that was not answered in time (the work may still be done)
├── JobRejected                 a lane of blocking work whose queue is full
├── Cancelled                   work that was told to end before it had ended
├── Overdue                     a handler, hook or job that ran past its hard limit
├── Drill                       raised in an actor on purpose, at an operator's request
├── SupervisionError            what a supervisor answers when it cannot do what it was told
│   ├── AlreadyStarted          the id is taken by a running child
│   ├── AlreadyPresent          the id is taken by a child that is not running
│   ├── ChildRunning            terminate the child first
│   ├── NoSuchChild             no child has this id
│   └── GaveUp                  more restarts than the budget allows
├── StoreError
│   ├── StoreBusy               another service runs on this home
│   ├── StoreFull               no space left: this operation was refused, nothing that was acknowledged is lost
│   ├── StoreDamaged            the database cannot be read and no good copy is left
│   └── SchemaTooNew            the record was written by a newer Vanka
├── VaultError
│   ├── WrongKey                none of the given keys opens the value
│   └── BadKey                  the key itself cannot be used
├── ShellError
│   └── CommandMissing          the program is not on this machine
├── HostError                   the machine does not give what was asked of it
├── PictureError                a picture that could not be drawn
├── WebError                    the HTTP server cannot listen
└── LocalSocketError            the control socket cannot listen, or the other side does not keep to the protocol
    ├── NoListener              nobody listens on that socket
    └── ConnectionLost          the other side went away, or fell silent, before it had answered
"""

from __future__ import annotations


class KernelError(Exception):
    """The root of the ground floor's errors. `hint` is one sentence on what to do about it; it may be empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadSpec(KernelError):
    """A child spec that cannot work; raised before any child is started."""


class StartFailed(KernelError):
    """A child did not come up. `child` is its id, `reason` what its `__init__` or start hook raised."""

    def __init__(self, child: str, reason: BaseException) -> None:
        super().__init__(f"{child} did not start: {type(reason).__name__}: {reason}")
        self.child = child
        self.reason = reason


class ActorDead(KernelError):
    """The actor that was asked is gone and nobody will answer in its place."""


class InboxFull(KernelError):
    """The inbox holds as many messages as its child spec allows; the ask was not accepted."""


class AskTimeout(KernelError):
    """The answer did not come in time; what was asked may still be done."""


class JobRejected(KernelError):
    """The lane's queue is full: ask again later."""


class Cancelled(KernelError):
    """The work was told to end, and ended, before it was done."""


class Overdue(KernelError):
    """It ran past its hard limit; the kernel no longer waits for it."""


class Drill(KernelError):
    """Raised in an actor on purpose, to see it get back up."""


class SupervisionError(KernelError):
    """The root of what a supervisor answers when it cannot do what it was told. It changes nothing then."""


class AlreadyStarted(SupervisionError):
    """A running child has this id."""


class AlreadyPresent(SupervisionError):
    """A child that is not running has this id: restart or delete it."""


class ChildRunning(SupervisionError):
    """The child runs: terminate it first."""


class NoSuchChild(SupervisionError):
    """No child has this id."""


class GaveUp(SupervisionError):
    """A supervisor saw more restarts than its budget allows; the cause is the last child's error."""


class StoreError(KernelError):
    """The root of what the store may say."""


class StoreBusy(StoreError):
    """Another service has this home open."""


class StoreFull(StoreError):
    """No space is left for this one operation; nothing that was acknowledged is lost."""


class StoreDamaged(StoreError):
    """The database cannot be read, and there is no good copy to go back to."""


class SchemaTooNew(StoreError):
    """The record was written by a newer version of the program."""


class VaultError(KernelError):
    """The root of what the vault may say."""


class WrongKey(VaultError):
    """No key that was given opens the value, or the value was sealed for another owner or name."""


class BadKey(VaultError):
    """The key itself cannot be used."""


class ShellError(KernelError):
    """A child process could not be started or driven."""


class CommandMissing(ShellError):
    """The program to run is not on this machine."""


class HostError(KernelError):
    """The machine does not give what was asked of it."""


class PictureError(KernelError):
    """A picture that could not be drawn; what it was to show can still be told in words."""


class WebError(KernelError):
    """The HTTP server cannot listen where it was told to."""


class LocalSocketError(KernelError):
    """The control socket cannot listen, or the other side does not keep to the protocol."""


class NoListener(LocalSocketError):
    """Nobody listens on that socket."""


class ConnectionLost(LocalSocketError):
    """The other side went away, or fell silent, before it had answered; what was asked may still be done."""
