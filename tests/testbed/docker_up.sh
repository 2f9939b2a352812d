#!/usr/bin/env bash
# A Docker engine for the tests, and the base image that they build upon.
#
#   docker_up.sh          starts the daemon where none answers, then makes the base image where it is missing
#   docker_up.sh --down   ends the daemon that this script started, and no other
#
# For root on a machine without a service manager, such as a CI container. Says in its last line why there is no engine.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
state=${DOCKER_STATE:-/run/vanka-test-docker}
log=$state/dockerd.log
limit_s=${DOCKER_WAIT:-60}
image=${BASE_IMAGE:-python:3.11-slim}

answers() { timeout 10 docker info >/dev/null 2>&1; }
fail() { echo "$*"; exit 1; }

# The control groups that a service manager would have mounted; read-only ones come with being in a container.
mount_cgroups() {
    if ! mountpoint -q /sys/fs/cgroup; then
        if grep -qw cgroup2 /proc/filesystems && [ "$(awk 'NR > 1 { used += $2 } END { print used + 0 }' /proc/cgroups)" = 0 ]; then
            mount -t cgroup2 none /sys/fs/cgroup
        else
            mount -t tmpfs cgroup /sys/fs/cgroup
            awk 'NR > 1 && $4 == 1 { print $1 }' /proc/cgroups | while read -r controller; do
                mkdir -p "/sys/fs/cgroup/$controller"
                mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
            done
        fi
    fi
    awk '$2 ~ "^/sys/fs/cgroup" && $4 ~ "^ro(,|$)" { print $2 }' /proc/mounts | while read -r mounted; do
        mount -o remount,bind,rw "$mounted" || true
    done
}

start() {
    command -v dockerd >/dev/null || fail "dockerd is not installed"
    [ "$(id -u)" = 0 ] || fail "only root can start dockerd"
    mkdir -p "$state"
    mount_cgroups || fail "the control groups cannot be mounted"
    # a killed daemon leaves its number behind, and the next one believes that it still runs
    local left
    left=$(cat /var/run/docker.pid 2>/dev/null || true)
    if [ -n "$left" ] && [ "$(cat "/proc/$left/comm" 2>/dev/null)" != dockerd ]; then rm -f /var/run/docker.pid; fi
    # shellcheck disable=SC2086 # several arguments
    setsid nohup dockerd ${DOCKERD_ARGS:-} >"$log" 2>&1 </dev/null &
    echo $! >"$state/pid"
    local end=$((SECONDS + limit_s))
    until answers; do
        kill -0 "$(cat "$state/pid")" 2>/dev/null || fail "dockerd ended: $(grep -v '^$' "$log" | tail -n 1)"
        [ $SECONDS -lt $end ] || fail "dockerd does not answer after $limit_s s: $(tail -n 1 "$log")"
        sleep 0.2
    done
}

down() {
    local pid
    pid=$(cat "$state/pid" 2>/dev/null || true)
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
        kill "$pid"
        local end=$((SECONDS + 20))
        while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ]; do sleep 0.1; done
    fi
    rm -f "$state/pid"
}

if [ "${1:-}" = --down ]; then
    down
    exit 0
fi
answers || start
docker image inspect "$image" >/dev/null 2>&1 || python3 "$here/base_image.py" "$image"
docker version --format 'engine {{.Server.Version}}, API {{.Server.APIVersion}}'
