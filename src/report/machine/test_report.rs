//! FHIR's own `TestReport`: a Bundle of one for each suite. R5 and R6 have another shape than R4 and R4B: there a rule has an
//! element of its own, and the script is a canonical. `docs/test-report.md` says how ours and FHIR's words match.

use std::io;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid, Version};

use crate::fhir::FhirVersion;
use crate::report::known;
use crate::report::markdown::escape;
use crate::report::problem::step_name;
use crate::report::rules::Rules;
use crate::report::text::{LINE, clean, count, line};
use crate::verdict::{CaseResult, Finding, Outcome, Phase, Reason, RunResult, StepResult, SuiteResult, Tally, Verdict};

/// In which shape it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// R4 and R4B; also DSTU2, which has no TestReport.
    R4,
    /// R5 and R6.
    R5,
}

impl Shape {
    const fn of(release: FhirVersion) -> Self {
        match release {
            FhirVersion::Dstu2 | FhirVersion::R4 | FhirVersion::R4B => Self::R4,
            FhirVersion::R5 | FhirVersion::R6 => Self::R5,
        }
    }
}

/// Writes the Bundle, one suite at a time.
pub(crate) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = Rules::of_result(result);
    let shape = Shape::of(result.target.release);
    let issued = issued(result);
    let mut head = json!({ "resourceType": "Bundle", "type": "collection" });
    if let Some(issued) = &issued {
        head["timestamp"] = json!(issued);
    }
    let head = head.to_string();
    let Some((first, rest)) = result.suites.split_first() else {
        return writeln!(out, "{head}");
    };
    // The Bundle stays open until its entries are written.
    write!(out, "{},\"entry\":[", head.trim_end_matches('}'))?;
    for (index, suite) in std::iter::once(first).chain(rest).enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        let id = id_of(result, suite, index);
        let entry = json!({
            "fullUrl": format!("urn:uuid:{id}"),
            "resource": report(result, suite, id, shape, issued.as_deref(), &rules),
        });
        serde_json::to_writer(&mut *out, &entry)?;
    }
    out.write_all(b"]}\n")
}

/// When the run ended, to the millisecond.
fn issued(result: &RunResult) -> Option<String> {
    let begin: jiff::Timestamp = result.started.parse().ok()?;
    let time = jiff::SignedDuration::from_micros(i64::try_from(result.duration_us).ok()?);
    Some(format!("{:.3}", begin.checked_add(time).ok()?))
}

/// The same for the same suite of the same run.
fn id_of(result: &RunResult, suite: &SuiteResult, index: usize) -> Uuid {
    let words = [
        &result.cleanup.tag,
        &result.started,
        suite.id.as_str(),
        &index.to_string(),
    ]
    .join("\u{0}");
    let digest = Sha256::digest(words);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_bytes(bytes)
        .with_variant(uuid::Variant::RFC4122)
        .with_version(Version::Custom)
        .into_uuid()
}

fn report(
    result: &RunResult,
    suite: &SuiteResult,
    id: Uuid,
    shape: Shape,
    issued: Option<&str>,
    rules: &Rules<'_>,
) -> Value {
    let tally: Tally = suite.cases.iter().map(|case| case.verdict).collect();
    let tool = &result.tool;
    let mut report = Map::new();
    let mut set = |name: &str, value: Value| drop(report.insert(name.to_owned(), value));
    set("resourceType", json!("TestReport"));
    set("id", json!(id));
    set("text", narrative(suite, &tally));
    if let Some(tag) = present(&result.cleanup.tag) {
        let value = format!("{tag} {}", line(suite.id.as_str(), 200));
        set("identifier", json!({ "system": "urn:fhir-assay:run", "value": value }));
    }
    if let Some(title) = present(&suite.title) {
        set("name", json!(title));
    }
    let status = if result.stopped.is_some() {
        "stopped"
    } else {
        "completed"
    };
    set("status", json!(status));
    set("testScript", script(suite, &tool.version, shape));
    set("result", json!(result_of(&tally)));
    if let Some(score) = score(&tally) {
        set("score", score);
    }
    if let Some(tester) = present(&format!("{} {}", tool.name, tool.version)) {
        set("tester", json!(tester));
    }
    if let Some(issued) = issued {
        set("issued", json!(issued));
    }
    set("participant", participants(result));
    let tests: Vec<Value> = suite.cases.iter().map(|case| test(case, shape, rules)).collect();
    if !tests.is_empty() {
        set("test", tests.into());
    }
    let cleanup: Vec<Value> = suite
        .cases
        .iter()
        .flat_map(|case| case.steps.iter().map(move |step| (case, step)))
        .filter(|(_, step)| step.phase == Phase::Cleanup)
        .map(|(case, step)| json!({ "operation": operation(step, Some(case), step.verdict) }))
        .collect();
    if !cleanup.is_empty() {
        set("teardown", json!({ "action": cleanup }));
    }
    report.into()
}

