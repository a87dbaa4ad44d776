#!/bin/sh
# Starts HAPI FHIR on 127.0.0.1 in the foreground: run.sh plain|jpa PORT [r4|r4b|r5], R4 where nothing is said
# Prints "ready http://127.0.0.1:PORT/fhir" when it can be used. Stop it with Ctrl-C or SIGTERM.
# HAPI_JAVA_OPTS  more options for java, for example -Xmx2g
# HAPI_CACHES=off jpa only: no answer comes from a search or history result of up to a minute ago
set -eu

usage() {
    echo "usage: run.sh plain|jpa PORT [r4|r4b|r5]" >&2
    exit 2
}

[ $# -eq 2 ] || [ $# -eq 3 ] || usage
kind=$1
port=$2
release=${3:-r4}
case "$kind" in
    plain) main=fhirassay.hapi.PlainServer ;;
    jpa) main=fhirassay.hapi.JpaServer ;;
    *) usage ;;
esac
case "$release" in
    r4 | r4b | r5) ;;
    *) usage ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
class_path=$here/$kind/target/class-path

# Build once, and again when a source or a pom is newer than the last build.
if [ ! -e "$class_path" ] || [ -n "$(find "$here" -name target -prune -o -type f \( -name '*.java' -o -name 'pom.xml' -o -name '*.properties' \) -newer "$class_path" -print)" ]; then
    rm -f "$class_path"
    mvn -B -q -f "$here/pom.xml" -pl "$kind" -am package >&2
fi

# A server that lives for one run: the quick compiler and the simple collector halve its CPU time.
# shellcheck disable=SC2086 # HAPI_JAVA_OPTS is a list of options.
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx1g ${HAPI_JAVA_OPTS:-} \
    -cp "$here/$kind/target/classes:$(cat "$class_path")" "$main" "$port" "$release"
