//! Words shared by those who run and those who report.

pub mod coverage;
pub mod event;
pub mod finding;
pub mod journal;
pub mod known;
pub mod number;
pub mod result;
pub mod validation;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use event::RunEvent;
pub use finding::{Documented, Excerpt, Finding, Mend, Mismatch, Outcome, Part, Rule};
pub use known::{BaselineResult, FreshFailure, Known, StaleEntry, StaleKind};
pub use number::counted;
pub use result::{
    CaseResult, CaseVerdict, Cleanup, DeviationInfo, LeftBehind, Lost, Phase, Reason, ReasonKind, RequirementResult,
    RunResult, StepResult, SuiteResult, SystemInfo, Tally, TargetInfo, ToolInfo,
};

/// The verdict on a step, a case, a suite, a requirement or a run.
///
/// Ordered by what wins in a roll-up: Error over Fail over Warning over Pass over Skip over Inapplicable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server does not claim it, or it is not of this release.
    Inapplicable,
    /// Left out by choice, or because the case had already stopped.
    Skip,
    /// All that was asked for held.
    Pass,
    /// A SHOULD was broken.
    Warning,
    /// A SHALL was broken.
    Fail,
    /// It could not be judged.
    Error,
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Self; 6] = [
        Self::Error,
        Self::Fail,
        Self::Warning,
        Self::Pass,
        Self::Skip,
        Self::Inapplicable,
    ];

    /// The verdict on a whole: that of its worst part; `None` where it has no parts.
    pub fn roll_up(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().max()
    }

    /// Whether something was judged.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Pass | Self::Warning | Self::Fail)
    }

    /// `PASS`, `FAIL` and so on, as the console writes it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Inapplicable => "N/A",
            Self::Skip => "SKIP",
            Self::Pass => "PASS",
            Self::Warning => "WARN",
            Self::Fail => "FAIL",
            Self::Error => "ERROR",
        }
    }

    /// The word of the JSON report: `inapplicable`, `skip`, `pass` and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inapplicable => "inapplicable",
            Self::Skip => "skip",
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides() {
        use Verdict::*;
        assert_eq!(Verdict::roll_up([Pass, Skip, Warning]), Some(Warning));
        assert_eq!(Verdict::roll_up([Skip, Inapplicable]), Some(Skip));
        assert_eq!(Verdict::roll_up([Fail, Error]), Some(Error));
        assert_eq!(Verdict::roll_up([]), None);
    }
}