/// The report in a sentence, for systems that show nothing else.
fn narrative(suite: &SuiteResult, tally: &Tally) -> Value {
    let counts = Verdict::ALL
        .into_iter()
        .filter(|verdict| tally.of(*verdict) > 0)
        .map(|verdict| format!("{} {verdict}", count(tally.of(verdict))));
    let counts: Vec<String> = counts.collect();
    let counts = if counts.is_empty() {
        "no case".to_owned()
    } else {
        counts.join(", ")
    };
    let text = format!("{}: {counts}", line(suite.id.as_str(), 200));
    let text = quick_xml::escape::escape(&*text);
    json!({ "status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{text}</p></div>") })
}

/// What stands where FHIR asks for a TestScript: the suite.
fn script(suite: &SuiteResult, version: &str, shape: Shape) -> Value {
    let name = uri(suite.id.as_str());
    match shape {
        Shape::R4 => json!({
            "identifier": { "system": "urn:fhir-assay:suite", "value": line(suite.id.as_str(), LINE) },
            "display": format!("{} ({})", line(suite.id.as_str(), 200), line(&suite.file, LINE)),
        }),
        Shape::R5 => json!(format!("urn:fhir-assay:suite:{name}|{}", uri(version))),
    }
}

fn participants(result: &RunResult) -> Value {
    let tool = &result.tool;
    let mut engine = json!({ "type": "test-engine", "uri": format!("urn:fhir-assay:{}", uri(&tool.version)) });
    if let Some(name) = present(&format!("{} {}", tool.name, tool.version)) {
        engine["display"] = json!(name);
    }
    let mut server = json!({ "type": "server", "uri": uri(&result.target.base) });
    if let Some(software) = result.target.software.as_deref().and_then(present) {
        server["display"] = json!(software);
    }
    json!([engine, server])
}

/// A report passes where something was judged and nothing failed. What could not be judged, and what was left out as a
/// whole, is neither: it is pending.
fn result_of(tally: &Tally) -> &'static str {
    if tally.of(Verdict::Fail) > 0 {
        "fail"
    } else if tally.of(Verdict::Error) == 0 && passed(tally) > 0 {
        "pass"
    } else {
        "pending"
    }
}

fn passed(tally: &Tally) -> u64 {
    tally.of(Verdict::Pass) + tally.of(Verdict::Warning)
}

/// The share of cases that passed among those that were judged, in percent with one digit.
fn score(tally: &Tally) -> Option<Value> {
    let judged = passed(tally) + tally.of(Verdict::Fail);
    let tenths = (passed(tally) * 1_000).checked_div(judged)?;
    serde_json::from_str(&format!("{}.{}", tenths / 10, tenths % 10)).ok()
}

fn test(case: &CaseResult, shape: Shape, rules: &Rules<'_>) -> Value {
    let steps = case.steps.iter().filter(|step| step.phase != Phase::Cleanup);
    let mut actions: Vec<Value> = Vec::new();
    for step in steps {
        // The findings say what the answer was worth; the operation, whether there was one.
        let verdict = match step.verdict {
            Verdict::Fail | Verdict::Warning => Verdict::Pass,
            verdict => verdict,
        };
        actions.push(json!({ "operation": operation(step, None, verdict) }));
        let asserts = step.findings.iter().map(|finding| assert(finding, shape, rules));
        actions.extend(asserts.map(|assert| json!({ "assert": assert })));
    }
    if actions.is_empty() {
        let mut left_out = json!({ "result": code(case.verdict) });
        say(&mut left_out, reason(case.reason.as_ref()));
        actions.push(json!({ "operation": left_out }));
    }
    let mut test = json!({ "name": present(case.id.short()).unwrap_or_else(|| "case".into()) });
    let mut description = case.title.to_string();
    if let Some(reason) = &case.reason {
        description = format!("{description} ({})", reason.text);
    }
    if case.is_known() {
        let words: Vec<String> = case.known.iter().map(known::words).collect();
        description = format!("{description} (known: {})", words.join("; "));
    }
    if let Some(description) = present(&description) {
        test["description"] = json!(description);
    }
    test["action"] = actions.into();
    test
}

