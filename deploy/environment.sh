#!/usr/bin/env bash
# Makes or mends the project's own environment in .venv: `run` holds what Fenceline runs on, `dev` adds the tools
# that test it. Takes the versions and hashes of the lock files and nothing else from the network, and promises
# one sentence about what to do when something is missing.
# Uses pip rather than a faster installer, because pip reads the mirror a site has configured for it.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?run or dev}
environment=.venv
oldest="3.11"

stop() {
    printf '\nfenceline: %s\n  hint: %s\n' "$1" "$2" >&2
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${FENCELINE_PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3 python; do
        if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python $oldest or newer was found (python3 is $(python3 -V 2>&1 || echo missing))" \
        "install Python $oldest or newer, or name one: make FENCELINE_PYTHON=/path/to/python3.12"
}

# An environment that was moved, or whose Python is gone, cannot be mended. Only one made here is ever removed.
usable() {
    [ -x "$environment/bin/python" ] && new_enough "$environment/bin/python" &&
        "$environment/bin/python" -m pip --version >/dev/null 2>&1 &&
        [ "$("$environment/bin/python" -c 'import sys; print(sys.prefix)')" = "$PWD/$environment" ]
}

install() {
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$@" && return
    stop "the packages could not be installed (pip's own words stand above)" \
        "is there a network, or a mirror in pip's configuration? Then run the same command again; it goes on where it stopped"
}

if ! usable; then
    python=$(find_python)
    if [ -e "$environment" ]; then
        [ -f "$environment/pyvenv.cfg" ] || stop "\`$environment\` is there but is no Python environment" "move it away"
        rm -rf "$environment"
    fi
    echo "fenceline: making $environment with $("$python" -V)"
    "$python" -m venv "$environment" >/dev/null || stop "\`$python -m venv\` failed" \
        "on Debian or Ubuntu: apt-get install python3-venv; is the disk full?"
fi

case $kind in
run) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*) stop "\`$kind\` is no kind of environment" "run or dev" ;;
esac

echo "fenceline: installing the packages of $lock (once; about half a minute)"
install --require-hashes -r "$lock"
# Without build isolation: the builder came with the lock. An editable install builds no browser application.
install --no-deps --no-build-isolation --editable .
touch "$environment/.installed"
[ "$kind" = run ] || touch "$environment/.installed-dev"
