#!/usr/bin/env bash
# Base images with Python for arm64, which run on this machine through qemu: made of Debian's own packages.
#
#   arm64_up.sh SLIM TOOLS   makes both where they are missing: what an official slim image holds; and with git and ssh
#
# For root on a Debian machine with a Docker engine. The packages are unpacked, none is set up. Both images are without a
# name of their architecture, for an older engine writes down its own: run them without --platform.
set -euo pipefail

slim=${1:-vanka-test/python-arm64:slim}
tools=${2:-vanka-test/python-arm64:tools}
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 /debian/\\?$)}
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The kernel opens the emulator once (F) and uses it in every root directory.
register() {
    local formats=/proc/sys/fs/binfmt_misc
    command -v qemu-aarch64-static >/dev/null ||
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends qemu-user-static >/dev/null
    [ -e $formats/register ] || mount -t binfmt_misc none $formats
    [ -e $formats/qemu-aarch64 ] || printf '%s' ':qemu-aarch64:M:' \
        ':\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' \
        ':\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' \
        ":$(command -v qemu-aarch64-static):F" >$formats/register
}

# apt with a state of its own, for the other architecture; signatures are checked as always
foreign() {
    apt-get -q -y -o APT::Sandbox::User=root -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o Acquire::Languages=none -o APT::Install-Recommends=false -o Dir::State="$scratch" \
        -o Dir::State::lists="$scratch/lists" -o Dir::State::status="$scratch/status" -o Dir::Cache="$scratch/cache" \
        -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=/dev/null "$@" >"$scratch/said" 2>&1 ||
        { tail -n 3 "$scratch/said"; return 1; }
}

unpack() { # FILE ROOT: its files, and its entry in the package database
    local name records=$2/var/lib/dpkg/info
    name=$(dpkg-deb -f "$1" Package)
    [ "$(dpkg-deb -f "$1" Multi-Arch)" != same ] || name=$name:arm64
    dpkg-deb --fsys-tarfile "$1" | tar -C "$2" -x --keep-directory-symlink \
        --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*'
    dpkg-deb --fsys-tarfile "$1" | tar -t | sed -e 's#^\./#/#' -e 's#\(.\)/$#\1#' -e 's#^/$#/.#' >"$records/$name.list"
    { dpkg-deb -f "$1"; printf 'Status: install ok installed\n\n'; } >>"$2/var/lib/dpkg/status"
}

image() { # TAG PACKAGE...
    local tag=$1 root=$scratch/root name
    shift
    foreign install --download-only "$@"
    rm -rf "$root"
    mkdir -p "$root"/usr/{bin,sbin,lib} "$root"/{proc,sys,dev,run} "$root/var/lib/dpkg/info"
    for name in bin sbin lib; do ln -s "usr/$name" "$root/$name"; done
    echo 1 >"$root/var/lib/dpkg/info/format"
    for name in "$scratch"/cache/archives/*.deb; do unpack "$name" "$root"; done
    rm "$scratch"/cache/archives/*.deb
    for name in passwd group; do cp "$root/usr/share/base-passwd/$name.master" "$root/etc/$name"; done
    find "$root/usr/share/doc" ! -name copyright ! -type d -delete
    ln -sf mawk "$root/usr/bin/awk"
    cp -L "${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
    # Debian's interpreter as the official images name it, and the pip of its virtual environments for itself
    mkdir -p "$root"/usr/local/bin "$root"/usr/local/lib/python3.11/dist-packages
    rm -f "$root"/usr/lib/python3.*/EXTERNALLY-MANAGED
    ln -s /usr/bin/python3 "$root/usr/local/bin/python"
    printf '#!/bin/sh\nPYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) exec python3 -m pip "$@"\n' >"$root/usr/local/bin/pip"
    chmod 755 "$root/usr/local/bin/pip"
    tar -C "$root" --numeric-owner -c . | docker import --change 'ENV LANG=C.UTF-8' \
        --change 'ENV PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin' \
        --change 'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt' --change 'CMD ["python3"]' - "$tag" >/dev/null
}

register
if ! docker image inspect "$slim" "$tools" >/dev/null 2>&1; then
    mkdir -p "$scratch"/{lists,cache/archives}/partial
    : >"$scratch/status"
    chmod 755 "$scratch"
    echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$scratch/sources.list"
    foreign update
    official=(apt base-files base-passwd bash ca-certificates coreutils dash debian-archive-keyring debianutils diffutils
        dpkg findutils grep gzip hostname libc-bin login mawk mount netbase openssl passwd perl-base sed tar tzdata
        util-linux python3 python3-venv python3-pip-whl python3-setuptools-whl)
    image "$slim" "${official[@]}"
    image "$tools" "${official[@]}" git openssh-client
fi
docker run --rm "$slim" python3 -c 'import platform; print(platform.machine(), platform.python_version())'
