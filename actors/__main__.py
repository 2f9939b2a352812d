"""Settings, tree, wait for the stop signal."""

from __future__ import annotations

import gc
import os
import signal
import sys

from actors.house import Built, Stop, build
from actors.messages import ServiceNotice, ServiceStarted
from actors.settings import Settings
from runtime import heartbeat, log
from runtime.errors import KernelError, SchemaTooNew, StoreBusy, StoreDamaged, VaultError
from runtime.redact import Redactor

STOP_S = 8.0  # Docker, and the promise of the manual, give ten
STOP_FIRST_S = 3.0  # where the programs are to be stopped, too, within those ten
BEAT_S = 1.0
CLEAN_MARK = "stopped-in-order"
AGAIN = 75  # the guardian starts us again
NO_USE = 2  # and this time not: only a person can help


def run_service(settings: Settings, stop_projects: bool = False) -> int:
    """Run the service until SIGTERM or Ctrl-C; its exit code. Called in the main thread, once in a process."""
    redactor = Redactor()
    log.configure(settings.log, redactor)
    say = log.get("vanka")
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.ask())
    pulse = heartbeat.attend()
    try:
        built = build(settings, redactor, stop)
    except KernelError as error:
        said = f"vanka: {str(error).rstrip('. ')}. {error.hint}".rstrip()
        print(said, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return NO_USE if isinstance(error, (StoreBusy, StoreDamaged, SchemaTooNew, VaultError)) else 1
    mark = settings.home / CLEAN_MARK
    after_crash = built.had_been_started and not mark.exists()
    mark.unlink(missing_ok=True)
    try:
        built.system.start(built.tree, timeout=60.0)
        built.system.bus.publish(ServiceStarted(built.services.clock.now(), after_crash))
        for notice in built.notices:
            built.system.bus.publish(ServiceNotice(notice))
        say.info("up", home=str(settings.home), pid=os.getpid(), projects=len(built.control.projects()))
        say.info(how_to_connect(settings, built.access.pairing_code()))
        # what stands by now is not looked through for garbage any more: with a thousand projects that took 0.1 s at a
        # time, in which nothing else went on
        gc.collect()
        gc.freeze()
        beat(built, pulse, stop)
    finally:
        built.system.stop(STOP_FIRST_S if stop_projects else STOP_S)
        if stop_projects and not stop.again:
            built.stop_programs()
        built.close()
        mark.touch(mode=0o600)
    say.info("stopped in order")
    return AGAIN if stop.again else 0


def beat(built: Built, pulse: heartbeat.Heartbeat, stop: Stop) -> None:
    """Until told to stop: a beat each second, but only after the root supervisor answered."""
    while not stop.wait(BEAT_S):
        if built.system.heartbeat(BEAT_S * 5):
            pulse.beat()


def how_to_connect(settings: Settings, code: str | None) -> str:
    """One line on what is still to be done for the chat, if anything."""
    if settings.telegram_token is None:
        return "no bot: set VANKA_TELEGRAM_TOKEN (from @BotFather), then start again; everything works by command line"
    if code is not None:
        return f"the bot has no administrator yet: send it /start {code}"
    return "the bot is connected"
