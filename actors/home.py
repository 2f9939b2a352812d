"""The home, opened: the store, what is secret in it, the records, the releases and their environments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.control.service import RESTORE_FILE
from actors.records import Records
from actors.settings import Settings
from runtime import log
from runtime.clock import Clock
from runtime.errors import WrongKey
from runtime.redact import Redactor
from runtime.store import Store, restore
from runtime.vault import Secret, Vault

say = log.get("vanka")
LEAST_SECRET = 6
LEAST_NUMBER = 9


@dataclass(frozen=True)
class Home:
    """One state directory. `notices` holds what the store or the vault had to say while they opened."""

    layout: Layout
    store: Store
    records: Records
    releases: Releases
    environments: Environments
    notices: list[str]
    had_been_started: bool
    brought_back: bool  # to an earlier time: by a backup, or because the newest was damaged


def open_home(settings: Settings, redactor: Redactor, clock: Clock) -> Home:
    """Raises StoreBusy, StoreDamaged, WrongKey ... with what to do. What is secret in it, `redactor` learns."""
    notices: list[str] = []
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout = Layout(settings.home)
    had_been_started = layout.store.exists()
    brought_back = _restore_pending(layout)
    store = Store.open(layout.store, on_notice=notices.append)
    learn = _learner(redactor)
    key = None if settings.secret_key is None else settings.secret_key.reveal()
    key_file = settings.home / "secret.key"
    _need_the_key(store, key, key_file)
    vault = Vault.from_settings(key, key_file, on_value=learn, on_notice=notices.append)
    for secret in (settings.telegram_token, settings.secret_key):
        if secret is not None:
            learn(secret)
    return Home(
        layout=layout,
        store=store,
        records=Records(store, vault, clock),
        releases=Releases(layout),
        environments=Environments(layout),
        notices=notices,
        had_been_started=had_been_started,
        brought_back=brought_back or store.brought_back,
    )


def _need_the_key(store: Store, key: str | None, key_file: Path) -> None:
    """A new key is made for a new home only: beside secrets that it cannot open it would hide that one is lost."""
    sealed = sum(store.count(f"{table}/") for table in ("variable", "credential", "guest-variable", "guest-access"))
    if key is None and sealed and not key_file.exists():
        store.close()
        raise WrongKey(
            f"{key_file} is gone, and {sealed} stored secrets were sealed with it",
            "Put it back from your backup, or give the key in VANKA_SECRET_KEY.",
        )


def _restore_pending(layout: Layout) -> bool:
    """A backup that somebody asked to restore takes the database's place before it is opened; whether there was one."""
    pending = layout.home / RESTORE_FILE
    if not pending.exists():
        return False
    restore(layout.store, pending)
    say.warning("the records were restored from a backup")
    return True


def _learner(redactor: Redactor) -> Callable[[Secret], None]:
    def learn(secret: Secret) -> None:
        text = secret.reveal()
        # masking what is shorter, or a port number, would hide ordinary words in every log and protect nothing
        if len(text) >= LEAST_SECRET and not (text.isdecimal() and len(text) < LEAST_NUMBER):
            redactor.learn(text)

    return learn
