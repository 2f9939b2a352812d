"""How a version of a project is run: the order to the engine, with exactly the variables that it may see."""

from __future__ import annotations

import time
from pathlib import Path

from actors.engines.engine import RunOrder
from actors.engines.surroundings import environment as surroundings
from actors.errors import EngineError, NoEngine
from actors.health import probe
from actors.model.project import Environment, Project
from actors.model.run import Life, Look, Run, Verdict
from actors.model.version import Version
from actors.pipeline.services import Services
from runtime import log
from runtime.output import OutputFile
from runtime.shell import Cancel

say = log.get("vanka")


def run_order(
    services: Services, project: Project, version: Version, environment: Environment, directory: Path
) -> RunOrder:
    """The order to start that version in that directory."""
    variables = {name: secret.reveal() for name, secret in services.records.variables.values(project, environment)}
    return RunOrder(
        project=project.name,
        environment=environment,
        version=version.number,
        commit=version.commit.sha,
        directory=directory,
        main=version.main,
        env={
            **variables,
            "VANKA_PROJECT": project.name,
            "VANKA_VERSION": str(version.number),
            "VANKA_COMMIT": version.commit.sha,
            "VANKA_ENVIRONMENT": environment.value,
        },
        output=services.layout.program_log(project, environment),
    )


def place(services: Services, project: Project, environment: Environment) -> Path:
    """The directory that the environment's program works in."""
    if environment is Environment.TEST:
        return services.layout.test_directory(project)
    return Path(project.path)


def start_run(
    services: Services, project: Project, version: Version, environment: Environment, *, restarts: int = 0
) -> Run:
    """Start a version that is in its place already, and record the run. Raises EngineError; blocks briefly."""
    order = run_order(services, project, version, environment, place(services, project, environment))
    with services.places.program(project, environment):
        handle = services.engine(project.engine).start(order)
        run = Run(
            project=project.name,
            environment=environment,
            version=version.number,
            commit=version.commit.sha,
            engine=project.engine,
            handle=handle,
            started_at=services.clock.now(),
            restarts=restarts,
        )
        services.records.runs.put(project, run)
        services.rotation.add(OutputFile(order.output))
    return run


def start_anew(
    services: Services, project: Project, version: Version, environment: Environment, *, restarts: int = 0
) -> Run:
    """Stop what may still run there and start that version: afterwards there is exactly one. Raises EngineError."""
    with services.places.program(project, environment):
        stop_run(services, project, environment)
        return start_run(services, project, version, environment, restarts=restarts)


def stop_run(services: Services, project: Project, environment: Environment) -> None:
    """Stop what the records and the machine know of that environment's program; nothing there is fine.

    A program that was started in the instant before the service was killed stands in no record, nor does a daemon that
    a program made: the engine is asked for strays too.
    """
    with services.places.program(project, environment):
        run = services.records.runs.get(project, environment)
        log = services.layout.program_log(project, environment)
        for name in dict.fromkeys((project.engine if run is None else run.engine, project.engine)):
            engine = services.engine(name)
            recorded = [run.handle] if run is not None and run.engine == name else []
            handles = [*recorded, *engine.strays(project.name, environment, log)]
            if handles:
                engine.stop(handles[0], others=handles[1:])
        if run is not None:
            services.records.runs.clear(project, environment)
        services.rotation.discard(log)


def need_engines(services: Services, project: Project) -> None:
    """Raises NoEngine unless all answer that may run something of it: that of its settings, and those of its runs."""
    runs = [services.records.runs.get(project, environment) for environment in Environment]
    for name in {project.engine, *(run.engine for run in runs if run is not None)}:
        services.engine(name).ready()


def forget_runs(services: Services, project: Project) -> tuple[str, ...]:
    """Take away what the engines hold of a removed project, but its data; where that is. Its programs were stopped."""
    kept: list[str] = []
    for engine in services.engines.values():
        try:
            kept += engine.forget(project)
        except (EngineError, NoEngine) as error:  # what is left is room on the disk, and no reason to keep the project
            say.warning("an engine was not cleaned up", engine=engine.name, project=project.name, error=error.message)
    return tuple(kept)


def verdict_on(
    services: Services, project: Project, version: Version, run: Run, cancel: Cancel, most_s: float = probe.LIMIT_S
) -> Verdict:
    """Watch a started program until it is well, has ended or its time is over; blocks for that long, or `most_s`."""
    engine = services.engine(run.engine)
    verdict = probe.watch(
        _probe(services, project, version, run),
        lambda seconds: engine.wait_end(run.handle, seconds),
        cancel,
        alive_s=min(services.verify_alive_s, most_s),
        limit_s=most_s,
    )
    if not verdict.healthy and run.environment is Environment.TEST and engine.status(run.handle).exit_code == 0:
        return Verdict(True, "the program ended with 0", verdict.took_s)  # a test may be a program that comes to an end
    return verdict


def look_at(services: Services, project: Project) -> Look | None:
    """One look at production's program by its probe; None where there is none to look at. Blocks for one look."""
    number = services.records.versions.current(project)
    run = services.records.runs.get(project, Environment.PRODUCTION)
    if number is None or run is None or services.engine(run.engine).status(run.handle).life is not Life.ALIVE:
        return None
    version = services.records.versions.get(project, number)
    found = _probe(services, project, version, run, project.health.timeout_s)
    at, began = services.clock.now(), time.perf_counter()
    most = project.health.timeout_s + probe.LATE_S
    reason = None if found is None else probe.heard(found, Cancel(), most, lambda: False)
    return Look(at, (time.perf_counter() - began) * 1000, reason)


def _probe(
    services: Services, project: Project, version: Version, run: Run, limit_s: float = probe.LOOK_S
) -> probe.Probe | None:
    """What tells whether that program is well; None: that it is alive."""
    if project.probe is None:
        return services.engine(run.engine).probe(run.handle)
    directory = place(services, project, run.environment)
    order = run_order(services, project, version, run.environment, directory)
    return probe.parse(project.probe, limit_s)(directory, surroundings(order))
