"""What a stranger's code tries, and how it fails."""

from __future__ import annotations

import http.server

import pytest

from actors.engines.docker_calls import Docker
from actors.errors import VankaError
from actors.messages import GuestEnded
from actors.model.guest import GuestState, Wish
from actors.sandbox.inside import BURST_BYTES, LOG_BYTES, LOG_FILES
from actors.sandbox.transcript import FILE_BYTES
from actors.sandbox.wall import own_addresses
from tests.actors.sandbox.stranger import Stranger
from tests.scenarios.service import eventually

pytestmark = pytest.mark.docker


def test_fork_bomb_meets_the_bound_of_processes(stranger: Stranger) -> None:
    bomb = """\
import os, time
made = 0
try:
    while made < 5000:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    print("stopped after", made, error.strerror)
    raise SystemExit(9)
"""
    answer = stranger.run(bomb, for_s=20)
    assert answer["exit_code"] == 9
    assert int(answer["output"].split()[2]) < 64


def test_disk_cannot_be_filled_beyond_the_guests_own_bound(stranger: Stranger) -> None:
    filler = """\
import os
block, written = b"x" * (1 << 20), 0
try:
    with open("/work/filler", "wb") as file:
        while written < 4000:
            file.write(block)
            file.flush()
            written += 1
except OSError as error:
    print(error.strerror, written)
    raise SystemExit(9)
"""
    answer = stranger.run(filler, for_s=60)
    assert answer["exit_code"] == 9, answer
    assert "No space left on device" in answer["output"]
    assert int(answer["output"].split()[-1]) <= 256
    for place in ("/", "/usr", "/etc", "/var", "/source", "/dev/shm"):
        tried = stranger.run(command=(f"echo x >{place}/file",))
        assert tried["exit_code"] != 0, place


def test_memory_beyond_the_bound_ends_the_guest_and_nobody_else(stranger: Stranger) -> None:
    answer = stranger.run("held = [bytearray(1 << 24) for _ in range(200)]\nprint('got it')\n", for_s=60)
    assert answer["exit_code"] != 0
    assert "got it" not in answer["output"]


def test_flood_of_output_is_bounded_on_disk_and_in_what_is_told(stranger: Stranger) -> None:
    flood = "import sys\nblock = b'x' * 99 + b'\\n'\nwhile True: sys.stdout.buffer.write(block * 10000)\n"
    told: list[int] = []
    sizes: list[int] = []

    def hear(text: str) -> None:
        told.append(len(text))
        sizes.append(sum(file.stat().st_size for file in (stranger.home / "sandbox").rglob("*.log*")))

    answer = stranger.run(flood, for_s=5, on_output=hear)
    assert answer["steps"][0]["limit"]
    assert sum(told) < 2 * 2**20
    assert len(answer["steps"][0]["lines"]) == 30
    assert max(sizes) < 32 * 2**20


def test_one_line_without_an_end_costs_no_memory(stranger: Stranger) -> None:
    answer = stranger.run("import sys\nfor _ in range(30): sys.stdout.write('x' * (1 << 20))\n", for_s=30)
    assert answer["steps"][0]["line_count"] == 0
    assert sum(map(len, answer["steps"][0]["lines"])) < 2000


def test_nothing_of_ours_is_there_to_be_read(stranger: Stranger) -> None:
    secret = stranger.home / "secret.key"
    secret.write_text("tell-nobody")
    look = f"""\
import os, pathlib
print(sorted(os.environ))
for place in ("/data", "{stranger.home}", "/var/run/docker.sock", "/run/docker.sock", "/proc/1/root/data"):
    print(place, os.path.exists(place))
print("uid", os.getuid(), "caps", [line for line in open("/proc/self/status") if line.startswith("CapEff")])
print("nnp", [line for line in open("/proc/self/status") if line.startswith("NoNewPrivs")])
"""
    answer = stranger.run(look)
    output = answer["output"]
    assert "VANKA" not in output
    assert "True" not in output
    assert "uid 10001" in output
    assert "0000000000000000" in output
    assert "NoNewPrivs:\\t1" in output
    mounts = stranger.run(command=("cat /proc/mounts",))["output"]
    assert str(stranger.home) not in mounts
    assert "docker.sock" not in mounts


def test_privileges_cannot_be_gained(stranger: Stranger) -> None:
    for text in (
        "mount -t tmpfs none /mnt",
        "unshare -r true && unshare -m mount -t tmpfs none /work",
        "su -c id",
        "mknod /work/disk b 8 0",
        "echo 1 >/proc/sys/kernel/panic",
        "chroot / id",
    ):
        assert stranger.run(command=(text,))["exit_code"] != 0, text


def test_links_in_the_repository_lead_nowhere_outside_of_its_container(stranger: Stranger) -> None:
    secret = stranger.home / "secret.key"
    secret.write_text("tell-nobody")
    stranger.repo.commit({"main.py": "print(open('inside').read())\n"}, "link", links={"inside": str(secret)})
    with pytest.raises(VankaError) as refused:
        stranger.sandbox.run(stranger.url, network=False)
    assert "tell-nobody" not in refused.value.message


