#!/usr/bin/env bash
# Runs the suites as a step of action.yml: all reports into one folder, and what came of it as outputs of the step.
#
#   PROGRAM    the fhir-assay to run
#   BASE_URL   the server; empty for the embedded one
#   ARGS       more words, one to a line
#   REPORTS    the folder of the reports
#   FAIL       `false`: the step succeeds whatever the verdict
set -euo pipefail

words=()
[ -z "${BASE_URL:-}" ] || words+=("$BASE_URL")
while IFS= read -r word; do
    [ -z "$word" ] || words+=("$word")
done <<<"${ARGS:-}"

for report in html=report.html json=report.json junit=junit.xml markdown=report.md sarif=report.sarif; do
    words+=(--report "${report%%=*}=$REPORTS/${report#*=}")
done

# The program itself writes the counts to GITHUB_OUTPUT, annotates, and adds to the summary of the job.
code=0
"$PROGRAM" run "${words[@]}" || code=$?
{
    echo "exit-code=$code"
    echo "sarif=$REPORTS/report.sarif"
} >>"$GITHUB_OUTPUT"

# A wrong command line is a mistake in the workflow, and never a verdict.
if [ "${FAIL:-true}" = false ] && [ "$code" -ne 2 ]; then
    code=0
fi
exit "$code"
