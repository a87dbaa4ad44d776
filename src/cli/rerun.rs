//! `--rerun-failed`: the cases of a report that failed or could not be judged, again.

use super::args::RunArgs;
use crate::verdict::{RunResult, Verdict};

/// The cases of a report that failed or could not be judged, by their full names.
#[must_use]
pub fn failed(result: &RunResult) -> Vec<String> {
    let is_wrong = |verdict: Verdict| matches!(verdict, Verdict::Fail | Verdict::Error);
    let wrong = result.cases().filter(|case| is_wrong(case.verdict));
    wrong.map(|case| case.id.to_string()).collect()
}

/// Puts into the arguments what the report says of its run and the command line does not: the suites, and the types.
pub fn restore(args: &mut RunArgs, result: &RunResult) {
    let option = |name: &str| result.options.get(name).map_or("", String::as_str);
    if args.filters.suites.is_empty() {
        args.filters.suites = option("suite").split_whitespace().map(str::to_owned).collect();
    }
    if args.filters.system.is_none() {
        args.filters.system = result.options.get("system").cloned();
    }
    if args.filters.types.is_empty() {
        let types = option("types").split(',').filter(|name| !name.is_empty());
        args.filters.types = types.map(str::to_owned).collect();
    }
}
