//! What the words about the gate come to: the list of known failures, and how a result is held against it.

use std::fs;
use std::io;
use std::path::Path;

use jiff::tz::TimeZone;

use super::args::{FailOn, FilterArgs, GateArgs};
use super::exit::Gate;
use super::settings::SettingsError;
use crate::baseline::{self, Baseline, Terms};
use crate::suite::parse::decode;
use crate::verdict::{RunResult, Verdict};

/// The least verdict that fails a run.
#[must_use]
pub const fn least(fail_on: FailOn) -> Verdict {
    match fail_on {
        FailOn::Shall | FailOn::Never => Verdict::Fail,
        FailOn::Should => Verdict::Warning,
    }
}

/// The gate that a result goes through.
#[must_use]
pub const fn gate(args: &GateArgs, fail_fast: bool) -> Gate {
    Gate {
        fail_on: least(args.fail_on),
        never: matches!(args.fail_on, FailOn::Never),
        fail_fast,
        strict_baseline: args.strict_baseline,
    }
}

/// Reads a list of known failures.
///
/// # Errors
/// A file that cannot be read, and everything that is wrong in it.
pub fn read(path: &Path) -> Result<Baseline, SettingsError> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SettingsError::NoBaseline { path: name.clone() },
        _ => SettingsError::File {
            path: name.clone(),
            error,
        },
    })?;
    let wrong = SettingsError::Baseline;
    let file = decode(&name, bytes).map_err(|problem| wrong(std::iter::once(*problem).collect()))?;
    baseline::parse(&file).map_err(wrong)
}

/// The list that was asked for.
///
/// # Errors
/// As [`read`].
pub fn baseline(args: &GateArgs) -> Result<Option<Baseline>, SettingsError> {
    // The list may stand in the configuration, so that the reader of the command line cannot ask for it.
    if args.strict_baseline && args.baseline.is_none() {
        return Err(SettingsError::StrictWithoutBaseline);
    }
    args.baseline.as_deref().map(read).transpose()
}

/// How a result is held against a list.
#[must_use]
pub fn terms(args: &GateArgs, whole: bool) -> Terms {
    Terms {
        // A day is the same everywhere, so that a gate does not depend on where it runs.
        today: jiff::Timestamp::now().to_zoned(TimeZone::UTC).date(),
        fail_on: least(args.fail_on),
        whole,
    }
}

/// Whether nothing of the plan is taken away.
#[must_use]
pub fn is_whole(filters: &FilterArgs) -> bool {
    filters.suites.is_empty()
        && filters.system.is_none()
        && filters.cases.is_empty()
        && filters.requirements.is_empty()
        && filters.interactions.is_empty()
        && filters.tags.is_empty()
        && filters.level.is_none()
        && filters.shard.is_none()
}

/// Whether a report is of a whole plan, as far as its options say.
#[must_use]
pub fn is_whole_result(result: &RunResult) -> bool {
    let is_cut = |name: &&str| result.options.contains_key(*name);
    let cut = [
        "suite",
        "system",
        "case",
        "requirement",
        "interaction",
        "tag",
        "level",
        "shard",
    ];
    !cut.iter().any(is_cut)
}
