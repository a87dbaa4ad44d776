//! HTML: one page that needs nothing else, for people who read a verdict and want to see why.
//!
//! The page allows exactly its own scripts and style, by their hashes; what a server sent is escaped by the template
//! engine or by [`body`], and could not run or load anything even if it were not. It is written piece by piece, so that
//! failures, the only thing that grows, are never in memory together. What only the script shows is packed ([`pack`]).

mod body;
mod case;
mod coverage;
mod findings;
mod head;
mod matrix;
mod pack;
mod rows;
mod tail;
mod timings;

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
use crate::verdict::RunResult;
use crate::verdict::validation::ValidationReport;

const STYLE: &str = concat!(
    include_str!("style/page.css"),
    include_str!("style/views.css"),
    include_str!("style/findings.css"),
    include_str!("style/media.css")
);
/// Runs before the page is painted.
const FIRST_SCRIPT: &str = include_str!("script/first.js");
/// Runs when the page is read: one function in several files.
const SCRIPT: &str = concat!(
    include_str!("script/begin.js"),
    include_str!("script/filters.js"),
    include_str!("script/waterfall.js"),
    include_str!("script/cases.js"),
    include_str!("script/views.js")
);

/// The compiled templates, with everything in them that is the same on every page.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    environment.add_global("first_script", Value::from_safe_string(FIRST_SCRIPT.to_owned()));
    environment.add_global("script", Value::from_safe_string(SCRIPT.to_owned()));
    environment.add_global("policy", Value::from_safe_string(policy()));
    let templates = [
        ("begin.html", include_str!("template/begin.html")),
        ("head.html", include_str!("template/head.html")),
        ("group.html", include_str!("template/group.html")),
        ("case.html", include_str!("template/case.html")),
        ("group-end.html", include_str!("template/group-end.html")),
        ("tail.html", include_str!("template/tail.html")),
        ("validation.html", include_str!("template/validation.html")),
        ("comparison.html", include_str!("template/comparison.html")),
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
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}' 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(FIRST_SCRIPT),
        hash(SCRIPT)
    )
}

/// Writes the report.
pub(super) fn write(result: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let overview = Overview::of(result);
    let rules = Rules::of_result(result);
    let mut out = Watched::new(out);
    render("head.html", &head::Head::of(&overview), &mut out)?;
    let told = findings::write(&overview, &rules, &mut out)?;
    render("tail.html", &tail::Tail::of(&overview), &mut out)?;
    pack::write("rows", &rows::Rows::of(result, &told), &mut out)?;
    write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

/// Writes the page of files that were judged.
pub(super) fn write_validation(report: &ValidationReport, out: &mut dyn Write) -> io::Result<()> {
    render("validation.html", &Page::of(report), &mut Watched::new(out))
}

pub(super) fn render(name: &str, context: &impl Serialize, out: &mut Watched<'_>) -> io::Result<()> {
    let template = TEMPLATES.get_template(name).map_err(io::Error::other)?;
    let rendered = template
        .render_captured_to(Value::from(Serde(context)), &mut *out)
        .map(drop);
    out.unwrap_error(rendered)
}

/// A piece of the page by itself.
fn render_text(name: &str, context: &impl Serialize) -> io::Result<String> {
    let template = TEMPLATES.get_template(name).map_err(io::Error::other)?;
    template.render(Value::from(Serde(context))).map_err(io::Error::other)
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
        for text in [STYLE, FIRST_SCRIPT, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }
}
