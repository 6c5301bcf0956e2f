#!/usr/bin/env bash
# Builds InfluxDB 2 from its Go module, once for each state of go.mod and go.sum; prints the program's path.
#   deploy/services/influxdb/build.sh           builds where that was not done yet
#   deploy/services/influxdb/build.sh --find    only looks, and fails where it was not
# It is kept in ~/.cache/fenceline (or $XDG_CACHE_HOME/fenceline), outside the checkout, so that a fresh clone does
# not build again. 4 to 8 minutes on 2 cores, 3 GB while it builds, 100 MB afterwards (and Go's own module cache).
# Needs go, cargo, rustc, a C compiler, pkg-config.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's|.*github.com/influxdata/influxdb/v2 \(v[0-9.]*\).*|\1|p' "$here/go.mod" | head -1)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fenceline
# This script counts too: other flags are another program.
key=$(cat "$here/go.mod" "$here/go.sum" "$here/build.sh" | sha256sum | cut -c1-16)
home=$cache/influxd-$version-$key
program=$home/influxd

if [ "${1:-}" = --find ]; then
    [ -x "$program" ] && echo "$program"
    exit
fi

for tool in go cargo rustc cc pkg-config flock; do
    command -v "$tool" >/dev/null || {
        printf 'build.sh: `%s` is missing\n  hint: deploy/services/install.sh influxdb\n' "$tool" >&2
        exit 1
    }
done

mkdir -p "$home"
exec 9>"$home/lock"
flock 9 # a second build waits for the first and then finds it done
if [ -x "$program" ]; then
    echo "$program"
    exit 0
fi

work=$(mktemp -d "$home/build-XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
echo "influxdb: building $version (once; some minutes)" >&2
cp "$here/go.mod" "$here/go.sum" "$work/"
cd "$work"
# A build cache of its own, removed whole afterwards: with a part of it gone, the next link would break.
export CGO_ENABLED=1 GOTOOLCHAIN=local GOFLAGS="-buildvcs=false -mod=readonly" GOCACHE="$work/cache"
if command -v rustup >/dev/null; then
    # Flux names a toolchain of its own, which rustup would want to download.
    RUSTUP_TOOLCHAIN=$(rustup show active-toolchain | cut -d' ' -f1)
    export RUSTUP_TOOLCHAIN
fi
began=$(date +%s)
watch() { # one line now and then, so that nobody takes it for stuck
    while sleep 30; do echo "influxdb: still building, $(($(date +%s) - began)) s" >&2; done
}
watch &
watcher=$!
trap 'kill $watcher 2>/dev/null || true; chmod -R u+w "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/pkg-config" github.com/influxdata/pkg-config >&2
PKG_CONFIG="$work/pkg-config" go build -tags sqlite_foreign_keys,sqlite_json \
    -ldflags "-s -w -X main.version=$version" -o "$work/influxd" \
    github.com/influxdata/influxdb/v2/cmd/influxd >&2
mv "$work/influxd" "$program"
echo "influxdb: built in $(($(date +%s) - began)) s" >&2
echo "$program"
