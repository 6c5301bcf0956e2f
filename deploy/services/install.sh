#!/usr/bin/env bash
# Installs the real parts that the tests and the demonstration like to have, on Debian and its kin:
#   deploy/services/install.sh mosquitto chromium kafka influxdb
# Kafka comes by Maven and InfluxDB 2 is built from its Go module, both into a cache outside the checkout. Does nothing for a part that is there. Promises one sentence about what to do where it cannot install one.
set -euo pipefail

packages_of() {
    case $1 in
    mosquitto) echo "mosquitto mosquitto-clients" ;;
    # The font, or Chinese on screenshots is boxes.
    chromium) echo "chromium fonts-noto-cjk" ;;
    kafka) echo "maven default-jre-headless" ;;
    # Go and Rust as new as InfluxDB wants them are in no Debian yet: what is on the PATH is taken.
    influxdb) echo "gcc pkg-config" ;;
    esac
}

elsewhere() {
    case $1 in
    mosquitto) echo "get Mosquitto 2 (with mosquitto_pub) from mosquitto.org or your package manager: brew install mosquitto, dnf install mosquitto" ;;
    kafka) echo "get Maven and a Java 17 or newer from your package manager" ;;
    influxdb) echo "get Go 1.25.10 or newer (go.dev/dl), Rust 1.83 or newer (rustup.rs), gcc and pkg-config" ;;
    chromium) echo "get Chromium or Chrome from your package manager, or: .venv/bin/playwright install chromium" ;;
    esac
}

is_there() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

[ $# -gt 0 ] || {
    echo "usage: deploy/services/install.sh mosquitto chromium kafka influxdb" >&2
    exit 2
}

wanted=()
for part in "$@"; do
    if [ -z "$(packages_of "$part")" ]; then
        printf 'install.sh: `%s` is no part\n  hint: mosquitto, chromium, kafka, influxdb\n' "$part" >&2
        exit 2
    fi
    for package in $(packages_of "$part"); do
        if ! command -v dpkg-query >/dev/null || ! is_there "$package"; then wanted+=("$package"); fi
    done
done

# What no package brings is fetched or built by a script of its own, which does nothing the second time.
fetch_rest() {
    local here part
    here=$(dirname "$0")
    for part in "$@"; do
        case $part in
        kafka) "$here/kafka/fetch.sh" >/dev/null || fail "Kafka could not be fetched" kafka ;;
        influxdb) "$here/influxdb/build.sh" >/dev/null || fail "InfluxDB could not be built" influxdb ;;
        esac
    done
}

fail() { # sentence, part...
    printf 'install.sh: %s\n' "$1" >&2
    shift
    for part in "$@"; do
        hint=$(elsewhere "$part")
        [ -z "$hint" ] || printf '  hint: %s\n' "$hint" >&2
    done
    exit 1
}

if [ ${#wanted[@]} -eq 0 ]; then
    fetch_rest "$@"
    echo "install.sh: everything is there ($*)"
    exit 0
fi

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
fetch_rest "$@"
