//! Content: its label, its encoding, its syntax.

use super::{Ledger, Look};
use crate::check::expectation::of_body;
use crate::check::judged::{Between, cut, listed, mismatch};
use crate::check::reading::Unreadable;
use crate::fhir::Interaction;
use crate::fhir::media_type::{FHIR_JSON, FHIR_TURTLE, FHIR_XML};
use crate::verdict::{Mismatch, Part};

const LABEL: &str = "content-negotiation.mime-types-server";
const UTF8: &str = "content-negotiation.utf8";
const VERSION: &str = "content-negotiation.fhir-version-parameter";

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if look.request().method == "HEAD" || look.reading.body().is_empty() {
        return;
    }
    // What a Binary holds may be sent as it is, and that may be FHIR of any kind.
    if look.is_success() && look.type_in_url == Some("Binary") {
        return;
    }
    label_and_syntax(look, ledger);
    charset(look, ledger);
    fhir_version(look, ledger);
}

/// The label of the Content-Type, where it is one of FHIR's own.
fn fhir_label<'a>(look: &Look<'a>) -> Option<&'a str> {
    let essence = look.reading.media_type()?.essence();
    [FHIR_JSON, FHIR_XML, FHIR_TURTLE].contains(&essence).then_some(essence)
}

/// Whether the answer has to be FHIR, whatever its label says: a success of an interaction of FHIR that asked for FHIR.
/// What a deletion tells has a rule of its own, and 202 only says that something goes on.
fn has_to_be_fhir(look: &Look<'_>) -> bool {
    use Interaction::{Delete, DeleteHistory, DeleteHistoryVersion, Operation};
    matches!(look.status, 200 | 201)
        && look.asked_fhir_only
        && look.interaction.is_some_and(|interaction| {
            !matches!(interaction, Operation | Delete | DeleteHistory | DeleteHistoryVersion)
        })
}

/// FHIR content is labelled as FHIR, and what is labelled as FHIR is FHIR.
fn label_and_syntax(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let label = fhir_label(look);
    match look.reading.json() {
        Ok(_) => match look.resource() {
            Some((_, "Binary")) => {}
            Some(_) if label == Some(if look.reading.is_xml() { FHIR_XML } else { FHIR_JSON }) => {
                xml_syntax(look, ledger)
            }
            Some(_) if label.is_some() => {
                let message = format!("Content-Type is `{}`, and the body is JSON", label.unwrap_or_default());
                ledger.broken(LABEL, labelled(look, message));
            }
            Some(_) if look.asked_fhir_only => {
                let message = format!("{}, and the body is FHIR", wrong_label(look));
                ledger.broken(LABEL, labelled(look, message));
            }
            Some(_) => {}
            None if label == Some(FHIR_JSON) || has_to_be_fhir(look) => {
                let message = "the body is JSON, but no FHIR resource: it has no resourceType";
                ledger.broken(LABEL, shown(look, message.to_owned(), "a FHIR resource"));
            }
            None => {}
        },
        Err(Unreadable::Empty | Unreadable::Cut(_) | Unreadable::Elsewhere(_)) => {}
        Err(error @ Unreadable::NotUtf8(_)) => {
            if label.is_some() || has_to_be_fhir(look) {
                ledger.broken(UTF8, shown(look, error.to_string(), "UTF-8"));
            }
        }
        Err(error @ Unreadable::NoJson(_)) => {
            if label == Some(FHIR_JSON) || (label.is_none() && has_to_be_fhir(look)) {
                ledger.broken(LABEL, shown(look, error.to_string(), "JSON"));
            }
        }
        Err(error @ Unreadable::NoXml(_)) => {
            if label == Some(FHIR_XML) || (label.is_none() && has_to_be_fhir(look)) {
                ledger.broken(LABEL, shown(look, error.to_string(), "XML of FHIR"));
            }
        }
        // RDF has a rule of its own, which the suites cite: `content-negotiation.turtle-mime-type`.
        Err(Unreadable::Other(_)) if label.is_none() && look.asked_turtle_only => {}
        Err(Unreadable::Other(what)) => match label {
            Some(FHIR_JSON) => {
                let message = format!("Content-Type is `{FHIR_JSON}`, and the body is {what}");
                ledger.broken(LABEL, shown(look, message, "JSON"));
            }
            Some(FHIR_XML) if what != "XML" => {
                let message = format!("Content-Type is `{FHIR_XML}`, and the body is {what}");
                ledger.broken(LABEL, shown(look, message, "XML"));
            }
            Some(_) => ledger.holds(LABEL),
            None if has_to_be_fhir(look) => {
                // A body that only its label describes is described already.
                let is_told = look.reading.media_type().is_some_and(|known| known.essence() == what);
                let message = match is_told {
                    true => wrong_label(look),
                    false => format!("{}, and the body is {what}", wrong_label(look)),
                };
                let expected = if what == "XML" { FHIR_XML } else { look.preferred };
                ledger.broken(LABEL, header(look, message).between(expected, actual(look)));
            }
            None => {}
        },
    }
    if label == Some(FHIR_XML) && look.reading.is_xml() {
        ledger.holds(UTF8);
    }
    if label == Some(FHIR_JSON) && look.reading.json().is_ok() {
        ledger.holds(UTF8);
        let repeated = look.reading.repeated_keys();
        if !repeated.is_empty() {
            let keys: Vec<String> = repeated.iter().map(|key| format!("`{}`", cut(key, 60))).collect();
            let message = format!(
                "one object of the body has the key {} more than once",
                listed(&keys, "and")
            );
            ledger.broken(LABEL, shown(look, message, "JSON whose keys are unique"));
        }
    }
}

