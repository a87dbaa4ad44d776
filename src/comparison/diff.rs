//! The difference of two results, rule by rule and case by case.
//!
//! What is compared is how one case judged one rule. A rule that one of the two did not judge in that case is neither a
//! regression nor a fix: it came to light, or went out of sight.

use indexmap::{IndexMap, IndexSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FORMAT, Side, this_tool};
use crate::requirement::RequirementId;
use crate::suite::CaseId;
use crate::verdict::counted;
use crate::verdict::coverage::by_requirement;
use crate::verdict::{CaseResult, Outcome, RunResult, ToolInfo, Verdict};

/// The difference of two results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// The version of this format.
    pub format: u32,
    /// What made it.
    pub tool: ToolInfo,
    /// The result before.
    pub old: Side,
    /// The result after.
    pub new: Side,
    /// Why the two may differ for other reasons than the server, in sentences.
    pub notes: Vec<String>,
    /// What held and is broken now.
    pub regressions: Vec<Change>,
    /// What was broken and holds now.
    pub fixes: Vec<Change>,
    /// What was not judged before, in a case that was, and is broken now.
    pub surfaced: Vec<Change>,
    /// What was broken and is not judged any more, in a case that is.
    pub sunk: Vec<Change>,
    /// What is broken in both.
    pub still: Vec<Change>,
    /// Cases that only the new result judged.
    pub appeared: Vec<Seen>,
    /// Cases that only the old result judged.
    pub gone: Vec<Seen>,
}

/// One rule in one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The case.
    pub case: CaseId,
    /// Its title.
    pub title: String,
    /// The rule; `None`: whether the case could be judged at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
    /// What was found, where it is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The place of the rule in the published specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A case that only one of the two judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// The case.
    pub case: CaseId,
    /// Its title.
    pub title: String,
    /// How it was judged where it was.
    pub verdict: Verdict,
    /// Why the other one did not judge it, in a sentence.
    pub why: String,
}

/// How a case judged a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Broken,
    Held,
    Unjudged,
}

impl Diff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let changes = [&self.regressions, &self.fixes, &self.surfaced, &self.sunk];
        changes.iter().all(|changes| changes.is_empty()) && self.appeared.is_empty() && self.gone.is_empty()
    }

    /// The difference in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let counted = |count: usize, one: &str, many: &str| counted(count as u64, one, many);
        if self.is_empty() {
            return match self.still.len() {
                0 => "Nothing changed, and nothing is broken.".to_owned(),
                still => format!("Nothing changed: {} as before.", counted(still, "break", "breaks")),
            };
        }
        let mut words = vec![
            counted(self.regressions.len(), "regression", "regressions"),
            counted(self.fixes.len(), "fix", "fixes"),
            format!("{} broken", counted(self.still.len(), "is still", "are still")),
        ];
        if !self.surfaced.is_empty() {
            words.push(format!(
                "{} to light",
                counted(self.surfaced.len(), "break came", "breaks came")
            ));
        }
        if !self.sunk.is_empty() {
            words.push(format!(
                "{} out of sight",
                counted(self.sunk.len(), "break went", "breaks went")
            ));
        }
        let failing = self
            .appeared
            .iter()
            .filter(|case| case.verdict >= Verdict::Fail)
            .count();
        match (self.appeared.len(), failing) {
            (0, _) => {}
            (cases, 0) => words.push(counted(cases, "new case", "new cases")),
            (cases, failing) => words.push(format!(
                "{}, {failing} failing",
                counted(cases, "new case", "new cases")
            )),
        }
        if !self.gone.is_empty() {
            words.push(format!("{} gone", counted(self.gone.len(), "case is", "cases are")));
        }
        let text = words.join(", ");
        format!("{text}.")
    }
}

/// Compares two results; each has a name, such as that of its file. `fail_on` is the least verdict that counts as broken:
/// Fail or Warning.
#[must_use]
pub fn diff(old: (&str, &RunResult), new: (&str, &RunResult), fail_on: Verdict) -> Diff {
    let mut diff = Diff {
        format: FORMAT,
        tool: this_tool(),
        old: Side::of(old.0, old.1),
        new: Side::of(new.0, new.1),
        notes: notes(old.1, new.1),
        regressions: Vec::new(),
        fixes: Vec::new(),
        surfaced: Vec::new(),
        sunk: Vec::new(),
        still: Vec::new(),
        appeared: Vec::new(),
        gone: Vec::new(),
    };
    let (before, after) = (by_id(old.1), by_id(new.1));
    // Both ways round the same order, so that one difference mirrors the other.
    let mut ids: IndexSet<&CaseId> = after.keys().copied().collect();
    ids.extend(before.keys().copied());
    ids.sort();
    for id in ids {
        match (reached(&before, id), reached(&after, id)) {
            (Some(before), Some(after)) => {
                let pair = Pair {
                    before: Judged::of(before, old.1, fail_on),
                    after: Judged::of(after, new.1, fail_on),
                };
                pair.compare(&mut diff);
            }
            (None, Some(case)) => diff.appeared.push(Seen::of(case, before.get(id).copied())),
            (Some(case), None) => diff.gone.push(Seen::of(case, after.get(id).copied())),
            (None, None) => {}
        }
    }
    diff
}

