#!/usr/bin/env bash
# Puts the program where the next step of action.yml finds it: the one that PROGRAM names, or a release.
#
#   PROGRAM      a path; nothing is downloaded then
#   VERSION      the release, such as v0.1.0
#   REPOSITORY   OWNER/NAME of the releases, below SERVER
set -euo pipefail

done_with() {
    echo "program=$1" >>"$GITHUB_OUTPUT"
    "$1" --version
    exit 0
}

[ -z "${PROGRAM:-}" ] || done_with "$PROGRAM"

case "$VERSION" in
    v[0-9]*.[0-9]*.[0-9]*) ;;
    *)
        echo "error: '$VERSION' is no version such as v0.1.0: give one as the input 'version', or use this action by a tag" >&2
        exit 2
        ;;
esac
[ -n "${REPOSITORY:-}" ] || {
    echo "error: give the input 'repository' (OWNER/NAME), or the input 'program'" >&2
    exit 2
}

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64) target=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    MINGW*-x86_64 | MSYS*-x86_64) target=x86_64-pc-windows-msvc ;;
    *)
        echo "error: there is no release for $(uname -s) on $(uname -m)" >&2
        exit 2
        ;;
esac

name=fhir-assay-$target
folder=${RUNNER_TEMP:-$(mktemp -d)}/fhir-assay-$VERSION
mkdir -p "$folder"
cd "$folder"
for file in "$name.tar.gz" "$name.tar.gz.sha256"; do
    curl --proto '=https,file' --fail --silent --show-error --location --retry 3 --output "$file" \
        "$SERVER/$REPOSITORY/releases/download/$VERSION/$file"
done
if command -v sha256sum >/dev/null; then
    sha256sum --check --quiet "$name.tar.gz.sha256"
else
    shasum -a 256 --check --quiet "$name.tar.gz.sha256"
fi
tar -xzf "$name.tar.gz"
program=$folder/$name/fhir-assay
[ -f "$program" ] || program=$program.exe
done_with "$program"