def test_command_that_kills_its_own_limit_is_ended_from_outside(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.sandbox.command.MARGIN_S", 1.0)
    monkeypatch.setattr("actors.sandbox.command.GRACE_S", 1)
    killer = """\
import os, signal, time
for name in os.listdir("/proc"):
    if name.isdecimal() and b"timeout" in open(f"/proc/{name}/cmdline", "rb").read().split(b"\\0")[0]:
        os.kill(int(name), signal.SIGSTOP)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("free", flush=True)
time.sleep(600)
"""
    answer = stranger.run(killer, for_s=2, test=False)
    assert "free" in answer["output"]
    assert answer["exit_code"] is None
    assert answer["steps"][0]["limit"]


# --- the first process, which is ours


def test_the_first_process_cannot_be_ended_looked_into_or_written_past(stranger: Stranger) -> None:
    answer = stranger.run(command=("id -u",))
    assert answer["output"] == "10001"
    for text in (
        "kill -9 1; kill -STOP 1; kill 1",
        "echo x >/proc/1/fd/1",
        "cat /proc/1/environ",
        "ls /proc/1/fd",
        "cat /vanka/out",
        "ls /vanka",
        "rm /vanka/out",
        "mv /vanka/out /vanka/other",
        "mkfifo /vanka/another",
    ):
        assert stranger.run(command=(text,))["exit_code"] != 0, text


def test_whatever_it_kills_its_container_and_its_end_stay_in_our_hands(stranger: Stranger) -> None:
    """All that it may end is its own; the pipe for its output is still read, and its end is seen."""
    main = "import os, signal\nprint('on', flush=True)\nos.kill(-1, signal.SIGKILL)\n"
    stranger.begins(main)
    end = stranger.hears(GuestEnded)
    assert end.step is not None
    assert (end.step.exit_code, end.step.lines) == (137, ("on",))


def test_flood_of_a_program_that_runs_for_long_is_slowed_and_bounded_on_the_disk(
    stranger: Stranger, docker: Docker
) -> None:
    flood = "import sys\nblock = b'x' * 99 + b'\\n'\nwhile True: sys.stdout.buffer.write(block * 10000)\n"
    guest = stranger.begins(flood, test=False)
    eventually(lambda: stranger.sandbox.last_lines(guest.id, 1)[1] > BURST_BYTES // 100 * 2, "it floods", 60)
    (container,) = stranger.things()[0]
    found = docker.ask("the container", lambda api: api.inspect_container(container))
    assert found["HostConfig"]["LogConfig"]["Config"] == {"max-size": str(LOG_BYTES), "max-file": str(LOG_FILES)}
    folder = stranger.home / "sandbox" / guest.id
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 3 * FILE_BYTES
    stranger.sandbox.stop(guest.id)
    assert stranger.things() == ([], [], [])


def test_fork_bomb_does_not_keep_a_guest_from_being_stopped(stranger: Stranger) -> None:
    bomb = """\
import os, time
print("on", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
    guest = stranger.begins(bomb, test=False)
    stranger.runs(guest)
    stranger.sandbox.send(guest.id, "echo in vain")
    assert stranger.sandbox.stop(guest.id).state is GuestState.ENDED
    assert stranger.things() == ([], [], [])


# --- before any of it runs: the repository itself


def test_strangers_dockerfile_is_a_file_like_any_other(stranger: Stranger) -> None:
    """Nothing of his is done while his image is made, and he cannot leave files out of it either."""
    files = {
        "Dockerfile": "FROM scratch\nRUN echo built >/built\nUSER root\nADD http://127.0.0.1:9/x /x\n",
        ".vanka.Dockerfile": "FROM scratch\nRUN false\n",
        ".dockerignore": "*\n",
        "files/Dockerfile": "FROM scratch\n",
    }
    look = "import os\nprint(sorted(os.listdir('.')), os.path.exists('/built'), os.getuid())\n"
    answer = stranger.run(look, files=files)
    shown = "['.dockerignore', '.vanka.Dockerfile', 'Dockerfile', 'files', 'main.py'] False 10001"
    assert answer["output"] == shown


def test_hostile_code_in_what_the_requirements_install_is_shut_in_as_the_rest(
    stranger: Stranger, machine: http.server.ThreadingHTTPServer
) -> None:
    """`pip install` runs the stranger's build backend: it finds no more than his program would."""
    (stranger.home / "secret.key").write_text("tell-nobody")
    places = ("/data", str(stranger.home), "/var/run/docker.sock")
    backend = f"""\
import os, socket, sys
found = [place for place in {places!r} if os.path.exists(place)]
found += [name for name in os.environ if "VANKA" in name or "TOKEN" in name]
for address in {sorted(own_addresses())!r}:
    try:
        socket.create_connection((address, {machine.server_address[1]}), timeout=2).close()
        found.append(address)
    except OSError:
        pass
try:
    open("/usr/hostile", "w")
    found.append("/usr")
except OSError:
    pass
with open("/work/told", "w") as file:
    print("uid", os.getuid(), "found", found, file=file)
raise SystemExit(3)
"""
    files = {
        "requirements.txt": "./evil\n",
        "evil/pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "evil"\nbackend-path = ["."]\n',
        "evil/evil.py": backend,
    }
    stranger.repo.commit({"main.py": "print('never')\n", **files}, "evil")
    guest = stranger.sandbox.start(Wish(url=stranger.url, network=True, command=("true",)))
    end = stranger.hears(GuestEnded)
    assert end.step is not None
    assert (end.step.command, end.step.exit_code == 0) == ("pip install -r requirements.txt", False)
    stranger.sandbox.remove(guest.id)
    stranger.repo.commit({"requirements.txt": None}, "harmless")
    again = ("pip install -q ./evil; cat /work/told",)
    answer = stranger.sandbox.run(stranger.url, network=True, command=again)
    assert "uid 10001 found []" in answer["output"], answer
    assert machine.reached == []  # type: ignore[attr-defined]  # set by the fixture
