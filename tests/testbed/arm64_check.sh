#!/usr/bin/env bash
# The image for arm64, through qemu: built, its service started, killed and back again, and the tests of what differs
# between machines run inside of it. Minutes rather than seconds, so it is run by hand:  bash tests/testbed/arm64_check.sh
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
image=${1:-vanka-test/vanka-arm64}
tests="tests/runtime/test_host.py tests/runtime/test_cgroup.py tests/runtime/test_identity.py tests/runtime/test_programs.py"
certificates=/etc/ssl/certs/ca-certificates.crt
container=""
trap '[ -z "$container" ] || docker rm -f "$container" >/dev/null' EXIT

say() { printf '== %s\n' "$*"; }
inside() { docker exec "$container" "$@"; }
answers() { # within four minutes
    local end=$((SECONDS + 240))
    until inside vanka status >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { docker logs "$container"; exit 1; }
        sleep 1
    done
}

say "base images"
bash "$here/arm64_up.sh" vanka-test/python-arm64:slim vanka-test/python-arm64:tools
say "the image"
DOCKER_BUILDKIT=0 docker build -q --build-arg BASE=vanka-test/python-arm64:slim \
    --build-arg TOOLS=vanka-test/python-arm64:tools -t "$image" "$root"
docker image inspect --format '{{.Size}} bytes' "$image"

say "the service"
container=$(docker run -d --user 1000:1000 -v "$root:/checkout:ro" -e SSL_CERT_FILE=$certificates -e UV_NATIVE_TLS=1 "$image")
answers
inside python -P -c 'from runtime.host import machine; it = machine(); print(it); assert it.arch == "aarch64", it'
inside vanka load
inside vanka drill --kill
answers

say "tests"
# what the lock pins for them, put beside the image's own packages
inside sh -c "awk '/^[a-z0-9]/ { mine = \$0 ~ /^(attrs|hypothesis|iniconfig|packaging|pluggy|pygments|pytest|sortedcontainers)==/ } mine' \
    /checkout/ops/requirements.lock >/tmp/tests.lock
    uv pip install -q --no-cache --no-deps --require-hashes --only-binary :all: --target /tmp/tests -r /tmp/tests.lock"
inside sh -c "cd /checkout && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/tmp/tests:/checkout timeout 900 \
    python -m pytest -q -p no:cacheprovider $tests"
say "arm64 is well"
