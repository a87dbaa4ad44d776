#!/bin/sh
# Starts the router of FHIR Works on AWS (R4) on 127.0.0.1 in the foreground: run.sh PORT
# Prints "ready http://127.0.0.1:PORT" when it can be used. Stop it with Ctrl-C or SIGTERM.
# FHIR_WORKS_DIR  where the packages are installed; a folder below $TMPDIR if not set, kept for the next start
set -eu

[ $# -eq 1 ] || {
    echo "usage: run.sh PORT" >&2
    exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
installed=${FHIR_WORKS_DIR:-${TMPDIR:-/tmp}/fhir-assay-fhir-works}

# Install once, and again when the versions have changed.
mkdir -p "$installed"
if ! cmp -s "$here/package-lock.json" "$installed/installed-lock.json"; then
    cp "$here/package.json" "$here/package-lock.json" "$installed/"
    npm ci --prefix "$installed" --ignore-scripts --no-audit --no-fund --silent >&2
    cp "$here/package-lock.json" "$installed/installed-lock.json"
fi

export AWS_XRAY_CONTEXT_MISSING=IGNORE_ERROR AWS_REGION=none AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none
NODE_PATH="$installed/node_modules" exec node "$here/server.js" "$1"
