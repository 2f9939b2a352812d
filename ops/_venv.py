"""The environment beside the checkout: made once from ops/requirements.lock, then entered without a word.

Standard library only, and in a syntax that an older Python still reads, so that it can say what it lacks.

The lock is remade by:
    uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --no-annotate \
        --no-emit-index-url -o ops/requirements.lock
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, "ops", "requirements.lock")
STAMP = os.path.join(VENV, "vanka.stamp")
LOG = os.path.join(VENV, "install.log")
WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, "Scripts", "python.exe") if WINDOWS else os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
LAYOUT = "1"  # changed when an environment that an earlier ops/ made must not be used any more
WAIT_S = 900.0
INSTALL_S = 1800.0

NO_NETWORK = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "Name or service not known",
    "name resolution",
    "Connection refused",
    "Network is unreachable",
    "No route to host",
    "ProxyError",
    "dns error",
    "error sending request",
    "Failed to fetch",
    "Could not find a version that satisfies the requirement",
)


class CannotMake(Exception):
    """Why there is no environment: one line, with what to do about it."""


def leave(message):
    """End with one line on standard error and exit code 1."""
    sys.stderr.write("vanka: " + " ".join(message.split()) + "\n")
    sys.exit(1)


def run_module(module, args, here=False):
    """Become `python -m module args` in the environment; `here`: in the checkout's directory, else where we stand."""
    ensure()
    if here:
        os.chdir(ROOT)
    _become([PYTHON, "-P", "-m", module, *list(args)])


def enter(script):
    """Come back from here inside the environment: outside of it, this becomes the same script in it."""
    ensure()
    if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
        _become([PYTHON, os.path.abspath(script), *sys.argv[1:]])


def _become(argv):
    others = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != ROOT]
    os.environ["PYTHONPATH"] = os.pathsep.join([ROOT, *others])
    sys.stdout.flush()
    sys.stderr.flush()
    if not WINDOWS:
        os.execv(argv[0], argv)  # signals reach the command itself
    import signal
    import subprocess

    # Ctrl-C goes to both there; the child decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.call(argv))


def ensure():
    """Make the environment where it is missing, half-made or out of date; leaves with one line where that cannot be."""
    if sys.version_info[:2] < OLDEST:
        _newer_python()
    try:
        if not _is_ready(_wanted()):
            _make()
    except CannotMake as reason:
        leave(str(reason))
    except KeyboardInterrupt:
        sys.exit(130)


def _newer_python():
    """Become the same command under a newer Python of this machine, if it has one."""
    import shutil

    for minor in range(19, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and os.environ.get("VANKA_PYTHON_TRIED") != found:
            os.environ["VANKA_PYTHON_TRIED"] = found
            os.execv(found, [found, *sys.argv])
    leave(
        "Python {}.{} or newer is needed; this is {}. Install one, for example: apt install python3.11".format(
            *OLDEST, sys.version.split()[0]
        )
    )


def _wanted():
    """What the stamp of a ready environment says: made from this lock, by this Python."""
    import hashlib

    try:
        with open(LOCK, "rb") as file:
            content = file.read()
    except OSError as error:
        raise CannotMake(f"{LOCK} cannot be read: {error.strerror}. Is the checkout complete?") from error
    about = "\n".join([LAYOUT, sys.version, sys.base_prefix, VENV]).encode("utf-8", "surrogateescape")
    return hashlib.sha256(about + b"\n" + content).hexdigest()


def _is_ready(wanted):
    try:
        with open(STAMP, encoding="ascii") as file:
            return file.read() == wanted and os.path.exists(PYTHON)
    except (OSError, UnicodeDecodeError):
        return False


def _make():
    try:
        os.makedirs(VENV, exist_ok=True)
        with open(os.path.join(VENV, "lock"), "a+b") as file:
            _hold(file)
            # whoever held it before us may have made it
            if not _is_ready(_wanted()):
                _build()
    except OSError as error:
        raise CannotMake(f"cannot make {VENV}: {error.strerror or error}") from error


def _hold(file):
    """Wait until no other process makes the environment; the operating system frees the lock of one that dies."""
    import time

    said = False
    give_up = time.monotonic() + WAIT_S
    while not _try_lock(file):
        if time.monotonic() > give_up:
            raise CannotMake(f"another process has been making {VENV} for {WAIT_S // 60:.0f} minutes. End it.")
        if not said:
            sys.stderr.write("vanka: another process makes the environment; waiting for it\n")
            said = True
        time.sleep(0.1)


def _try_lock(file):
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _build():
    sys.stderr.write(f"vanka: making {VENV} from the lock file, once; this takes up to a minute\n")
    sys.stderr.flush()
    _empty()
    _install(_route())
    # last: an environment without it is half-made
    with open(STAMP + ".new", "w", encoding="ascii") as file:
        file.write(_wanted())
    os.replace(STAMP + ".new", STAMP)


def _empty():
    """Take away what an earlier environment left; the stamp first, so that nobody uses the rest meanwhile."""
    import shutil

    for name in sorted(os.listdir(VENV), key=lambda name: name != os.path.basename(STAMP)):
        path = os.path.join(VENV, name)
        if name == "lock":
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def _route():
    """Make an empty environment by the best way that this machine has; returns the command that installs into it."""
    import importlib.util
    import shutil

    # -I: what the person's own PYTHONPATH and current directory hold is none of the tools' business
    base = [sys.executable, "-I", "-m"]
    from_lock = ["--require-hashes", "-r", LOCK]
    pip_options = ["install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", *from_lock]
    uv = shutil.which("uv")
    if uv and _try([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV]):
        return [uv, "pip", "install", "--quiet", "--python", PYTHON, *from_lock]
    if importlib.util.find_spec("ensurepip") and _try([*base, "venv", VENV]):
        return [PYTHON, "-I", "-m", "pip", *pip_options]
    if importlib.util.find_spec("virtualenv") and _try([*base, "virtualenv", "--quiet", VENV]):
        return [PYTHON, "-I", "-m", "pip", *pip_options]
    if importlib.util.find_spec("pip") and _try([*base, "venv", "--without-pip", VENV]):
        return [*base, "pip", "--python", PYTHON, *pip_options]
    raise CannotMake(
        "this Python cannot make virtual environments (no ensurepip). "
        "On Debian or Ubuntu: apt install python3-venv. Or install uv."
    )


def _try(argv):
    return _call(argv, 300.0) == 0


def _call(argv, limit):
    import subprocess

    environ = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        environ.pop(name, None)
    with open(LOG, "ab") as log:
        try:
            return subprocess.call(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                timeout=limit,
                cwd=ROOT,
            )
        except subprocess.TimeoutExpired:
            log.write(b"\ntook too long\n")
            return 1


def _install(argv):
    if _call(argv, INSTALL_S) == 0:
        return
    with open(LOG, "rb") as file:
        said = file.read()[-65536:].decode("utf-8", "replace")
    if any(mark in said for mark in NO_NETWORK) and "HASH" not in said.upper().replace("--REQUIRE-HASHES", ""):
        raise CannotMake("the package index cannot be reached. Check the network or the proxy; details: " + LOG)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    words = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no reason given")
    raise CannotMake(f"the dependencies cannot be installed: {words[:300]}; details: {LOG}")
