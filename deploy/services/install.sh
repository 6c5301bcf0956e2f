#!/usr/bin/env bash
# Installs the real parts that the tests and the demonstration like to have, on Debian and its kin:
#   deploy/services/install.sh mosquitto chromium
# Does nothing for a part that is there. Promises one sentence about what to do where it cannot install one.
set -euo pipefail

packages_of() {
    case $1 in
    mosquitto) echo "mosquitto mosquitto-clients" ;;
    # The font, or Chinese on screenshots is boxes.
    chromium) echo "chromium fonts-noto-cjk" ;;
    esac
}

elsewhere() {
    case $1 in
    mosquitto) echo "get Mosquitto 2 (with mosquitto_pub) from mosquitto.org or your package manager: brew install mosquitto, dnf install mosquitto" ;;
    chromium) echo "get Chromium or Chrome from your package manager, or: .venv/bin/playwright install chromium" ;;
    esac
}

is_there() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

[ $# -gt 0 ] || {
    echo "usage: deploy/services/install.sh mosquitto chromium" >&2
    exit 2
}

wanted=()
for part in "$@"; do
    if [ -z "$(packages_of "$part")" ]; then
        printf 'install.sh: `%s` is no part\n  hint: mosquitto, chromium\n' "$part" >&2
        exit 2
    fi
    for package in $(packages_of "$part"); do
        if ! command -v dpkg-query >/dev/null || ! is_there "$package"; then wanted+=("$package"); fi
    done
done
if [ ${#wanted[@]} -eq 0 ]; then
    echo "install.sh: everything is there ($*)"
    exit 0
fi

fail() { # sentence, part...
    printf 'install.sh: %s\n' "$1" >&2
    shift
    for part in "$@"; do
        hint=$(elsewhere "$part")
        [ -z "$hint" ] || printf '  hint: %s\n' "$hint" >&2
    done
    exit 1
}

command -v apt-get >/dev/null || fail "no apt-get on this system, so nothing was installed" "$@"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    # Never ask for a password in the middle of a test run.
    sudo -n true 2>/dev/null || fail "not root, and sudo wants a password; say: sudo deploy/services/install.sh $*" "$@"
    as_root=(sudo -n)
fi

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet=2 --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "${wanted[@]}"
}

# Package lists first only where they are missing or too old to be of use.
echo "install.sh: installing ${wanted[*]}"
if ! install >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update --quiet=2 || fail "the package lists could not be fetched; is there a network?" "$@"
    install >/dev/null || fail "apt-get could not install ${wanted[*]} (its own words stand above)" "$@"
fi

# A package's own broker would take port 1883 from the one a site means to run; ours take free ports.
if [[ " ${wanted[*]} " == *" mosquitto "* ]] && command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
    "${as_root[@]}" systemctl disable --now --quiet mosquitto.service || true
fi
