//! Defects of search, read and what they return.

use serde_json::{Value, json};

use super::super::{each_resource, into_bundle};
use super::is_procedure;
use crate::fhir::Interaction::{Create, Read, SearchType};
use crate::server::Shared;
use crate::server::mutant::Mutant;
use crate::server::rewrite::{Answer, Asked, remove};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "oracle-procedure.overview.only-valued-elements",
        "an empty list of notes is returned",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if procedure.get("note").is_none() {
                    procedure["note"] = json!([]);
                }
            });
        },
    ),
    Mutant::instead(
        "oracle-procedure.errors.operation-outcome",
        "a search without a criterion finds nothing",
        |_, asked| {
            let without = asked
                .parameters()
                .iter()
                .all(|(name, _)| name.starts_with("_last") || name == "date");
            (asked.is(SearchType) && without).then(|| {
                let url = format!("http://localhost{}", asked.target());
                let nothing = json!({ "resourceType": "Bundle", "id": "none", "type": "searchset",
                    "link": [{ "relation": "self", "url": url }] });
                Answer::resource(200, &nothing)
            })
        },
    ),
    Mutant::after(
        "oracle-procedure.binding.status",
        "a completed procedure has the status done",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if procedure["status"] == "completed" {
                    procedure["status"] = json!("done");
                }
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.binding.code-snomed",
        "SNOMED CT has another system",
        |_, asked, answer| in_systems(asked, answer, "http://snomed.info/sct", "https://snomed.info/sct"),
    ),
    Mutant::after(
        "oracle-procedure.binding.code-cpt",
        "CPT has an OID for its system",
        |_, asked, answer| {
            in_systems(
                asked,
                answer,
                "http://www.ama-assn.org/go/cpt",
                "urn:oid:2.16.840.1.113883.6.12",
            );
        },
    ),
    Mutant::after(
        "oracle-procedure.binding.code-icd10pcs",
        "procedures are coded in ICD-10-CM, which has none",
        |_, asked, answer| {
            in_systems(
                asked,
                answer,
                "https://www.icd10data.com/icd10pcs",
                "http://hl7.org/fhir/sid/icd-10-cm",
            );
        },
    ),
    Mutant::instead("oracle-procedure.search.url", "a search is answered 404", |_, asked| {
        asked
            .is(SearchType)
            .then(|| Answer::refusal(404, "not-found", "there is no such page"))
    }),
    Mutant::before("oracle-procedure.search.id", "_id is ignored", |_, asked| {
        if asked.is(SearchType) && asked.parameter("patient").is_none() {
            asked.change_query(|pairs| {
                for (name, value) in pairs.iter_mut().filter(|(name, _)| name == "_id") {
                    (*name, *value) = ("patient".to_owned(), "12724066".to_owned());
                }
            });
        }
    }),
    Mutant::after(
        "oracle-procedure.search.patient",
        "a search by patient finds a procedure of another patient as well",
        |server, asked, answer| {
            if asked.is(SearchType) && asked.parameter("patient").is_some() {
                add_procedure_of_another(server, answer);
            }
        },
    ),
    Mutant::instead(
        "oracle-procedure.search.subject",
        "the parameter subject is not known",
        |_, asked| {
            (asked.is(SearchType) && asked.parameter("subject").is_some())
                .then(|| Answer::refusal(400, "not-supported", "there is no parameter subject"))
        },
    ),
    Mutant::before(
        "oracle-procedure.search.date",
        "of two dates the second counts",
        |_, asked| {
            if asked.is(SearchType) {
                asked.change_query(|pairs| {
                    let dates = pairs.iter().filter(|(name, _)| name == "date").count();
                    if let (true, Some(first)) = (dates > 1, pairs.iter().position(|(name, _)| name == "date")) {
                        pairs.remove(first);
                    }
                });
            }
        },
    ),
    Mutant::before("oracle-procedure.search.date/ignored", "date is ignored", |_, asked| {
        if asked.is(SearchType) {
            asked.change_query(|pairs| pairs.retain(|(name, _)| name != "date"));
        }
    }),
    Mutant::after(
        "oracle-procedure.search.revinclude",
        "no Provenance comes along",
        |_, asked, answer| {
            in_entries(asked, answer, |entries| {
                entries.retain(|entry| entry["resource"]["resourceType"] != "Provenance");
            });
        },
    ),
    Mutant::before(
        "oracle-procedure.search.last-updated",
        "_lastUpdated is compared with the performed date",
        |_, asked| {
            if asked.is(SearchType) {
                asked.change_query(|pairs| {
                    for (name, _) in pairs.iter_mut().filter(|(name, _)| name == "_lastUpdated") {
                        "date".clone_into(name);
                    }
                });
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.search.bundle",
        "entries have no fullUrl",
        |_, asked, answer| {
            in_entries(asked, answer, |entries| {
                entries.iter_mut().for_each(|entry| remove(entry, "fullUrl"));
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.search.bundle/id",
        "the Bundle has no id",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| remove(bundle, "id"));
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.search.self-link",
        "the self link leaves _revinclude out",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    let link = bundle.pointer_mut("/link/0/url");
                    if let Some(Value::String(url)) = link
                        && let Some((kept, _)) = url.split_once("&_revinclude")
                    {
                        *url = kept.to_owned();
                    }
                });
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.search.entry-mode",
        "what comes along is marked as a match",
        |_, asked, answer| {
            in_entries(asked, answer, |entries| {
                for entry in entries.iter_mut().filter(|entry| entry["search"]["mode"] == "include") {
                    entry["search"]["mode"] = json!("match");
                }
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.example.search-by-patient",
        "a search by patient returns the subject as a text",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("patient").is_some() {
                each_resource(answer, "Procedure", &|procedure| {
                    procedure["subject"] = json!("Patient/12724066")
                });
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.example.search-with-revinclude",
        "what a search with _revinclude matches has its subject as a text",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("_revinclude").is_some() {
                each_resource(answer, "Procedure", &|procedure| {
                    procedure["subject"] = json!("Patient/744104")
                });
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.example.search-patient-authorization",
        "what a search finds has the location of a procedure as a text",
        |_, asked, answer| {
            if asked.is(SearchType) && asked.parameter("patient").is_some() {
                each_resource(answer, "Procedure", &|procedure| {
                    if procedure.get("location").is_some() {
                        procedure["location"] = json!("Baseline East");
                    }
                });
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.procedure.meta",
        "procedures have no version id",
        |_, asked, answer| in_procedures(asked, answer, |procedure| remove(&mut procedure["meta"], "versionId")),
    ),
    Mutant::after(
        "oracle-procedure.procedure.narrative",
        "narratives are empty",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                procedure["text"]["div"] = json!("<div xmlns=\"http://www.w3.org/1999/xhtml\"/>");
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.procedure.subject",
        "procedures are those of groups",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                procedure["subject"]["reference"] = json!("Group/1")
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.procedure.code",
        "procedures have no code",
        |_, asked, answer| in_procedures(asked, answer, |procedure| remove(procedure, "code")),
    ),
    Mutant::after(
        "oracle-procedure.procedure.performed-precision",
        "a year is padded to its first day",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if let Some(Value::String(text)) = procedure.get_mut("performedDateTime")
                    && text.len() == 4
                {
                    text.push_str("-01-01");
                }
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.procedure.performed-unknown",
        "an unknown date is null",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if procedure.get("_performedDateTime").is_some() {
                    remove(procedure, "_performedDateTime");
                    procedure["performedDateTime"] = Value::Null;
                }
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.procedure.recorder-performer-references",
        "the recorder is a PractitionerRole",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                if procedure.get("recorder").is_some() {
                    procedure["recorder"]["reference"] = json!("PractitionerRole/1");
                }
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.procedure.note",
        "notes have no text",
        |_, asked, answer| {
            in_procedures(asked, answer, |procedure| {
                let notes = procedure.get_mut("note").and_then(Value::as_array_mut);
                notes.into_iter().flatten().for_each(|note| remove(note, "text"));
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.provenance.target",
        "Provenance refers to the Patient",
        |_, _, answer| {
            each_resource(answer, "Provenance", &|it| {
                it["target"] = json!([{ "reference": "Patient/744104" }])
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.provenance.agent",
        "the agent of a Provenance has no type",
        |_, _, answer| {
            each_resource(answer, "Provenance", &|it| {
                if let Some(agent) = it.pointer_mut("/agent/0") {
                    remove(agent, "type");
                }
            })
        },
    ),
    Mutant::after(
        "oracle-procedure.provenance.recorded",
        "Provenance is recorded on a day",
        |_, _, answer| each_resource(answer, "Provenance", &|it| it["recorded"] = json!("2019-10-25")),
    ),
    Mutant::after(
        "oracle-procedure.provenance.entity",
        "the entity of a Provenance is a derivation",
        |_, _, answer| {
            each_resource(answer, "Provenance", &|it| {
                it["entity"][0]["role"] = json!("derivation")
            })
        },
    ),
    Mutant::after(
        "oracle-procedure.read.url",
        "a read is answered with a Bundle",
        |_, asked, answer| {
            if asked.is(Read) && answer.is_success() {
                answer.edit(into_bundle);
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.read.equals-search-entry",
        "what a search finds has no narrative",
        |_, asked, answer| {
            if asked.is(SearchType) {
                each_resource(answer, "Procedure", &|procedure| remove(procedure, "text"));
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.example.read-open",
        "a procedure without performers has an element data",
        |_, asked, answer| {
            more_in(asked, answer, |it| {
                it.get("performer").is_none() && it["status"] == "completed"
            })
        },
    ),
    Mutant::after(
        "oracle-procedure.example.read-patient-authorization",
        "a procedure with performers has an element data",
        |_, asked, answer| more_in(asked, answer, |it| it.get("performer").is_some()),
    ),
    Mutant::after(
        "oracle-procedure.example.read-entered-in-error",
        "a procedure that was entered in error has an element data",
        |_, asked, answer| more_in(asked, answer, |it| it["status"] == "entered-in-error"),
    ),
    Mutant::after(
        "oracle-procedure.entered-in-error.status",
        "what was entered in error is gone",
        |_, asked, answer| {
            let is_error = answer.json().is_some_and(|body| body["status"] == "entered-in-error");
            if asked.is(Read) && is_error {
                *answer = Answer::refusal(410, "deleted", "it was entered in error");
            }
        },
    ),
    Mutant::after(
        "oracle-procedure.entered-in-error.code",
        "what was entered in error keeps its code",
        |_, asked, answer| {
            in_errors(asked, answer, |procedure| {
                procedure["code"] = json!({ "coding": [{ "system": "http://snomed.info/sct", "code": "119954001",
                    "display": "Adenoid excision (procedure)" }], "text": "Adenoid excision (text)" });
            });
        },
    ),
    Mutant::after(
        "oracle-procedure.entered-in-error.reduced",
        "what was entered in error keeps its note",
        |_, asked, answer| {
            in_errors(asked, answer, |procedure| {
                procedure["note"] = json!([{ "text": "Procedure comment", "time": "2019-04-05T20:21:46Z",
                    "authorReference": { "reference": "Practitioner/4122630" } }]);
            });
        },
    ),
];

/// Changes every Procedure that a search or a read returns.
fn in_procedures(asked: &Asked, answer: &mut Answer, change: impl Fn(&mut Value)) {
    if is_procedure(asked) && !asked.is(Create) {
        each_resource(answer, "Procedure", &change);
    }
}

fn in_errors(asked: &Asked, answer: &mut Answer, change: impl Fn(&mut Value)) {
    in_procedures(asked, answer, |procedure| {
        if procedure["status"] == "entered-in-error" {
            change(procedure);
        }
    });
}

fn in_systems(asked: &Asked, answer: &mut Answer, from: &str, to: &str) {
    in_procedures(asked, answer, |procedure| {
        let codings = procedure.pointer_mut("/code/coding").and_then(Value::as_array_mut);
        for coding in codings.into_iter().flatten().filter(|coding| coding["system"] == from) {
            coding["system"] = json!(to);
        }
    });
}

fn in_entries(asked: &Asked, answer: &mut Answer, change: impl FnOnce(&mut Vec<Value>)) {
    if asked.is(SearchType) {
        answer.edit_resource("Bundle", |bundle| {
            if let Some(entries) = bundle.pointer_mut("/entry").and_then(Value::as_array_mut) {
                change(entries);
            }
        });
    }
}

/// An element that no Procedure has, in those that a read returns and that are of a kind.
fn more_in(asked: &Asked, answer: &mut Answer, is_meant: impl Fn(&Value) -> bool) {
    if asked.is(Read) {
        answer.edit_resource("Procedure", |procedure| {
            if is_meant(procedure) {
                procedure["data"] = json!("more");
            }
        });
    }
}

fn add_procedure_of_another(server: &Shared, answer: &mut Answer) {
    let another = server.store.current("Procedure", "570007845");
    let resource = another.as_ref().and_then(|version| version.resource.as_deref());
    answer.edit_resource("Bundle", |bundle| {
        if let (Some(resource), Some(entries)) = (resource, bundle["entry"].as_array_mut()) {
            let full_url = entries.first().and_then(|entry| entry["fullUrl"].as_str());
            let base = full_url
                .and_then(|url| url.rsplit_once('/'))
                .map_or("", |(base, _)| base);
            let full_url = format!("{base}/570007845");
            entries.push(json!({ "fullUrl": full_url, "resource": resource }));
        }
    });
}
