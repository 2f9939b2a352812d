# One image for amd64 and arm64:  docker build -t vanka .
# BASE may be any Debian image with Python 3.11 or newer in /usr/local: one of your own brings what your projects need
# of the system, such as libpq5. TOOLS is the same, or one that has git and ssh.
ARG BASE=python:3.11-slim
ARG TOOLS=$BASE

# git and ssh with the libraries that they need: the packages themselves would bring perl and forty others along
FROM $TOOLS AS tools
RUN { command -v git && command -v ssh; } >/dev/null \
 || { apt-get update && apt-get install -y --no-install-recommends git openssh-client; }
RUN set -eu; core=$(git --exec-path); mkdir /out; \
    for name in git git-remote-http git-remote-https; do cp -a --parents "$core/$name" /out; done; \
    cp -a --parents /usr/bin/git /usr/bin/git-upload-pack /usr/bin/git-receive-pack /usr/share/git-core/templates /out; \
    cp -aL --parents /usr/bin/ssh /usr/bin/ssh-keygen /out; \
    if cmp -s /usr/bin/git "$core/git"; then ln -sf /usr/bin/git "/out$core/git"; fi; \
    ldd /usr/bin/git "$core/git-remote-http" /usr/bin/ssh /usr/bin/ssh-keygen \
    | awk '$3 ~ "^/" { print $3 }' | sort -u | while read -r file; do cp -L --parents "$file" /out; done; \
    # Debian's /lib is a link: a directory of that name must not take its place
    for top in lib lib64; do if [ -d /out/$top ]; then mkdir -p /out/usr/$top; cp -a /out/$top/. /out/usr/$top; rm -r /out/$top; fi; done

# what the lock pins, but for the tools of development and what only the bot library's asynchronous half needs;
# wheels only, so that no compiler is ever needed
FROM $BASE AS packages
COPY ops/requirements.lock /tmp/all.lock
RUN set -eu; \
    awk '/^[a-z0-9]/ { dev = $0 ~ /^(aiohappyeyeballs|aiohttp|aiosignal|ast-serialize|attrs|execnet|frozenlist|hypothesis|iniconfig|librt|multidict|mypy|mypy-extensions|packaging|pathspec|pluggy|propcache|pygments|pytest|pytest-xdist|ruff|sortedcontainers|types-[a-z]+|yarl)==/ } !dev' \
        /tmp/all.lock >/tmp/runtime.lock; \
    pip install --no-cache-dir --no-compile --no-deps --require-hashes --only-binary :all: \
        --target /opt/vanka/packages -r /tmp/runtime.lock; \
    cd /opt/vanka/packages; find bin -type f ! -name uv -delete; \
    rm -r telebot/async* telebot/ext/aio; \
    find . -name tests -type d -prune -exec rm -r {} +; \
    find . -name '*.pyi' -delete

FROM $BASE AS program
COPY pyproject.toml LICENSE /opt/vanka/
COPY runtime /opt/vanka/runtime
COPY actors /opt/vanka/actors
RUN python -m compileall -q /opt/vanka/runtime /opt/vanka/actors

# the base with all of that, without what nobody needs any more: package managers (the interpreter keeps the pip that it
# gives to virtual environments), perl, an editor that needs a screen. What runs with another user's rights loses them.
FROM $BASE AS whole
COPY --from=tools /out /tmp/tools
RUN set -eu; \
    cd /tmp/tools; find . -type f | while read -r file; do if [ -e "/$file" ]; then rm "$file"; fi; done; \
    cp -a . /; cd /; rm -r /tmp/tools; \
    useradd --uid 1000 --home-dir /data --no-create-home --shell /bin/sh vanka; \
    unwanted='apt|libapt-pkg[0-9.]+|debconf|debian-archive-keyring|dpkg|gpgv|init-system-helpers|libdebconfclient0|perl-base|sqv'; \
    dpkg -L $(dpkg-query -W -f '${Package}\n' | grep -Ex "$unwanted") >/tmp/unwanted; \
    # the list of packages stays: programs that look for known holes read it
    awk -v RS= -v ORS='\n\n' -v unwanted="^Package: ($unwanted)\n" '$0 !~ unwanted' /var/lib/dpkg/status >/tmp/status; \
    # no directory, nor a link to one: /lib is such a link, and belongs to every package that has a library
    while read -r path; do if [ ! -d "$path" ]; then rm -f "$path"; fi; done </tmp/unwanted; \
    rm -r /var/lib/dpkg; mkdir /var/lib/dpkg; mv /tmp/status /var/lib/dpkg/status; rm /tmp/unwanted; \
    rm -rf /var/lib/apt /etc/apt /usr/lib/apt /usr/share/perl* /usr/lib/*/perl* /var/cache/* /var/log/* /root/.cache; \
    library=$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'); \
    rm -rf "$library"/site-packages/* "$library"/idlelib "$library"/turtledemo "$library"/turtle.py "$library"/tkinter \
        "$library"/lib-dynload/_tkinter* /usr/local/bin/pip* /usr/local/bin/wheel /usr/local/bin/idle* /usr/local/share/man; \
    find / -xdev -name __pycache__ -type d -prune -exec rm -r {} +; \
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# one layer of what is left: what a layer below holds cannot be taken away
FROM scratch
LABEL org.opencontainers.image.title="vanka" \
      org.opencontainers.image.description="A self-hosted CI/CD service that always gets back up" \
      org.opencontainers.image.licenses="MIT"
ENV VANKA_IN_IMAGE=1 VANKA_HOME=/data VANKA_HTTP=0.0.0.0:8787 HOME=/data LANG=C.UTF-8 \
    PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:/opt/vanka/packages/bin
COPY --from=whole / /
COPY --from=packages /opt/vanka /opt/vanka
COPY --from=program /opt/vanka /opt/vanka
# root, or with `--user 1000:1000` nobody in particular: a fresh volume belongs to that user, and root may write to it too
RUN set -eu; \
    printf '%s\n' /opt/vanka /opt/vanka/packages >"$(python -c 'import site; print(site.getsitepackages()[0])')/vanka.pth"; \
    printf '#!/bin/sh\nexec python -P -m actors.cli "$@"\n' >/usr/local/bin/vanka; chmod 755 /usr/local/bin/vanka; \
    install -d -m 700 -o 1000 -g 1000 /data /data-apps; \
    git --version; ssh -V; uv --version; \
    # what is imported is compiled on the way: a service that may write nothing here starts twice as fast
    vanka version; python -P -c 'import actors.house, actors.cli.client'; \
    python -c 'import bz2, ctypes, ensurepip, lzma, readline, sqlite3, ssl, uuid, venv, zlib'
# the state, and the projects' targets, which must not lie in it
VOLUME /data /data-apps
WORKDIR /data
EXPOSE 8787
# asked over the control socket, so that it works with VANKA_HTTP=off too
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["vanka", "status", "--json"]
# becomes the guardian by exec: PID 1, which brings the service back and reaps what the programs leave
ENTRYPOINT ["vanka"]
CMD ["up"]
