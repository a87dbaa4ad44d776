//! SARIF 2.1.0, as code scanners read it: a rule is a requirement, a result is what was found, at the line of the suite that
//! asks for it. A broken SHALL is an `error`, a broken SHOULD a `warning`; what could not be judged is `open`, not a failure.

use std::collections::{BTreeMap, HashMap};
use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString, Notification,
    PhysicalLocation, PropertyBag, Region, ReportingConfiguration, ReportingDescriptor, Result as SarifResult,
    ResultColumnKind, ResultKind, ResultLevel, Run, RunAutomationDetails, Sarif, Suppression, Tool, ToolComponent,
    WebRequest,
};
use url::Url;

use super::located::{Located, Source};
use crate::report::markdown::fence;
use crate::report::rules::{Rules, reading};
use crate::report::text::{LINE, clean, line, request_line};
use crate::requirement::Level;
use crate::verdict::validation::ValidationReport;
use crate::verdict::{Outcome, RequirementResult, RunResult, ToolInfo};

/// Where the schema of the format is published.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name under which GitHub looks for a fingerprint, and ours.
const FINGERPRINTS: [&str; 2] = ["primaryLocationLineHash", "fhirAssay/v1"];
/// What stands in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Writes the report of a run.
pub(crate) fn write(result: &RunResult, out: &mut dyn io::Write) -> io::Result<()> {
    let mut log = Log::default();
    for requirement in result.requirements.iter().filter(|rule| rule.verdict.is_some()) {
        log.push_rule(descriptor_of(requirement));
    }
    let rules = Rules::of_result(result);
    for located in Located::of_result(result) {
        log.push(&located, &rules);
    }
    let target = &result.target;
    let about = [
        ("base", json!(clean(&target.base))),
        ("release", json!(target.release)),
        ("software", json!(target.software.as_deref().map(clean))),
        ("verdict", json!(result.verdict)),
    ];
    let end = result.started.parse().ok().and_then(|begin: jiff::Timestamp| {
        let time = jiff::SignedDuration::from_micros(i64::try_from(result.duration_us).ok()?);
        Some((begin, begin.checked_add(time).ok()?))
    });
    let mut invocation = Invocation::builder()
        .execution_successful(result.stopped.is_none())
        .build();
    if let Some((begin, end)) = end {
        invocation.start_time_utc = Some(format!("{begin:.3}"));
        invocation.end_time_utc = Some(format!("{end:.3}"));
    }
    if let Some(why) = &result.stopped {
        let text = format!("The run ended before its plan did: {}", line(why, LINE));
        let mut notification = Notification::builder().message(plain(&text)).build();
        notification.level = Some(json!("error"));
        invocation.tool_execution_notifications = Some(vec![notification]);
    }
    let category = format!("{}/{}/", result.tool.name, target.release);
    log.write(&result.tool, &category, about, invocation, out)
}

/// Writes the report on files.
pub(crate) fn write_validation(report: &ValidationReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut log = Log::default();
    for located in Located::of_validation(report) {
        log.push(&located, &Rules::default());
    }
    let about = [("verdict", json!(report.verdict))];
    let invocation = Invocation::builder().execution_successful(true).build();
    let category = format!("{} validate/", report.tool.name);
    log.write(&report.tool, &category, about, invocation, out)
}

/// Rules and results, as they come.
#[derive(Default)]
struct Log {
    rules: Vec<ReportingDescriptor>,
    known: HashMap<String, usize>,
    results: Vec<SarifResult>,
}

impl Log {
    fn push_rule(&mut self, rule: ReportingDescriptor) -> usize {
        let index = self.rules.len();
        self.known.insert(rule.id.clone(), index);
        self.rules.push(rule);
        index
    }

