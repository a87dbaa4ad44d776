#!/bin/sh
# Starts HAPI FHIR R4 on 127.0.0.1 in the foreground: run.sh plain|jpa PORT
# Prints "ready http://127.0.0.1:PORT/fhir" when it can be used. Stop it with Ctrl-C or SIGTERM.
# HAPI_JAVA_OPTS adds options for java, for example HAPI_JAVA_OPTS=-Xmx1g.
set -eu

case "${1:-}" in
    plain) main=fhirassay.hapi.PlainServer ;;
    jpa) main=fhirassay.hapi.JpaServer ;;
    *) echo "usage: run.sh plain|jpa PORT" >&2; exit 2 ;;
esac
[ $# -eq 2 ] || { echo "usage: run.sh plain|jpa PORT" >&2; exit 2; }
kind=$1
port=$2
here=$(cd "$(dirname "$0")" && pwd)
built=$here/$kind/target/built

# Build once, and again when a source or a pom is newer than the last build.
if [ ! -e "$built" ] || [ -n "$(find "$here" -name target -prune -o -type f \( -name '*.java' -o -name 'pom.xml' -o -name '*.properties' \) -newer "$built" -print)" ]; then
    mvn -B -q -f "$here/pom.xml" -pl "$kind" -am package >&2
    touch "$built"
fi

# shellcheck disable=SC2086 # HAPI_JAVA_OPTS is a list of options.
exec java ${HAPI_JAVA_OPTS:-} -cp "$here/$kind/target/classes:$here/$kind/target/lib/*" "$main" "$port"
