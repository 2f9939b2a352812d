"""Every command and event, in the order of the walk. Commands are imperative, events past tense; all frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from actors.model.deployment import Deployment, Kind, StageRecord
from actors.model.guest import Guest, Step
from actors.model.load import Raised
from actors.model.project import Environment, Project, Remedy
from actors.model.run import Run, Verdict
from actors.model.version import Commit
from runtime.address import Address

# --- commands to a watcher


@dataclass(frozen=True)
class Look:
    """Check the repository now. Asked, it answers a Seen (or raises the SourceError) when the look has ended."""

    forced: bool = False


@dataclass(frozen=True)
class Seen:
    """The answer to Look: the branch's newest commit, and whether it was new to us."""

    commit: str
    new: bool


# --- commands to a deployer


@dataclass(frozen=True)
class Deploy:
    """Put a commit (None: the branch's newest) into production, or into a test run. Answers the queued Deployment."""

    asked_by: str
    kind: Kind = Kind.DEPLOY
    commit: str | None = None
    version: int | None = None
    test_for_s: int | None = None
    refresh: bool = False


@dataclass(frozen=True)
class Rollback:
    """Return production to a version (None: the one before). Answers the queued Deployment."""

    asked_by: str
    version: int | None = None


@dataclass(frozen=True)
class Promote:
    """Put the release that is in the test environment into production. Answers the queued Deployment."""

    asked_by: str


@dataclass(frozen=True)
class Discard:
    """End the test run and remove its directory. Answers the test's Deployment."""

    asked_by: str


@dataclass(frozen=True)
class Cancel:
    """End what is queued or running - the named deployment only - and its processes. Answers the Deployment."""

    asked_by: str
    id: str | None = None


@dataclass(frozen=True)
class ExtendTest:
    """Give a running test more time. Answers the Deployment."""

    seconds: int


@dataclass(frozen=True)
class CommitWanted:
    """The watcher's word: this new commit is to be handled by the project's policy. Never answered."""

    sha: str


@dataclass(frozen=True)
class JobEnded:
    """A job has walked its deployment to the end (a test: until it runs)."""

    deployment: Deployment


@dataclass(frozen=True)
class TestEnded:
    """The test run is over, one way or the other; from now on somebody must decide."""

    __test__ = False  # not a test class, whatever its name looks like to a test runner

    deployment: Deployment


@dataclass(frozen=True)
class RunnerUp:
    """A runner has (re)started and asks what it is to look after."""


@dataclass(frozen=True)
class Crashing:
    """The runner's word: the kept version keeps ending within its first minutes. Never answered."""

    version: int
    reason: str


# --- commands to a job


@dataclass(frozen=True)
class StoodDown:
    """The runner will not touch production until it is told to."""


@dataclass(frozen=True)
class EndJob:
    """Give up what is being done; if the target was touched, go back."""

    asked_by: str


# --- commands to a tester


@dataclass(frozen=True)
class EndTest:
    """End the test run now. `cancelled`: it does not count as passed."""

    cancelled: bool


@dataclass(frozen=True)
class MoreTime:
    """The test run is to last so many seconds longer."""

    seconds: int


# --- commands to a runner


@dataclass(frozen=True)
class TakeOver:
    """The deployer is done with the environment: keep this run alive from now on (None: nothing is to run)."""

    environment: Environment
    run: Run | None


@dataclass(frozen=True)
class StandDown:
    """A job is about to change what runs in production: leave it alone until TakeOver, and tell `job` StoodDown."""

    deployment: str
    job: Address[JobCommand]


@dataclass(frozen=True)
class StartProgram:
    """Start the current release. Answers when it has started."""

    asked_by: str


@dataclass(frozen=True)
class StopProgram:
    """Stop the program and keep it stopped. Answers when nothing of it is left."""

    asked_by: str


@dataclass(frozen=True)
class RestartProgram:
    """Stop and start the current release."""

    asked_by: str


# --- commands to the herald


@dataclass(frozen=True)
class Remind:
    """Tell that person once more, so many seconds from now, that the test waits for a decision, if it does then.

    Answers when that is on record.
    """

    chat: int
    deployment: Deployment
    seconds: int


# --- commands to the metrics actor


@dataclass(frozen=True)
class TakeLoad:
    """Answers CPU, memory, disk and processes as `vanka load --json` shows them."""


@dataclass(frozen=True)
class TakeHistory:
    """Answers the LoadHistory of the last `seconds`, without marks: of the whole, or of one program by its key."""

    seconds: int
    key: str | None = None


# --- commands to the checker


@dataclass(frozen=True)
class LookAtHealth:
    """Look at the production program of the project of that number now. Answers a Look; None: nothing runs there."""

    project_no: int


WatcherCommand = Look
DeployerCommand = (
    Deploy
    | Rollback
    | Promote
    | Discard
    | Cancel
    | ExtendTest
    | CommitWanted
    | JobEnded
    | TestEnded
    | RunnerUp
    | Crashing
)
JobCommand = StoodDown | EndJob
TesterCommand = EndTest | MoreTime
RunnerCommand = TakeOver | StandDown | StartProgram | StopProgram | RestartProgram


# --- events: a project


@dataclass(frozen=True)
class ProjectAdded:
    """A project was stored; its family is to be started."""

    project: Project


@dataclass(frozen=True)
class ProjectChanged:
    """A project's settings or variables were changed."""

    project: Project


@dataclass(frozen=True)
class ProjectRemoved:
    """A project was forgotten."""

    project: Project


# --- events: one commit, all the way


