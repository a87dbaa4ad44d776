#!/bin/sh
# Makes the samples and the kill matrices anew: after suites, messages or reports have changed.
# Usage, from the root of the checkout: reports/sample/make.sh target/release/fhir-assay
set -eu
assay=$(realpath "$1")
sample=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
server=
trap 'rm -r "$work"; if [ -n "$server" ]; then kill "$server"; fi' EXIT
cd "$work"

"$assay" run --quiet --report console=console.txt --report html=report.html --report json=report.json \
    --report junit=junit.xml --report markdown=report.md >/dev/null
for release in r4 r4b r5 r6; do
    "$assay" prove --fhir "$release" --report markdown="proof-$release.md" >/dev/null
done

mkdir failing
"$assay" serve --port 0 --mutant read.etag --mutant create.location --mutant read.unknown-404 >served &
server=$!
until [ -s served ]; do sleep 0.1; done
# It fails, as it should: 1.
"$assay" run "$(head -n 1 served)" --suite http.read --suite http.create --quiet --report badge=failing/badge.svg \
    --report gitlab=failing/code-quality.json --report console=failing/console.txt \
    --report github=failing/github.txt --report junit=failing/junit.xml --report markdown=failing/report.md \
    --report sarif=failing/report.sarif --report tap=failing/report.tap --report shields=failing/shields.json \
    --report test-report=failing/test-report.json >/dev/null || [ $? -eq 1 ]

rm served journal.jsonl failing/journal.jsonl
cp -r . "$sample"
