//! Defects of read and search.

use serde_json::{Value, json};

use super::super::{each_resource, into_bundle};
use super::{is_procedure, refusal};
use crate::fhir::Interaction::{Create, Read, SearchType};
use crate::server::mutant::Mutant;
use crate::server::rewrite::{Answer, Asked, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "canvas-procedure.endpoints",
        "a Procedure can be created",
        |_, asked| {
            asked.is(Create).then(|| {
                let mut answer = Answer::empty(201);
                answer.set("location", "/fhir/Procedure/9789e57b-a645-4a7a-b0d5-284749bd6fb0");
                answer
            })
        },
    ),
    Mutant::instead(
        "canvas-procedure.read.url",
        "only the path in lower case is served",
        |_, asked| {
            asked
                .is(Read)
                .then(|| refusal(404, "not-found", "there is no such page"))
        },
    ),
    Mutant::after(
        "canvas-procedure.read.status",
        "an unknown id is answered 410",
        |_, asked, answer| {
            if asked.is(Read) && answer.status == 404 {
                answer.set_status(410);
            }
        },
    ),
    Mutant::after(
        "canvas-procedure.read.not-found-outcome",
        "an unknown id is answered with a page",
        |_, asked, answer| {
            if asked.is(Read) && answer.status == 404 {
                answer.set("content-type", "text/html");
                answer.body = "<html><body>not found</body></html>".into();
            }
        },
    ),
    Mutant::after(
        "canvas-procedure.read.resource",
        "a read is answered with a Bundle",
        |_, asked, answer| {
            if asked.is(Read) && answer.is_success() {
                answer.edit(into_bundle);
            }
        },
    ),
    Mutant::after(
        "canvas-procedure.attribute.id",
        "procedures have no id",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| remove(procedure, "id"));
        },
    ),
    Mutant::after(
        "canvas-procedure.attribute.status",
        "the status is null",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| procedure["status"] = Value::Null);
        },
    ),
    Mutant::after(
        "canvas-procedure.attribute.code",
        "codings are no list",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if let Some(coding) = procedure.pointer("/code/coding/0").cloned() {
                    procedure["code"]["coding"] = coding;
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.attribute.subject",
        "the type of the subject is not told",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if let Some(subject) = procedure.get_mut("subject") {
                    remove(subject, "type");
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.attribute.performed",
        "times have no offset",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if let Some(Value::String(text)) = procedure.get_mut("performedDateTime") {
                    text.truncate(19);
                }
            });
        },
    ),
    Mutant::instead("canvas-procedure.search.url", "a search is answered 404", |_, asked| {
        asked
            .is(SearchType)
            .then(|| refusal(404, "not-found", "there is no such page"))
    }),
    Mutant::after(
        "canvas-procedure.search.status",
        "a faulty parameter is answered 500",
        |_, asked, answer| {
            if asked.is(SearchType) && answer.status == 400 {
                answer.set_status(500);
            }
        },
    ),
    Mutant::before("canvas-procedure.search.id", "_id is ignored", |_, asked| {
        if asked.is(SearchType) {
            asked.change_query(|pairs| pairs.retain(|(name, _)| name != "_id"));
        }
    }),
    Mutant::after(
        "canvas-procedure.search.patient",
        "procedures of other patients are found as well",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("patient").is_some() {
                answer.edit_resource("Bundle", |bundle| {
                    let another = bundle.pointer_mut("/entry/0/resource/subject/reference");
                    if let Some(reference) = another {
                        *reference = json!("Patient/00000000000000000000000000000000");
                    }
                });
            }
        },
    ),
    Mutant::forgets(
        super::NEEDS_IDENTIFIER,
        "a patient without an identifier finds everything",
    ),
    Mutant::before(
        "canvas-procedure.search.date-ge",
        "ge leaves the day itself out",
        |_, asked| {
            change_date(asked, |date| date.replace("ge", "gt"));
        },
    ),
    Mutant::before(
        "canvas-procedure.search.date-gt",
        "gt has the day itself",
        |_, asked| {
            change_date(asked, |date| date.replace("gt", "ge"));
        },
    ),
    Mutant::before(
        "canvas-procedure.search.date-le",
        "le leaves the day itself out",
        |_, asked| {
            change_date(asked, |date| date.replace("le", "lt"));
        },
    ),
    Mutant::before(
        "canvas-procedure.search.date-lt",
        "lt has the day itself",
        |_, asked| {
            change_date(asked, |date| date.replace("lt", "le"));
        },
    ),
    Mutant::before(
        "canvas-procedure.search.date-eq",
        "eq means the first moment of the day",
        |_, asked| {
            change_date(asked, |date| {
                if date.starts_with("eq") {
                    format!("{date}T00:00:00Z")
                } else {
                    date.to_owned()
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.type",
        "the total is not told",
        |_, asked, answer| {
            in_bundle(asked, answer, |bundle| remove(bundle, "total"));
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.links",
        "there is no link to the last page",
        |_, asked, answer| {
            in_links(asked, answer, |links| links.retain(|link| link["relation"] != "last"));
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.links-relative",
        "links lead to a host inside",
        |_, asked, answer| {
            in_urls(asked, answer, |url| format!("http://internal.example{url}"));
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.links-encoded",
        "values in links are as they are",
        |_, asked, answer| {
            in_urls(asked, answer, |url| url.replace("%2F", "/"));
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.count-offset",
        "links do not carry _offset",
        |_, asked, answer| {
            in_urls(asked, answer, |url| {
                url.split("&_offset").next().unwrap_or_default().to_owned()
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.count-offset/entries",
        "a page has all entries",
        |_, asked, answer| {
            in_bundle(asked, answer, |bundle| {
                let first = bundle.pointer("/entry/0").cloned();
                let entries = bundle.pointer_mut("/entry").and_then(Value::as_array_mut);
                if let (Some(first), Some(entries)) = (first, entries) {
                    entries.push(first);
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.single-page-links",
        "a single page has a next one",
        |_, asked, answer| {
            in_links(asked, answer, |links| {
                if links.iter().all(|link| link["relation"] != "next") {
                    links.push(json!({ "relation": "next", "url": "/Procedure?_count=10&_offset=10" }));
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.bundle.entries",
        "entries have no resource",
        |_, asked, answer| {
            in_bundle(asked, answer, |bundle| {
                let entries = bundle.pointer_mut("/entry").and_then(Value::as_array_mut);
                for entry in entries.into_iter().flatten() {
                    *entry = json!({ "fullUrl": "urn:uuid:0d8f9d4c-5a0e-4b57-8a53-8d6f4f2f1c11" });
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.outcome.shape",
        "refusals are told in diagnostics",
        |_, _, answer| {
            answer.edit_resource("OperationOutcome", |outcome| {
                if let Some(issue) = outcome.pointer_mut("/issue/0") {
                    remove(issue, "details");
                    issue["diagnostics"] = json!("no");
                }
            });
        },
    ),
    Mutant::after(
        "canvas-procedure.example.read",
        "a read has an element data",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.edit_resource("Procedure", |procedure| procedure["data"] = json!("more"));
            }
        },
    ),
    Mutant::after(
        "canvas-procedure.example.read-not-found",
        "an unknown id is a matter of processing",
        |_, asked, answer| {
            if asked.is(Read) {
                answer.edit_resource("OperationOutcome", |outcome| {
                    outcome["issue"][0]["code"] = json!("processing")
                });
            }
        },
    ),
    Mutant::after(
        "canvas-procedure.example.search",
        "what a search finds has an element data",
        |_, asked, answer| {
            if asked.is(SearchType) {
                each_resource(answer, "Procedure", &|procedure| procedure["data"] = json!("more"));
            }
        },
    ),
    Mutant::after(
        "canvas-procedure.example.search-bad-patient",
        "a faulty patient is a matter of processing",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("OperationOutcome", |outcome| {
                    outcome["issue"][0]["code"] = json!("processing")
                });
            }
        },
    ),
];

fn in_procedures(asked: &Asked, answer: &mut Answer, change: impl Fn(&mut Value)) {
    if is_procedure(asked) {
        each_resource(answer, "Procedure", &change);
    }
}

fn in_bundle(asked: &Asked, answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    if asked.is(SearchType) {
        answer.edit_resource("Bundle", change);
    }
}

fn in_links(asked: &Asked, answer: &mut Answer, change: impl FnOnce(&mut Vec<Value>)) {
    in_bundle(asked, answer, |bundle| {
        if let Some(links) = bundle.pointer_mut("/link").and_then(Value::as_array_mut) {
            change(links);
        }
    });
}

fn in_urls(asked: &Asked, answer: &mut Answer, change: impl Fn(&str) -> String) {
    in_links(asked, answer, |links| {
        for url in links.iter_mut().filter_map(|link| link.get_mut("url")) {
            *url = json!(change(url.as_str().unwrap_or_default()));
        }
    });
}

fn change_date(asked: &mut Asked, change: impl Fn(&str) -> String) {
    if asked.is(SearchType) {
        asked.change_query(|pairs| {
            for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "date") {
                *value = change(value);
            }
        });
    }
}