@dataclass(frozen=True)
class CommitSeen:
    """The watcher found a commit that it had not seen. `skipped`: its message says [skip ci]."""

    project: str
    commit: Commit
    at: datetime
    skipped: bool = False
    forced_push: bool = False


@dataclass(frozen=True)
class WatchFailed:
    """A check did not work; `times` in a row. `first` tells whether it worked before."""

    project: str
    error: str
    times: int
    at: datetime


@dataclass(frozen=True)
class WatchRecovered:
    """The first check that worked after failed ones."""

    project: str
    at: datetime


@dataclass(frozen=True)
class DeploymentQueued:
    """A deployment was recorded and waits for its turn."""

    deployment: Deployment


@dataclass(frozen=True)
class DeploymentStarted:
    """A deployment was taken up. `resumed`: after a crash of ours."""

    deployment: Deployment
    resumed: bool = False


@dataclass(frozen=True)
class StageMoved:
    """A stage of a deployment began or ended."""

    deployment: Deployment
    stage: StageRecord


@dataclass(frozen=True)
class ReleaseBuilt:
    """The release is complete, beside the running one."""

    deployment: Deployment


@dataclass(frozen=True)
class ReleaseSwitched:
    """The target holds the new release."""

    deployment: Deployment


@dataclass(frozen=True)
class ReleaseChecked:
    """The started release was probed."""

    deployment: Deployment
    verdict: Verdict


@dataclass(frozen=True)
class ReleaseKept:
    """The release is in production to stay."""

    deployment: Deployment


@dataclass(frozen=True)
class ReleaseRolledBack:
    """The release failed and the version before runs again (`deployment.previous`)."""

    deployment: Deployment
    reason: str


@dataclass(frozen=True)
class DeploymentEnded:
    """Nothing of this deployment will change any more. `output` holds the last lines of the failed stage."""

    deployment: Deployment
    output: tuple[str, ...] = ()


# --- events: test runs


@dataclass(frozen=True)
class TestFinished:
    """A test run came to its end and waits for a decision. `passed` False: the program ended by itself, badly.

    `errors` counts the lines of its output that tell of trouble; None where nobody could look.
    """

    __test__ = False  # not a test class, whatever its name looks like to a test runner

    deployment: Deployment
    passed: bool
    exit_code: int | None
    output: tuple[str, ...] = ()
    errors: int | None = None


@dataclass(frozen=True)
class TestDiscarded:
    """A test run was taken down; production was not touched. `unasked`: nobody decided in time."""

    __test__ = False

    deployment: Deployment
    unasked: bool = False


# --- events: a program


@dataclass(frozen=True)
class ProgramStarted:
    """A program was started outside a deployment. `asked_by` None: by the runner itself, after it was down."""

    run: Run
    asked_by: str | None = None


@dataclass(frozen=True)
class ProgramAdopted:
    """A program that outlived the service was found again."""

    run: Run


@dataclass(frozen=True)
class ProgramStopped:
    """The program was stopped because somebody asked."""

    project: str
    asked_by: str


@dataclass(frozen=True)
class ProgramDown:
    """The program ended by itself."""

    project: str
    environment: Environment
    version: int
    exit_code: int | None
    restarts: int
    next_try_s: float
    output: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProgramUp:
    """The program stays up again after it was down; `after_s` since it went down."""

    run: Run
    after_s: float


@dataclass(frozen=True)
class ProgramParked:
    """The program kept ending and is not started any more until somebody acts."""

    project: str
    version: int
    exit_code: int | None
    output: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProgramUnwell:
    """The program runs and was found unwell so many times in a row; `remedy` is what follows."""

    project: str
    version: int
    reason: str
    times: int
    remedy: Remedy


@dataclass(frozen=True)
class ProgramWell:
    """The program is well again, `after_s` after it was told that it is not."""

    project: str
    version: int
    after_s: float


# --- events: the load


@dataclass(frozen=True)
class LoadExceeded:
    """A threshold was passed for minutes. Told again after a crash of ours: it is the same when `since` is."""

    raised: Raised


@dataclass(frozen=True)
class LoadRecovered:
    """The load is normal again (`raised.over`), after it was told that it is not."""

    raised: Raised


# --- events: third-party repositories


@dataclass(frozen=True)
class GuestStep:
    """A command in a guest's container has ended, and the guest goes on."""

    guest: Guest
    step: Step


@dataclass(frozen=True)
class GuestEnded:
    """A guest came to its end by itself; `guest.ending` tells how. No `step`: it could not be run, or was lost.

    After a start those of the last day are told once more: what knows of it already is to take no notice.
    """

    guest: Guest
    step: Step | None = None


@dataclass(frozen=True)
class GuestDown:
    """A guest's program in production ended by itself, badly; it is started again after a pause."""

    guest: Guest
    step: Step
    next_try_s: float


@dataclass(frozen=True)
class GuestRenewed:
    """A guest's repository has a new commit, and that is run now in place of the one before."""

    guest: Guest
    before: str


@dataclass(frozen=True)
class GuestKept:
    """A guest's new commit could not be prepared: the one before goes on. `step` is the command that failed."""

    guest: Guest
    error: str
    step: Step | None = None


@dataclass(frozen=True)
class GuestWatchFailed:
    """A guest's repository cannot be looked at, several times in a row."""

    guest: Guest
    error: str


# --- events: the service


@dataclass(frozen=True)
class ServiceStarted:
    """The tree is up. `after_crash`: the last service on this home did not stop in order."""

    at: datetime
    after_crash: bool


@dataclass(frozen=True)
class ServiceNotice:
    """Something about the service itself that the administrator should read (the store was restored, a disk fills)."""

    text: str
    loud: bool = True
