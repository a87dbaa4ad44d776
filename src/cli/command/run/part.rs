//! Which part of the plan this run is to have: a shard, or what failed before.

use std::collections::HashSet;

use crate::cli::args::RunArgs;
use crate::cli::command::report;
use crate::cli::exit::Exit;
use crate::cli::{Failure, output, rerun, shard};
use crate::verdict::counted;

/// A part of a plan.
pub(super) struct Part {
    /// The only cases, where there are only some.
    pub(super) cases: Option<HashSet<String>>,
    /// What a person should know of it.
    pub(super) notices: Vec<String>,
}

/// Settles what the words say of a part: afterwards `--shard` is no `auto` any more, and suites and types are those of the
/// report that is gone by.
///
/// # Errors
/// Shards that contradict each other, and a report that cannot be read or in which nothing failed.
pub(super) fn settle(args: &mut RunArgs) -> Result<Part, Failure> {
    let settled = shard::settle(&mut args.filters)?;
    if let Some(output) = settled.output {
        if args.reports.is_empty() {
            args.reports = output::default_outputs();
        }
        args.reports.push(output);
    }
    let mut part = Part {
        cases: None,
        notices: settled.notice.into_iter().collect(),
    };
    if let Some(path) = &args.rerun_failed {
        let result = report::read(path)?;
        let failed = rerun::failed(&result);
        let name = path.display().to_string();
        if failed.is_empty() {
            return Err(Failure::new(
                Exit::NothingSelected,
                format!("in {name} nothing failed, so there is nothing to run again"),
            ));
        }
        let cases = counted(failed.len() as u64, "case", "cases");
        let base = args.target.base.as_deref().map(|base| base.trim_end_matches('/'));
        part.notices.push(match base {
            Some(base) if base != result.target.base => format!(
                "again {cases} that failed in {name}; that was of another server, {}",
                result.target.base
            ),
            _ => format!("again {cases} that failed in {name}"),
        });
        rerun::restore(args, &result);
        part.cases = Some(failed.into_iter().collect());
    }
    Ok(part)
}
