#!/usr/bin/env bash
# Pairs fhir-assay against hurl, as whole processes on one workload: GETs of a 2 KB Patient from a stub on loopback, each with
# six checks (status, Content-Type, ETag, three values of the body).
#
# Needs hurl (`cargo install hurl --version 8.0.1 --locked`; Debian: libcurl4-openssl-dev libxml2-dev libclang-dev) and Python 3.
# Usage: benches/peers.sh [RUNS]      prints ratios fhir-assay : hurl, medians of the pairs.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-5}
command -v hurl >/dev/null || { echo "hurl is not installed; see the head of this file" >&2; exit 2; }
cargo build --release --bin fhir-assay --example stub
folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT
start_stub() { # DELAY_MS FILE
    target/release/examples/stub 0 "$1" > "$2" &
    pids+=($!)
    until [ -s "$2" ]; do sleep 0.05; done
}
start_stub 0 "$folder/base"
start_stub 20 "$folder/slow"
python3 benches/peers.py "$folder" "$(cat "$folder/base")" "$(cat "$folder/slow")" "$PWD/target/release/fhir-assay" "$runs"
