//! Where in a run a request belongs: what a recording marks its exchanges with.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Phase;

/// The place of a request in a run. Within one case no two requests have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Cue {
    /// The full name of the case; `None` for what belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Arc<str>>,
    /// The part of the run or of the case.
    pub stage: Stage,
    /// The number of the step in its list, from 1; 0 where the stage has no steps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub step: u32,
    /// The number of the request in its step or stage, from 1.
    pub request: u32,
    /// How many times it is sent by now, from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub attempt: u32,
}

/// The part of a run that a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The asking for the CapabilityStatement.
    Probe,
    /// The looking for what nobody gave to the suites.
    Find,
    /// A step of a case's `setup`.
    Setup,
    /// A step of a case that is judged.
    Steps,
    /// A step of a case's `cleanup`.
    Cleanup,
    /// The deleting of what a case created, when it is over.
    Deletion,
    /// The deleting at the end of the run.
    End,
}

impl From<Phase> for Stage {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Setup => Self::Setup,
            Phase::Steps => Self::Steps,
            Phase::Cleanup => Self::Cleanup,
        }
    }
}

impl Cue {
    /// The asking for the CapabilityStatement.
    #[must_use]
    pub const fn probe() -> Self {
        Self {
            case: None,
            stage: Stage::Probe,
            step: 0,
            request: 1,
            attempt: 1,
        }
    }

    /// Whether both are requests of the same step, or of the same stage that has no steps.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        self.stage == other.stage && self.step == other.step && self.case == other.case
    }
}

/// In words: `step 3 of http.read::life-of-a-patient`, `request 2 of step 3 of ...`.
impl fmt::Display for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.request > 1 {
            write!(f, "request {} of ", self.request)?;
        }
        match self.stage {
            Stage::Probe => f.write_str("the asking for the CapabilityStatement")?,
            Stage::Find => f.write_str("the looking for what nobody gave")?,
            Stage::Setup => write!(f, "setup step {}", self.step)?,
            Stage::Steps => write!(f, "step {}", self.step)?,
            Stage::Cleanup => write!(f, "clean-up step {}", self.step)?,
            Stage::Deletion => f.write_str("the deleting of what was created")?,
            Stage::End => f.write_str("the deleting at the end of the run")?,
        }
        match &self.case {
            Some(case) => write!(f, " of {case}"),
            None => Ok(()),
        }
    }
}

const fn one() -> u32 {
    1
}

const fn is_one(number: &u32) -> bool {
    *number == 1
}

const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cue_is_told_in_words() {
        let mut cue = Cue {
            case: Some("http.read::life".into()),
            stage: Stage::Steps,
            step: 3,
            request: 1,
            attempt: 1,
        };
        assert_eq!(cue.to_string(), "step 3 of http.read::life");
        cue.request = 2;
        cue.stage = Stage::Setup;
        assert_eq!(cue.to_string(), "request 2 of setup step 3 of http.read::life");
        assert_eq!(Cue::probe().to_string(), "the asking for the CapabilityStatement");
    }
}