    fn push(&mut self, found: &Located<'_>, rules: &Rules<'_>) {
        let known = self.known.get(&*clean(&found.rule)).copied();
        let index = known.unwrap_or_else(|| self.push_rule(descriptor(found)));
        let mut result = SarifResult::builder()
            .rule_id(self.rules[index].id.clone())
            .rule_index(i64::try_from(index).unwrap_or(-1))
            .message(message(found, rules))
            .locations(vec![location(found)])
            .partial_fingerprints(fingerprints(found))
            .build();
        (result.kind, result.level) = judged(found.outcome);
        if found.times > 1 {
            result.occurrence_count = i64::try_from(found.times).ok();
        }
        if let Some(known) = found.known() {
            let mut suppression = Suppression::builder().kind(json!("external")).build();
            suppression.status = Some(json!("accepted"));
            suppression.justification = Some(known);
            result.suppressions = Some(vec![suppression]);
        }
        if let Some(request) = found.request() {
            let mut web = WebRequest::builder().method(clean(&request.method)).build();
            web.target = Some(line(&request.url, 2_000).into_owned());
            result.web_request = Some(web);
        }
        self.results.push(result);
    }

    fn write(
        self,
        tool: &ToolInfo,
        category: &str,
        about: impl IntoIterator<Item = (&'static str, Value)>,
        invocation: Invocation,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let driver = ToolComponent::builder()
            .name(clean(&tool.name))
            .version(clean(&tool.version))
            .rules(self.rules)
            .build();
        let run = Run::builder()
            .tool(Tool::builder().driver(driver).build())
            .column_kind(json!(ResultColumnKind::UnicodeCodePoints))
            .automation_details(RunAutomationDetails::builder().id(clean(category)).build())
            .invocations(vec![invocation])
            .properties(bag(about))
            .results(self.results)
            .build();
        let log = Sarif::builder()
            .schema(SCHEMA)
            .version(json!("2.1.0"))
            .runs(vec![run])
            .build();
        serde_json::to_writer(&mut *out, &log)?;
        out.write_all(b"\n")
    }
}

/// A requirement that something in the run judged.
fn descriptor_of(requirement: &RequirementResult) -> ReportingDescriptor {
    let level = requirement.level.name();
    let statement = line(&requirement.statement, 1_000).into_owned();
    let why = reading(requirement.basis).map(|reading| format!("\nOur reading: {reading}."));
    let url = clean(&requirement.url);
    let help = format!("{level}: {statement}\nWhere: {url}{}", why.unwrap_or_default());
    let mut rule = ReportingDescriptor::builder()
        .id(clean(requirement.id.as_str()))
        .short_description(text(&statement))
        .full_description(text(&format!("{level}: {statement}")))
        .help(text(&help))
        .default_configuration(configuration(requirement.level))
        .properties(
            PropertyBag::builder()
                .tags(vec![
                    "fhir".to_owned(),
                    level.to_owned(),
                    requirement.id.group().to_owned(),
                ])
                .additional_properties(BTreeMap::from([
                    ("basis".to_owned(), json!(requirement.basis)),
                    ("precision".to_owned(), json!("very-high")),
                ]))
                .build(),
        )
        .build();
    rule.help_uri = Url::parse(&requirement.url).ok().map(String::from);
    rule
}

/// A rule that no requirement of the run speaks of: of a definition, or none.
fn descriptor(found: &Located<'_>) -> ReportingDescriptor {
    let mut rule = ReportingDescriptor::builder().id(clean(&found.rule)).build();
    match &found.source {
        Source::Run(problem) => {
            let sentence = match problem.rule {
                Some(_) => "A requirement that the catalogue of this report does not hold.",
                None => "A request, its answer or a setup failed, so that nothing could be judged.",
            };
            rule.short_description = Some(text(sentence));
            rule.default_configuration = problem.rule.map(|rule| configuration(rule.level));
        }
        Source::Body(finding) => {
            // A constraint says the same everywhere; of another kind, each element has its own text.
            let broken = finding.rule.as_ref().filter(|rule| rule.key.is_some());
            let sentence = broken.map_or("A rule of a definition that a body breaks.", |rule| &rule.text);
            rule.short_description = Some(text(&line(sentence, 1_000)));
        }
    }
    rule
}

fn configuration(level: Level) -> ReportingConfiguration {
    let (_, level) = judged(Outcome::of_broken(level));
    let mut configuration = ReportingConfiguration::builder().build();
    configuration.level = level.map(|level| json!(level));
    configuration
}

/// The kind of a result and its level, which only a failure has.
const fn judged(outcome: Outcome) -> (Option<ResultKind>, Option<ResultLevel>) {
    match outcome {
        Outcome::Fail => (Some(ResultKind::Fail), Some(ResultLevel::Error)),
        Outcome::Warning => (Some(ResultKind::Fail), Some(ResultLevel::Warning)),
        Outcome::Note => (Some(ResultKind::Fail), Some(ResultLevel::Note)),
        Outcome::Unjudged => (Some(ResultKind::Open), Some(ResultLevel::None)),
        Outcome::Pass => (Some(ResultKind::Pass), Some(ResultLevel::None)),
    }
}

/// What was found, in what, and the request that shows it; as Markdown the whole story.
fn message(found: &Located<'_>, rules: &Rules<'_>) -> Message {
    let mut text = format!("{}\n{}", line(found.message, LINE), line(&found.subject, LINE));
    if let Some(request) = found.request() {
        text = format!("{text}\n{}", request_line(request));
    }
    let story = found.text(rules);
    let fence = fence(&story);
    let mut message = plain(&text);
    message.markdown = Some(format!("{fence}text\n{story}{fence}"));
    message
}

/// A message of plain text, in which nothing is a link: viewers make one of `[text](target)`.
fn plain(text: &str) -> Message {
    Message::builder().text(text.replace("](", "]\u{2060}(")).build()
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn location(found: &Located<'_>) -> Location {
    let mut region = Region::builder().start_line(found.line).build();
    if let Some((column, width)) = found.columns {
        region.start_column = Some(column.into());
        region.end_column = Some(i64::from(column) + i64::from(width));
    }
    let physical = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri(&found.path())).build())
        .region(region)
        .build();
    let name = LogicalLocation::builder()
        .fully_qualified_name(line(&found.subject, LINE))
        .build();
    Location::builder()
        .physical_location(physical)
        .logical_locations(vec![name])
        .build()
}