/// What is labelled as FHIR in XML is written as `xml.html` says; there is nothing more to say of JSON here.
fn xml_syntax(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let faults: Vec<String> = look
        .reading
        .xml_faults()
        .iter()
        .take(3)
        .map(ToString::to_string)
        .collect();
    ledger.judge(LABEL, faults.is_empty(), || {
        let message = format!("the body is not FHIR's XML: {}", faults.join("; "));
        shown(look, message, "XML as xml.html describes it")
    });
}

/// A charset that is told is UTF-8.
fn charset(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if fhir_label(look).is_none() {
        return;
    }
    let Some(charset) = look.reading.media_type().and_then(|label| label.parameter("charset")) else {
        return;
    };
    let is_utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
    ledger.judge(UTF8, is_utf8, || {
        header(look, format!("Content-Type tells the charset `{charset}`")).between("charset=utf-8", actual(look))
    });
}

/// A fhirVersion that is told is that of the release under test.
fn fhir_version(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let version = look
        .reading
        .media_type()
        .and_then(|label| label.parameter("fhirVersion"));
    let (Some(version), Some(_)) = (version, fhir_label(look)) else {
        return;
    };
    let request = look.request();
    let asks_for_another = ["accept", "content-type"]
        .iter()
        .flat_map(|name| request.headers.all(name))
        .any(|value| value.contains("fhirVersion"))
        || request.url.contains("fhirVersion");
    let own = look.cx.release.major_minor();
    if !asks_for_another {
        ledger.judge(VERSION, version == own, || {
            header(look, format!("Content-Type tells fhirVersion `{version}`"))
                .between(format!("fhirVersion={own}"), actual(look))
        });
    }
}

fn wrong_label(look: &Look<'_>) -> String {
    match look.reading.headers().get("content-type") {
        Some(label) => format!("Content-Type is `{}`", cut(label, 100)),
        None => "the header Content-Type is missing".to_owned(),
    }
}

fn header(_: &Look<'_>, message: String) -> Box<Mismatch> {
    mismatch(Part::Header("Content-Type".to_owned()), message)
}

fn actual(look: &Look<'_>) -> Option<String> {
    look.reading.headers().get("content-type").map(str::to_owned)
}

fn labelled(look: &Look<'_>, message: String) -> Box<Mismatch> {
    let expected = if look.reading.is_xml() { FHIR_XML } else { FHIR_JSON };
    header(look, message).between(expected, actual(look))
}

fn shown(look: &Look<'_>, message: String, expected: &str) -> Box<Mismatch> {
    let text = String::from_utf8_lossy(look.reading.body().bytes());
    of_body(message).between(expected, Some(cut(&text, 500)))
}
