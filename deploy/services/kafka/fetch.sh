#!/usr/bin/env bash
# Fetches the jars of one Kafka server by Maven, once for each state of pom.xml; prints the folder they lie in.
#   deploy/services/kafka/fetch.sh           fetches where that was not done yet
#   deploy/services/kafka/fetch.sh --find    only looks, and fails where it was not
# They lie in ~/.cache/fenceline (or $XDG_CACHE_HOME/fenceline), outside the checkout.
# 46 jars, 43 MB. Needs mvn and a Java 17 or newer.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's|.*<version>\([0-9.]*\)</version>.*|\1|p' "$here/pom.xml" | sed -n 2p)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fenceline
key=$(cat "$here/pom.xml" "$here/fetch.sh" | sha256sum | cut -c1-16)
home=$cache/kafka-$version-$key

if [ "${1:-}" = --find ]; then
    [ -d "$home/lib" ] && command -v java >/dev/null && echo "$home/lib"
    exit
fi

for tool in mvn java flock; do
    command -v "$tool" >/dev/null || {
        printf 'fetch.sh: `%s` is missing\n  hint: deploy/services/install.sh kafka\n' "$tool" >&2
        exit 1
    }
done

mkdir -p "$home"
exec 9>"$home/lock"
flock 9 # a second fetch waits for the first and then finds it done
if [ -d "$home/lib" ]; then
    echo "$home/lib"
    exit 0
fi
work=$(mktemp -d "$home/fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "kafka: fetching $version (once, 43 MB)" >&2
cp "$here/pom.xml" "$work/"
(cd "$work" && mvn --batch-mode --quiet dependency:copy-dependencies -DoutputDirectory="$work/lib" >&2)
mv "$work/lib" "$home/lib" # whole or not at all
echo "$home/lib"
