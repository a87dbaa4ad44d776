//! One plan over several servers: rules and cases down, servers across.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FORMAT, Side, this_tool};
use crate::requirement::{Level, RequirementId};
use crate::suite::CaseId;
use crate::verdict::{RunResult, ToolInfo, Verdict};

/// Several results side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Matrix {
    /// The version of this format.
    pub format: u32,
    /// What made it.
    pub tool: ToolInfo,
    /// The servers, in the order in which they were given.
    pub servers: Vec<Side>,
    /// Every requirement, in the catalogue's order.
    pub requirements: Vec<Row>,
    /// Every case, in the order of the plan; cases that only some of the plans have come after those of the first.
    pub cases: Vec<Cases>,
}

/// How the servers did by one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The requirement.
    pub id: RequirementId,
    /// Its level in the release under test.
    pub level: Level,
    /// The rule, in our words.
    pub statement: String,
    /// Its place in the published specification.
    pub url: String,
    /// The verdict on each server; `null` where nothing tests it.
    pub verdicts: Vec<Option<Verdict>>,
}

/// How the servers did in one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cases {
    /// The case.
    pub id: CaseId,
    /// Its title.
    pub title: String,
    /// The verdict on each server; `null` where its plan does not have the case.
    pub verdicts: Vec<Option<Verdict>>,
}

/// Why results cannot stand side by side: every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these reports cannot be compared:\n{}", .0.iter().map(|why| format!("  {why}")).collect::<Vec<_>>().join("\n"))]
pub struct MatrixError(pub Vec<String>);

impl Row {
    /// Whether the servers differ, or one of them breaks the rule or keeps it with a warning.
    #[must_use]
    pub fn is_remarkable(&self) -> bool {
        let is_wrong = |verdict: &Option<Verdict>| matches!(verdict, Some(verdict) if *verdict >= Verdict::Warning);
        self.verdicts.windows(2).any(|pair| pair[0] != pair[1]) || self.verdicts.iter().any(is_wrong)
    }
}

/// Puts results side by side; each has a name, such as that of its file.
///
/// # Errors
/// Where they are of different releases, suites or versions of the harness: then they were not asked the same.
pub fn matrix(reports: &[(String, RunResult)]) -> Result<Matrix, MatrixError> {
    let mut faults = Vec::new();
    let Some((first_name, first)) = reports.first() else {
        return Err(MatrixError(vec!["there is no report".to_owned()]));
    };
    let suites =
        |result: &RunResult| -> Vec<String> { result.suites.iter().map(|suite| suite.id.to_string()).collect() };
    for (name, other) in &reports[1..] {
        let mut differ = |what: &str, one: &str, two: &str| {
            if one != two {
                faults.push(format!("{first_name} and {name} differ in {what}: {one}, {two}"));
            }
        };
        differ("the version of the harness", &first.tool.version, &other.tool.version);
        differ("the release", first.target.release.name(), other.target.release.name());
        differ("their suites", &suites(first).join(" "), &suites(other).join(" "));
    }
    if !faults.is_empty() {
        return Err(MatrixError(faults));
    }
    let mut requirements: IndexMap<RequirementId, Row> = IndexMap::new();
    let mut cases: IndexMap<CaseId, Cases> = IndexMap::new();
    let nothing = vec![None; reports.len()];
    for (index, (_, result)) in reports.iter().enumerate() {
        for rule in &result.requirements {
            let row = requirements.entry(rule.id.clone()).or_insert_with(|| Row {
                id: rule.id.clone(),
                level: rule.level,
                statement: rule.statement.to_string(),
                url: rule.url.clone(),
                verdicts: nothing.clone(),
            });
            row.verdicts[index] = rule.verdict;
        }
        for case in result.cases() {
            let row = cases.entry(case.id.clone()).or_insert_with(|| Cases {
                id: case.id.clone(),
                title: case.title.to_string(),
                verdicts: nothing.clone(),
            });
            row.verdicts[index] = Some(case.verdict);
        }
    }
    Ok(Matrix {
        format: FORMAT,
        tool: this_tool(),
        servers: reports.iter().map(|(name, result)| Side::of(name, result)).collect(),
        requirements: requirements.into_values().collect(),
        cases: cases.into_values().collect(),
    })
}
