//! Exit codes: a contract that scripts depend on.

use std::process::ExitCode;

use crate::plan::Plan;
use crate::verdict::validation::ValidationReport;
use crate::verdict::{ReasonKind, RunResult, Verdict};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: conformant, or the command did what it was asked.
    Success,
    /// 1: a requirement at or above `--fail-on` failed.
    Failed,
    /// 2: the command line, a suite or another input is wrong.
    Usage,
    /// 3: the server could not be judged: unreachable, gone, or its answers speak of something else.
    Unjudged,
    /// 4: the filters left nothing to run.
    NothingSelected,
    /// 130: a second Ctrl-C.
    Interrupted,
}

/// What fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The least verdict that fails it: Fail or Warning.
    pub fail_on: Verdict,
    /// Whether nothing that the server does fails it, since something later decides.
    pub never: bool,
    /// Whether the run ends with its first failure.
    pub fail_fast: bool,
    /// Whether a list of known failures that is out of date fails it.
    pub strict_baseline: bool,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unjudged => 3,
            Self::NothingSelected => 4,
            Self::Interrupted => 130,
        }
    }

    /// How a run ends.
    ///
    /// A failure that was seen is certain, whatever else could not be judged; only a run that was cut short says nothing.
    /// What is known to fail, or to be beyond judging, does not count.
    #[must_use]
    pub fn of_run(result: &RunResult, gate: &Gate) -> Self {
        let any =
            |wanted: &dyn Fn(Verdict) -> bool| result.cases().any(|case| !case.is_known() && wanted(case.verdict));
        let is_stale = || {
            result
                .baseline
                .as_ref()
                .is_some_and(|baseline| !baseline.stale.is_empty())
        };
        let failed = any(&|verdict| verdict >= gate.fail_on && verdict != Verdict::Error)
            || (gate.strict_baseline && is_stale());
        if result.stopped.is_some() && !(failed && gate.fail_fast) {
            Self::Unjudged
        } else if failed && !gate.never {
            Self::Failed
        } else if any(&|verdict| verdict == Verdict::Error) && !gate.never {
            Self::Unjudged
        } else if result.cases().any(|case| case.verdict.is_judged()) || of_other_shards(result) {
            Self::Success
        } else {
            // Nothing was judged: that is no success.
            Self::Unjudged
        }
    }

    /// How the judging of files ends. What is invalid is certain, whatever else could not be read.
    #[must_use]
    pub fn of_validation(report: &ValidationReport) -> Self {
        if report.invalid() > 0 {
            Self::Failed
        } else if report.unreadable() > 0 {
            Self::Usage
        } else if report.resources() == 0 {
            Self::NothingSelected
        } else {
            Self::Success
        }
    }

    /// How a plan ends that has nothing to run; `None` where it has something. A shard may be empty by chance.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Option<Self> {
        let is_filtered = |reason: &crate::verdict::Reason| reason.kind == ReasonKind::Filtered;
        plan.cases()
            .all(|case| case.left_out.as_ref().is_some_and(is_filtered))
            .then_some(Self::NothingSelected)
    }
}

fn of_other_shards(result: &RunResult) -> bool {
    result
        .cases()
        .any(|case| matches!(&case.reason, Some(reason) if reason.kind == ReasonKind::Shard))
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
