//! `http.html#history`: what a history holds

use serde_json::{Value, json};

use super::{Mutant, current, entries, last_content, versions};
use crate::fhir::FhirVersion::{R5, R6};
use crate::fhir::Interaction::{self, HistoryInstance, HistorySystem, HistoryType, Read, Vread};
use crate::server::rewrite::{Answer, Asked, remove};
use crate::server::store::Origin;

const OF_RESOURCES: [Interaction; 2] = [HistoryInstance, HistoryType];

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "history.instance",
        "the history of a resource has versions of another one",
        |_, asked, answer| {
            change(asked, answer, &[HistoryInstance], |entries| {
                if let Some(mut stranger) = entries.first().cloned() {
                    stranger["resource"]["id"] = json!("stranger");
                    entries.push(stranger);
                }
            });
        },
    ),
    Mutant::after(
        "history.type",
        "the history of a type leaves updates out",
        |_, asked, answer| {
            change(asked, answer, &[HistoryType], |entries| {
                entries.retain(|entry| entry["request"]["method"] != "PUT");
            });
        },
    ),
    Mutant::after(
        "history.system",
        "the history of the system is that of patients",
        |_, asked, answer| {
            change(asked, answer, &[HistorySystem], |entries| {
                entries.retain(|entry| entry["resource"]["resourceType"] == "Patient");
            });
        },
    ),
    Mutant::after("history.bundle-type", "a history is a searchset", |_, asked, answer| {
        if asked.is_any(&OF_RESOURCES) {
            answer.edit_resource("Bundle", |bundle| bundle["type"] = json!("searchset"));
        }
    }),
    Mutant::after(
        "history.oldest-last",
        "the oldest version comes first",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| entries.reverse());
        },
    ),
    Mutant::instead(
        "history.includes-deleted",
        "the history of what was deleted is answered 410",
        |server, asked| {
            let is_deleted = current(server, asked).is_some_and(|version| version.resource.is_none());
            (asked.is(HistoryInstance) && is_deleted).then(|| Answer::refusal(410, "deleted", "it was deleted"))
        },
    ),
    Mutant::after(
        "history.includes-deleted/of-type",
        "the history of a type leaves deletions out",
        |_, asked, answer| {
            change(asked, answer, &[HistoryType], |entries| {
                entries.retain(|entry| entry["request"]["method"] != "DELETE");
            });
        },
    ),
    Mutant::after(
        "history.entry-minimum",
        "the entry of a deletion has nothing but its fullUrl",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                for entry in entries
                    .iter_mut()
                    .filter(|entry| entry["request"]["method"] == "DELETE")
                {
                    *entry = json!({ "fullUrl": entry["fullUrl"] });
                }
            });
        },
    ),
    Mutant::after(
        "history.write-entry-has-resource",
        "past versions come without their resource",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                for entry in entries.iter_mut().skip(1) {
                    remove(entry, "resource");
                }
            });
        },
    ),
    Mutant::after(
        "history.create-entry-form",
        "a create is an entry with the method GET",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                for entry in entries.iter_mut().filter(|entry| entry["request"]["method"] == "POST") {
                    entry["request"]["method"] = json!("GET");
                }
            });
        },
    ),
    Mutant::after(
        "history.delete-entry-form",
        "the entry of a deletion has what was deleted",
        |server, asked, answer| {
            let content = last_content(server, asked);
            change(asked, answer, &[HistoryInstance], |entries| {
                for entry in entries
                    .iter_mut()
                    .filter(|entry| entry["request"]["method"] == "DELETE")
                {
                    entry["resource"] = json!(content);
                }
            });
        },
    ),
    Mutant::after(
        "history.recorded-interactions",
        "every read makes an entry",
        |server, asked, answer| {
            let content = current(server, asked).and_then(|version| version.resource.clone());
            if let (true, Some(resource_type), Some(id), Some(content)) = (
                asked.is(Read) && answer.is_success(),
                asked.resource_type(),
                asked.id(),
                content,
            ) {
                server.store.write().update(&resource_type, &id, (*content).clone());
            }
        },
    ),
    Mutant::after(
        "history.patch-as-put",
        "a patch is an entry with the method PATCH and without the resource",
        |server, asked, answer| {
            let all = versions(server, asked);
            let patches = all.iter().filter(|version| version.origin == Origin::Patch);
            let tags: Vec<String> = patches.map(|version| version.etag()).collect();
            change(asked, answer, &[HistoryInstance], |entries| {
                for entry in entries {
                    if tags.iter().any(|tag| entry["response"]["etag"] == tag.as_str()) {
                        entry["request"]["method"] = json!("PATCH");
                        remove(entry, "resource");
                    }
                }
            });
        },
    )
    .only(&[R5, R6]),
    Mutant::after(
        "history.side-effects-as-creates",
        "an AuditEvent stands in the entry of the write that it is about",
        |_, asked, answer| {
            change(asked, answer, &[HistorySystem], |entries| {
                if let Some(mut entry) = entries.first().cloned() {
                    entry["resource"] = json!({ "resourceType": "AuditEvent", "id": "audit" });
                    entries.push(entry);
                }
            });
        },
    ),
    Mutant::after(
        "history.conditional-as-direct",
        "an update by criteria is an entry with the criteria",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                for entry in entries.iter_mut().filter(|entry| entry["request"]["method"] == "PUT") {
                    entry["request"]["url"] = json!("Patient?identifier=x");
                }
            });
        },
    ),
    Mutant::after(
        "history.operations-not-listed",
        "a call of $validate is an entry",
        |_, asked, answer| {
            change(asked, answer, &[HistoryInstance], |entries| {
                entries.push(json!({
                    "fullUrl": "http://127.0.0.1/fhir/Patient/validated",
                    "request": { "method": "POST", "url": "Patient/$validate" },
                    "response": { "status": "200 OK", "lastModified": "2024-01-01T00:00:00Z" },
                }));
            });
        },
    ),
    Mutant::after(
        "history.resource-as-processed",
        "an entry has the metadata that the client sent",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                for entry in entries.iter_mut().filter(|entry| entry["request"]["method"] == "PUT") {
                    entry["resource"]["meta"]["versionId"] = json!("bogus-99");
                }
            });
        },
    ),
    Mutant::after(
        "history.last-modified",
        "entries have no response",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                entries.iter_mut().for_each(|entry| remove(entry, "response"));
            });
        },
    ),
    Mutant::after(
        "history.response-status",
        "the responses of entries have no status",
        |_, asked, answer| {
            change(asked, answer, &OF_RESOURCES, |entries| {
                entries
                    .iter_mut()
                    .for_each(|entry| remove(&mut entry["response"], "status"));
            });
        },
    )
    .only(&[R5, R6]),
    Mutant::after(
        "history.several-versions",
        "the history of a type has the newest version of each resource only",
        |_, asked, answer| {
            change(asked, answer, &[HistoryType], |entries| {
                let mut seen = std::collections::HashSet::new();
                entries.retain(|entry| seen.insert(entry["fullUrl"].to_string()));
            });
        },
    ),
    Mutant::after(
        "history.past-versions-immutable",
        "an update also changes the versions before it",
        |server, asked, answer| {
            let newest = current(server, asked).map(|version| version.version_id.clone());
            if asked.is(Vread) && answer.is_success() && newest != asked.version_id() {
                answer.edit(|resource| resource["language"] = json!("en"));
            }
        },
    ),
    Mutant::instead(
        "history.unavailable-404",
        "the history of what never existed is empty",
        |server, asked| {
            let is_nothing = asked.is(HistoryInstance) && versions(server, asked).is_empty();
            is_nothing.then(|| {
                let none = json!({ "resourceType": "Bundle", "type": "history", "total": 0 });
                Answer::resource(200, &none)
            })
        },
    ),
    Mutant::after(
        "history.linear",
        "the current version stands there twice",
        |_, asked, answer| {
            change(asked, answer, &[HistoryInstance], |entries| {
                if let Some(first) = entries.first().cloned() {
                    entries.insert(0, first);
                }
            });
        },
    ),
];

/// Changes the entries of a history that is one of these.
fn change(asked: &Asked, answer: &mut Answer, histories: &[Interaction], change: impl FnOnce(&mut Vec<Value>)) {
    if asked.is_any(histories) {
        answer.edit_resource("Bundle", |bundle| {
            let mut all: Vec<Value> = entries(bundle).map(|entry| entry.clone()).collect();
            change(&mut all);
            match bundle.as_object_mut() {
                Some(bundle) if all.is_empty() => drop(bundle.remove("entry")),
                _ => bundle["entry"] = Value::Array(all),
            }
        });
    }
}