/// A step as an operation; of clean-up also its case.
fn operation(step: &StepResult, case: Option<&CaseResult>, verdict: Verdict) -> Value {
    let case = case.map(|case| format!("{}, ", case.id.short())).unwrap_or_default();
    let mut text = format!("{case}{}: {}", step_name(step), step.title);
    if let Some(lost) = &step.lost {
        text = format!("{text}: {}", lost.error);
    } else if let Some(reason) = &step.reason {
        text = format!("{text}: {}", reason.text);
    }
    let mut operation = json!({ "result": code(verdict) });
    say(&mut operation, Some(&text));
    operation
}

/// A finding as an assertion of its rule.
fn assert(finding: &Finding, shape: Shape, rules: &Rules<'_>) -> Value {
    let rule = rules.get(finding.rule.id.as_str());
    let id = finding.rule.id.as_str();
    let mut assert = json!({ "result": code_of(finding.outcome) });
    let message = finding.mismatch.as_ref().map(|mismatch| &*mismatch.message);
    say(&mut assert, message.or(rule.map(|rule| rule.statement)));
    if let Some(detail) = present(&format!("{} {id}", finding.rule.level)) {
        assert["detail"] = json!(detail);
    }
    match (shape, rule) {
        (Shape::R5, Some(rule)) => assert["requirement"] = json!([{ "linkUri": uri(&rule.url) }]),
        (Shape::R4, Some(rule)) => {
            assert["detail"] = json!(format!(
                "{} {} {}",
                finding.rule.level,
                line(id, 200),
                line(&rule.url, LINE)
            ));
        }
        (_, None) => {}
    }
    assert
}

fn reason(reason: Option<&Reason>) -> Option<&str> {
    reason.map(|reason| &*reason.text)
}

/// Sets a message, which is Markdown: nothing in it is markup.
fn say(action: &mut Value, text: Option<&str>) {
    if let Some(text) = text.and_then(present) {
        action["message"] = json!(escape(&text));
    }
}

const fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warning => "warning",
        Verdict::Fail => "fail",
        Verdict::Error => "error",
        Verdict::Skip | Verdict::Inapplicable => "skip",
    }
}

const fn code_of(outcome: Outcome) -> &'static str {
    code(outcome.verdict())
}

/// A text for a string of FHIR, which may not be empty, nor begin or end with white space; `None` where there is nothing else.
fn present(text: &str) -> Option<String> {
    let text = line(text, LINE);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A text for a uri of FHIR, in which there is no white space.
fn uri(text: &str) -> String {
    let text = clean(text);
    let odd = |c: char| c.is_whitespace() || c == '|' || c.is_control();
    let text: String = text.chars().map(|c| if odd(c) { '_' } else { c }).collect();
    if text.is_empty() { "_".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_passes_only_where_something_was_judged() {
        use Verdict::*;
        let result = |verdicts: &[Verdict]| result_of(&verdicts.iter().copied().collect());
        assert_eq!(result(&[Pass, Warning, Skip]), "pass");
        assert_eq!(result(&[Pass, Fail, Error]), "fail");
        assert_eq!(result(&[Pass, Error]), "pending");
        assert_eq!(result(&[Skip, Inapplicable]), "pending");
        assert_eq!(result(&[]), "pending");
    }

    #[test]
    fn the_score_is_that_of_what_was_judged() {
        let score = |verdicts: &[Verdict]| score(&verdicts.iter().copied().collect()).map(|score| score.to_string());
        assert_eq!(score(&[Verdict::Pass, Verdict::Pass, Verdict::Fail]).unwrap(), "66.6");
        assert_eq!(score(&[Verdict::Pass, Verdict::Skip]).unwrap(), "100.0");
        assert_eq!(score(&[Verdict::Skip, Verdict::Error]), None);
    }
}
