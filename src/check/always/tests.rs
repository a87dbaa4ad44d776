//! Each rule: where it holds, where it is broken, and above all where it has to stay silent.

mod bodies;
mod bundles;
mod content;
mod valid;

use serde_json::{Value, json};

use super::audit;
use crate::check::Reading;
use crate::check::testing::{BASE, World, exchange, expectation, status, step};
use crate::exchange::{Body, Exchange};
use crate::fhir::{FhirVersion, Interaction};
use crate::suite::{Action, Repetition, Step};
use crate::verdict::Outcome;

/// What a rule says of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Holds,
    Fail,
    Warning,
    Note,
    Nothing,
}

/// An exchange under test, and the step and release to which it belongs.
struct Seen {
    exchange: Exchange,
    step: Step,
    release: FhirVersion,
    index: u32,
}

/// The answer 200 in FHIR's JSON to a request of an interaction.
fn seen(interaction: Interaction, url: &str) -> Seen {
    let method = match interaction {
        Interaction::Create | Interaction::Transaction | Interaction::Batch => "POST",
        Interaction::Update => "PUT",
        Interaction::Patch => "PATCH",
        Interaction::Delete | Interaction::DeleteHistory | Interaction::DeleteHistoryVersion => "DELETE",
        _ => "GET",
    };
    Seen {
        exchange: exchange(method, url, 200, &[("Content-Type", "application/fhir+json")], ""),
        step: step(interaction, Vec::new()),
        release: FhirVersion::R4,
        index: 0,
    }
}

impl Seen {
    fn raw(mut self, method: &str) -> Self {
        self.exchange.request.method = method.to_owned();
        self.step.action = crate::check::testing::raw(Vec::new()).action;
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.exchange.response.status = status;
        self
    }

    fn json(self, body: Value) -> Self {
        self.text(&body.to_string())
    }

    fn text(self, body: &str) -> Self {
        self.bytes(body.as_bytes())
    }

    fn bytes(mut self, body: &[u8]) -> Self {
        self.exchange.response.body = Body::new(body.to_vec());
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.exchange.response.headers.set(name, value);
        self
    }

    fn label(self, value: &str) -> Self {
        self.header("Content-Type", value)
    }

    fn unlabelled(mut self) -> Self {
        self.exchange.response.headers.remove("Content-Type");
        self
    }

    fn asked(mut self, name: &str, value: &str) -> Self {
        self.exchange.request.headers.set(name, value);
        self
    }

    fn sent(mut self, body: Value) -> Self {
        self.exchange.request.body = Body::new(body.to_string());
        self
    }

    fn release(mut self, release: FhirVersion) -> Self {
        self.release = release;
        self
    }

    /// The second page behind a search or history of that URL.
    fn page_of(mut self, url: &str) -> Self {
        if let Action::Interaction { url: known, .. } = &mut self.step.action {
            known.value = crate::check::testing::template(url);
        }
        self.step.repetition = Some(Box::new(Repetition::Follow {
            link: "next".to_owned(),
            at_most: 5,
        }));
        self.index = 1;
        self
    }

    fn expecting(mut self, codes: &[u16]) -> Self {
        self.step.expect = [expectation("read.returns-current", status(codes))].into();
        self
    }

    /// What a rule says, and in which words.
    fn say(&self, rule: &str) -> (Says, String) {
        let world = World {
            release: self.release,
            ..World::new()
        };
        let audit = audit(
            &self.step,
            self.index,
            &Reading::new(&self.exchange, FhirVersion::R4),
            &world.context(),
        );
        let broken = audit.broken.iter().find(|finding| finding.rule.id.as_str() == rule);
        if let Some(broken) = broken {
            let told = broken.mismatch.as_ref().expect("what is broken says how");
            assert_eq!(told.exchange, self.index);
            assert!(told.expected.is_some(), "{rule}: {}", told.message);
            let says = match broken.outcome {
                Outcome::Fail => Says::Fail,
                Outcome::Warning => Says::Warning,
                Outcome::Note => Says::Note,
                other => panic!("an audit says {other:?}"),
            };
            assert!(
                !audit.held.iter().any(|held| held.as_str() == rule),
                "{rule} holds and is broken"
            );
            return (says, told.message.clone());
        }
        let holds = audit.held.iter().any(|held| held.as_str() == rule);
        (if holds { Says::Holds } else { Says::Nothing }, String::new())
    }
}

/// Judges a table of a rule: what it has to say, and of what. Gives back the messages.
fn judge(rule: &str, table: Vec<(Says, &str, Seen)>) -> String {
    let mut messages = format!("{rule}\n");
    for (wanted, what, seen) in table {
        let (says, message) = seen.say(rule);
        assert_eq!(says, wanted, "{rule}, {what}: {message}");
        if !message.is_empty() {
            messages += &format!("    {what}: {message}\n");
        }
    }
    messages
}

/// Answers of which no rule says anything, whatever their bodies are.
#[test]
fn what_says_nothing_about_the_server_is_not_judged() {
    for status in [401, 403, 407, 429, 502, 503, 504, 301, 302, 307] {
        for body in ["", "<html>", "{\"resourceType\":\"Patient\",\"id\":\"2\"}"] {
            let seen = seen(Interaction::Read, "Patient/1")
                .status(status)
                .label("text/html")
                .text(body);
            let world = World::new();
            let audit = audit(
                &seen.step,
                0,
                &Reading::new(&seen.exchange, FhirVersion::R4),
                &world.context(),
            );
            assert_eq!(audit, super::Audit::default(), "{status} {body}");
        }
    }
}

/// An answer without a body, and the answer to HEAD, are not blamed for it.
#[test]
fn answers_without_a_body_are_not_blamed() {
    let patient = patient().to_string();
    for (what, seen) in [
        (
            "304",
            seen(Interaction::Read, "Patient/1")
                .status(304)
                .unlabelled()
                .header("ETag", "W/\"3\""),
        ),
        (
            "304 to a search",
            seen(Interaction::SearchType, "Patient?name=x").status(304).unlabelled(),
        ),
        ("204", seen(Interaction::Delete, "Patient/1").status(204).unlabelled()),
        (
            "HEAD",
            seen(Interaction::Read, "Patient/1")
                .raw("HEAD")
                .header("Content-Length", &patient.len().to_string()),
        ),
        (
            "HEAD, refused",
            seen(Interaction::Read, "Patient/1").raw("HEAD").status(404),
        ),
        (
            "OPTIONS",
            seen(Interaction::Read, "Patient/1")
                .raw("OPTIONS")
                .status(204)
                .unlabelled(),
        ),
        (
            "minimal",
            seen(Interaction::Update, "Patient/1")
                .unlabelled()
                .header("ETag", "W/\"4\"")
                .asked("Prefer", "return=minimal"),
        ),
    ] {
        let world = World::new();
        let audit = audit(
            &seen.step,
            0,
            &Reading::new(&seen.exchange, FhirVersion::R4),
            &world.context(),
        );
        assert_eq!(audit.broken, [], "{what}");
    }
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "1",
        "meta": { "versionId": "3", "lastUpdated": "2009-02-13T23:31:30.500Z" },
        "name": [{ "family": "Lovelace" }],
    })
}

fn outcome(severity: &str) -> Value {
    json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": severity, "code": "processing" }] })
}

fn bundle(kind: &str, entries: Value) -> Value {
    json!({
        "resourceType": "Bundle", "type": kind,
        "link": [{ "relation": "self", "url": format!("{BASE}/Patient?name=x") }],
        "entry": entries,
    })
}
