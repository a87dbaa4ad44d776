//! What was found, each with its place, its rule and a name that stays from run to run: for readers that sort, count and compare.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::exchange::Request;
use crate::report::problem::Problem;
use crate::report::rules::Rules;
use crate::report::{failure, known, validation};
use crate::source::Site;
use crate::verdict::validation::{BodyFinding, FileReport, ValidationReport};
use crate::verdict::{CaseResult, Outcome, Part, RunResult};

/// The name in the place of a rule where none speaks of what was found: an answer was lost, or speaks of something else.
pub(super) const NOT_JUDGED: &str = "not-judged";
/// The name in the place of a rule where a document could not be read.
const UNREADABLE: &str = "unreadable";

/// One thing that was found.
#[derive(Debug)]
pub(super) struct Located<'a> {
    pub outcome: Outcome,
    /// The id of the requirement, or of the rule of a definition.
    pub rule: Cow<'a, str>,
    /// In what: a case and its step, or a resource.
    pub subject: String,
    pub message: &'a str,
    pub file: &'a str,
    /// From 1.
    pub line: u32,
    /// The first column, from 1, and how many characters; `None` where the whole line is meant.
    pub columns: Option<(u32, u32)>,
    /// How often, with repetitions.
    pub times: u64,
    /// The same for the same thing in another run; no two of a report have the same.
    pub fingerprint: String,
    pub source: Source<'a>,
}

/// What it was made from.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Run(Problem<'a>),
    Body(&'a BodyFinding),
}

impl<'a> Located<'a> {
    /// Everything that a run has to tell, in its order.
    pub fn of_result(result: &'a RunResult) -> Vec<Self> {
        let mut names = Names::default();
        let problems = result.cases().flat_map(Problem::of_case);
        problems.map(|problem| Self::of_problem(problem, &mut names)).collect()
    }

    /// Everything that a case has to tell. Fingerprints are those of its report.
    pub fn of_case(case: &'a CaseResult) -> Vec<Self> {
        let mut names = Names::default();
        let problems = Problem::of_case(case).into_iter();
        problems.map(|problem| Self::of_problem(problem, &mut names)).collect()
    }

    /// Everything that was found in files, in their order.
    pub fn of_validation(report: &'a ValidationReport) -> Vec<Self> {
        let mut names = Names::default();
        let files = report.files.iter();
        let findings = files.flat_map(|file| file.findings.iter().map(move |finding| (file, finding)));
        findings
            .map(|(file, finding)| Self::of_body(file, finding, &mut names))
            .collect()
    }

    fn of_problem(problem: Problem<'a>, names: &mut Names) -> Self {
        let case = problem.case;
        let site = problem.mismatch.and_then(|mismatch| mismatch.site.as_ref());
        let (file, line, columns) = match site {
            Some(site) => (&*site.file, site.line, columns(site)),
            None => (
                &*case.site.file,
                problem.step.map_or(case.site.line, |step| step.line),
                None,
            ),
        };
        let rule = problem.rule.map_or(NOT_JUDGED, |rule| rule.id.as_str());
        let place = problem.place().unwrap_or_default();
        // Neither message nor pointer: they may hold ids that the server made up.
        let part = problem
            .mismatch
            .map_or(Cow::Borrowed(""), |mismatch| match &mismatch.part {
                Part::Status => "status".into(),
                Part::Header(name) => format!("header {}", name.to_ascii_lowercase()).into(),
                Part::Body(_) => "body".into(),
                Part::Variables => "variables".into(),
            });
        let subject = match place.as_str() {
            "" => case.id.as_str().to_owned(),
            place => format!("{}, {place}", case.id.as_str()),
        };
        Self {
            outcome: problem.outcome,
            rule: rule.into(),
            message: problem.message,
            file,
            line: line.max(1),
            columns,
            times: problem.times() as u64,
            fingerprint: names.next(&[case.id.as_str(), &place, rule, &part]),
            subject,
            source: Source::Run(problem),
        }
    }

    fn of_body(file: &'a FileReport, finding: &'a BodyFinding, names: &mut Names) -> Self {
        let excerpt = finding.mismatch.excerpt.as_ref();
        // A drawing of the pretty-printed body has lines that the file has not.
        let site = excerpt
            .map(|excerpt| &excerpt.site)
            .filter(|site| *site.file == *file.file);
        let rule: Cow<'a, str> = finding.rule.as_ref().map_or(UNREADABLE.into(), |rule| {
            let kind = serde_json::to_value(rule.kind).unwrap_or_default();
            let kind = kind.as_str().unwrap_or_default();
            match &rule.key {
                Some(key) => format!("{kind}/{key}").into(),
                None => kind.to_owned().into(),
            }
        });
        let element = finding.rule.as_ref().map_or("", |rule| &rule.element);
        let begin = u32::try_from(finding.line).unwrap_or(u32::MAX);
        Self {
            outcome: finding.outcome,
            message: &finding.mismatch.message,
            file: &file.file,
            line: site.map_or(begin, |site| site.line).max(1),
            columns: site.and_then(columns),
            times: finding.places.max(1),
            fingerprint: names.next(&[&file.file, &finding.resource, &rule, element]),
            subject: finding.resource.clone(),
            rule,
            source: Source::Body(finding),
        }
    }

    /// The whole text of it, as the console tells it.
    pub fn text(&self, rules: &Rules<'_>) -> String {
        match &self.source {
            Source::Run(problem) => failure::text(problem, rules),
            Source::Body(finding) => validation::finding_text(finding),
        }
    }

    /// The request that shows it.
    pub fn request(&self) -> Option<&'a Request> {
        match &self.source {
            Source::Run(problem) => problem.request,
            Source::Body(_) => None,
        }
    }

    /// Why it is no news, where a list of known failures says so.
    pub fn known(&self) -> Option<String> {
        match &self.source {
            Source::Run(problem)
                if problem.case.is_known() && !matches!(self.outcome, Outcome::Note | Outcome::Pass) =>
            {
                let words: Vec<String> = problem.case.known.iter().map(known::words).collect();
                Some(words.join("; "))
            }
            _ => None,
        }
    }

    /// The path of the file as most readers want it: with slashes, and relative to where the program was started.
    pub fn path(&self) -> String {
        let path = self.file.replace('\\', "/");
        path.strip_prefix("./").unwrap_or(&path).to_owned()
    }
}

fn columns(site: &Site) -> Option<(u32, u32)> {
    (site.column > 0).then_some((site.column, site.width))
}

/// Gives out fingerprints.
#[derive(Debug, Default)]
struct Names(HashMap<String, u32>);

impl Names {
    /// A fingerprint of these words; of the second that has the same words, another one.
    fn next(&mut self, words: &[&str]) -> String {
        let name = words.join("\u{0}");
        let number = self.0.entry(name.clone()).or_default();
        *number += 1;
        let digest = Sha256::digest(format!("{name}\u{0}{number}"));
        digest.iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_are_never_given_twice() {
        let mut names = Names::default();
        let first = names.next(&["a", "b"]);
        assert_ne!(first, names.next(&["a", "b"]));
        assert_ne!(first, names.next(&["ab", ""]));
        assert_eq!(first, Names::default().next(&["a", "b"]));
        assert_eq!(first.len(), 32);
    }
}
