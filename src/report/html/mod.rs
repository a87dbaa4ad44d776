//! HTML: one page that needs nothing else, for people who read a verdict and want to see why.
//!
//! The page allows exactly its own script and style, by their hashes; what a server sent is escaped by the template
//! engine or by [`body`], and could not run or load anything even if it were not. It is written in three parts, so that
//! failures, the only thing that grows, are never in memory together.

mod body;
mod case;
mod page;

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::overview::Overview;
use super::rules::Rules;
use super::validation::Page;
use super::watched::Watched;
use crate::verdict::validation::ValidationReport;
use crate::verdict::{CaseResult, Outcome, RunResult, Verdict};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// How many bytes of failures a page takes with their bodies; beyond that, a browser would choke on it.
const BODIES: usize = 24 * 1024 * 1024;

/// The compiled templates, with everything in them that is the same on every page.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    environment.add_global("script", Value::from_safe_string(SCRIPT.to_owned()));
    environment.add_global("policy", Value::from_safe_string(policy()));
    let templates = [
        ("head.html", include_str!("head.html")),
        ("case.html", include_str!("case.html")),
        ("tail.html", include_str!("tail.html")),
        ("validation.html", include_str!("validation.html")),
        ("comparison.html", include_str!("comparison.html")),
    ];
    for (name, source) in templates {
        let added = environment.add_template(name, source);
        added.expect("the tests hold the embedded templates to their form");
    }
    environment
});

/// What the page may do: show itself.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// Writes the report.
pub(super) fn write(result: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let overview = Overview::of(result);
    let rules = Rules::of_result(result);
    let told = told(&overview);
    let anchors = page::Anchors::of(&told);
    let mut out = Watched::new(out);
    render("head.html", &page::Head::of(&overview, &anchors), &mut out)?;
    for (index, case) in told.iter().enumerate() {
        let with_bodies = out.written() < BODIES;
        render(
            "case.html",
            &case::CaseView::of(case, index, &rules, with_bodies),
            &mut out,
        )?;
    }
    render("tail.html", &page::Tail::of(&overview, &anchors), &mut out)
}

/// Writes the page of files that were judged.
pub(super) fn write_validation(report: &ValidationReport, out: &mut dyn Write) -> io::Result<()> {
    render("validation.html", &Page::of(report), &mut Watched::new(out))
}

/// The cases that are told with all their steps and exchanges: each that failed or could not be judged, then one for
/// each warning, since what nobody keeps would otherwise fill the page with the same story.
fn told<'a>(overview: &Overview<'a>) -> Vec<&'a CaseResult> {
    let broken = |case: &&CaseResult| matches!(case.verdict, Verdict::Fail | Verdict::Error);
    let mut told: Vec<&CaseResult> = overview.result.cases().filter(broken).collect();
    let mut ids: HashSet<&str> = told.iter().map(|case| case.id.as_str()).collect();
    for group in overview.groups_of(Outcome::Warning) {
        if !group.cases.iter().any(|case| ids.contains(case.id.as_str())) {
            ids.insert(group.first.case.id.as_str());
            told.push(group.first.case);
        }
    }
    told
}

pub(super) fn render(name: &str, context: &impl Serialize, out: &mut Watched<'_>) -> io::Result<()> {
    let template = TEMPLATES.get_template(name).map_err(io::Error::other)?;
    let rendered = template
        .render_captured_to(Value::from(Serde(context)), &mut *out)
        .map(drop);
    out.unwrap_error(rendered)
}

/// An address that a link may lead to; a report that was read from a file may hold any text.
pub(super) fn link(url: &str) -> Option<&str> {
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(link("https://hl7.org/fhir/R4"), Some("https://hl7.org/fhir/R4"));
        assert_eq!(link("javascript:alert(1)"), None);
    }

    #[test]
    fn script_and_style_cannot_end_their_elements() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }
}