fn by_id(result: &RunResult) -> IndexMap<&CaseId, &CaseResult> {
    result.cases().map(|case| (&case.id, case)).collect()
}

fn reached<'a>(cases: &IndexMap<&CaseId, &'a CaseResult>, id: &CaseId) -> Option<&'a CaseResult> {
    cases.get(id).copied().filter(|case| case.is_reached())
}

fn notes(old: &RunResult, new: &RunResult) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: &str, old: &str, new: &str| {
        if old != new {
            notes.push(format!("The two differ in the {what}: {old} before, {new} now."));
        }
    };
    note("release", old.target.release.name(), new.target.release.name());
    note("version of the harness", &old.tool.version, &new.tool.version);
    note("base URL", &old.target.base, &new.target.base);
    for (result, when) in [(old, "before"), (new, "now")] {
        if let Some(why) = &result.stopped {
            notes.push(format!("The run {when} ended before its plan did: {why}."));
        }
    }
    notes
}

impl Seen {
    fn of(case: &CaseResult, other: Option<&CaseResult>) -> Self {
        let why = match other {
            None => "it is not in the other plan".to_owned(),
            Some(other) => other
                .reason
                .as_ref()
                .map_or_else(|| "it was left out".to_owned(), |reason| reason.text.clone()),
        };
        Self {
            case: case.id.clone(),
            title: case.title.to_string(),
            verdict: case.verdict,
            why,
        }
    }
}

/// A case of one result, rule by rule; no rule is whether it could be judged at all.
struct Judged<'a> {
    case: &'a CaseResult,
    result: &'a RunResult,
    rules: IndexMap<Option<RequirementId>, Standing>,
    /// Whether nothing is wrong in the case: then a rule that it does not speak of holds.
    is_well: bool,
}

impl<'a> Judged<'a> {
    fn of(case: &'a CaseResult, result: &'a RunResult, fail_on: Verdict) -> Self {
        let standing = |verdict: Verdict| match verdict {
            Verdict::Error | Verdict::Skip | Verdict::Inapplicable => Standing::Unjudged,
            verdict if verdict >= fail_on => Standing::Broken,
            _ => Standing::Held,
        };
        let mut rules: IndexMap<Option<RequirementId>, Standing> = by_requirement(case)
            .into_iter()
            .map(|(id, verdict)| (Some(id), standing(verdict)))
            .collect();
        for id in case.steps.iter().flat_map(|step| step.audited.iter()) {
            rules.entry(Some(id.clone())).or_insert(Standing::Held);
        }
        let is_judged = if case.verdict == Verdict::Error {
            Standing::Broken
        } else {
            Standing::Held
        };
        rules.insert(None, is_judged);
        Self {
            case,
            result,
            rules,
            is_well: case.verdict.is_judged() && case.verdict < fail_on,
        }
    }

    fn standing(&self, rule: Option<&RequirementId>) -> Standing {
        match self.rules.get(&rule.cloned()) {
            Some(standing) => *standing,
            None if self.is_well => Standing::Held,
            None => Standing::Unjudged,
        }
    }

    /// What the case tells of a rule.
    fn change(&self, rule: Option<&RequirementId>) -> Change {
        let url = rule.and_then(|id| self.result.requirements.iter().find(|rule| rule.id == *id));
        Change {
            case: self.case.id.clone(),
            title: self.case.title.to_string(),
            requirement: rule.cloned(),
            message: self.message(rule),
            url: url.map(|rule| rule.url.clone()),
        }
    }

    fn message(&self, rule: Option<&RequirementId>) -> Option<String> {
        let findings = self.case.steps.iter().flat_map(|step| &step.findings);
        let of_rule = |id: &RequirementId| {
            let broken = findings.clone().filter(|finding| finding.rule.id == *id);
            broken
                .filter(|finding| matches!(finding.outcome, Outcome::Fail | Outcome::Warning))
                .find_map(|finding| finding.mismatch.as_ref().map(|mismatch| mismatch.message.clone()))
        };
        match rule {
            Some(id) => of_rule(id),
            None => self.case.reason.as_ref().map(|reason| reason.text.clone()),
        }
    }
}

/// A case that both judged.
struct Pair<'a> {
    before: Judged<'a>,
    after: Judged<'a>,
}

impl Pair<'_> {
    fn compare(&self, diff: &mut Diff) {
        let mut rules: IndexSet<&Option<RequirementId>> = self.after.rules.keys().collect();
        rules.extend(self.before.rules.keys());
        rules.sort();
        for rule in rules {
            let rule = rule.as_ref();
            let (before, after) = (self.before.standing(rule), self.after.standing(rule));
            match (before, after) {
                (Standing::Held, Standing::Broken) => diff.regressions.push(self.after.change(rule)),
                (Standing::Broken, Standing::Held) => diff.fixes.push(self.before.change(rule)),
                (Standing::Unjudged, Standing::Broken) => diff.surfaced.push(self.after.change(rule)),
                (Standing::Broken, Standing::Unjudged) => diff.sunk.push(self.before.change(rule)),
                (Standing::Broken, Standing::Broken) => diff.still.push(self.after.change(rule)),
                _ => {}
            }
        }
    }
}