/// A path as a reference: relative to the root of the repository, or a whole address where the path is absolute.
fn uri(path: &str) -> String {
    let encoded = utf8_percent_encode(path, PATH);
    match path.as_bytes() {
        [b'/', ..] => format!("file://{encoded}"),
        [drive, b':', b'/', ..] if drive.is_ascii_alphabetic() => {
            format!(
                "file:///{}:{}",
                char::from(*drive),
                utf8_percent_encode(&path[2..], PATH)
            )
        }
        _ => encoded.to_string(),
    }
}

fn fingerprints(found: &Located<'_>) -> BTreeMap<String, String> {
    FINGERPRINTS
        .map(|name| (name.to_owned(), found.fingerprint.clone()))
        .into()
}

fn bag(properties: impl IntoIterator<Item = (&'static str, Value)>) -> PropertyBag {
    let properties = properties
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value));
    PropertyBag::builder()
        .additional_properties(properties.collect::<BTreeMap<_, _>>())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_reference() {
        assert_eq!(uri("suites/http/read.yaml"), "suites/http/read.yaml");
        assert_eq!(uri("a b/c:d?.yaml"), "a%20b/c%3Ad%3F.yaml");
        assert_eq!(uri("/tmp/ä.yaml"), "file:///tmp/%C3%A4.yaml");
        assert_eq!(uri("C:/x/y z.json"), "file:///C:/x/y%20z.json");
    }

    #[test]
    fn nothing_in_a_message_is_a_link() {
        assert_eq!(plain("[a](b)").text.unwrap(), "[a]\u{2060}(b)");
    }
}
