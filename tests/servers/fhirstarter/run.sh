#!/bin/sh
# Starts the example of fhirstarter (R5) on 127.0.0.1 in the foreground: run.sh PORT
# Prints "ready http://127.0.0.1:PORT" when it can be used. Stop it with Ctrl-C or SIGTERM.
# FHIRSTARTER_DIR  where the packages are installed; a folder below $TMPDIR if not set, kept for the next start
# PYTHON           the Python to make that folder with, 3.10 or newer
set -eu

[ $# -eq 1 ] || {
    echo "usage: run.sh PORT" >&2
    exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
installed=${FHIRSTARTER_DIR:-${TMPDIR:-/tmp}/fhir-assay-fhirstarter}

# Install once, and again when the versions have changed.
if ! cmp -s "$here/requirements.txt" "$installed/installed.txt"; then
    "${PYTHON:-python3}" -m venv --clear "$installed"
    "$installed/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$installed/installed.txt"
fi

exec "$installed/bin/python" "$here/server.py" "$1"
