//! `http.html#styleguide` and `http.html#root`

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Mutant, entries, links};
use crate::fhir::Interaction::{Create, Read, SearchType};
use crate::server::given::SECOND_HOST;
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::after(
        "url.percent-encoding-server",
        "links repeat search values without encoding them",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for link in links(bundle) {
                        rewrite(&mut link["url"], |url| {
                            percent_decode_str(url).decode_utf8_lossy().into()
                        });
                    }
                });
            }
        },
    ),
    Mutant::after(
        "url.base-form",
        "the fullUrl of an entry has an empty segment",
        |_, asked, answer| {
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    for entry in entries(bundle) {
                        rewrite(&mut entry["fullUrl"], |url| url.replace("/fhir/", "/fhir//"));
                    }
                });
            }
        },
    ),
    Mutant::after(
        "url.base-form/location",
        "Location has an empty segment",
        |_, _, answer| answer.change("location", |url| url.replace("/fhir/", "/fhir//")),
    ),
    Mutant::instead(
        "url.type-endpoint",
        "the collection of a type is not at the name of the type",
        |_, asked| is_collection(asked).then(|| Answer::refusal(404, "not-found", "look at the plural")),
    ),
    Mutant::after(
        "url.relative-to-base",
        "what is created is told to be below another root than it can be read at",
        |_, asked, answer| {
            if asked.is(Create) {
                answer.change("location", |url| url.replace("/fhir/", "/store/fhir/"));
            }
        },
    ),
    Mutant::before(
        "url.case-sensitive",
        "ids are compared without case",
        |server, asked| {
            if let (true, Some(resource_type), Some(id)) = (asked.is(Read), asked.resource_type(), asked.id()) {
                let (_, all) = server.store.snapshot(&resource_type, None);
                if let Some(found) = all.iter().find(|version| version.id.eq_ignore_ascii_case(&id)) {
                    let target = format!("/fhir/{resource_type}/{}", found.id);
                    asked.set_target(&target);
                }
            }
        },
    ),
    Mutant::before(
        "url.case-sensitive/type",
        "types may be written in lower case",
        |_, asked| {
            let path = asked.path().replace("/fhir/patient", "/fhir/Patient");
            if path != asked.path() {
                asked.set_target(&path);
            }
        },
    ),
    Mutant::before("url.utf8-server", "query strings are read as ISO-8859-1", |_, asked| {
        if asked.query().iter().any(|(_, value)| !value.is_ascii()) {
            asked.change_query(|pairs| {
                for (_, value) in pairs {
                    *value = value.bytes().map(char::from).collect();
                }
            });
        }
    }),
    Mutant::instead(
        "url.trailing-slash-equivalent",
        "a collection with a slash at the end is unknown",
        |_, asked| {
            let slashed = asked.segments().len() == 1 && asked.path().ends_with('/');
            slashed.then(|| Answer::refusal(404, "not-found", "there is nothing here"))
        },
    ),
    Mutant::instead(
        "url.no-canonicalizing-redirect",
        "a search with a slash at the end is sent to the URL without it",
        |_, asked| {
            let plain = asked.path().strip_suffix('/')?;
            (asked.is(SearchType) && asked.segments().len() == 1).then(|| {
                let mut answer = Answer::empty(301);
                answer.set("location", plain);
                answer
            })
        },
    ),
    Mutant::instead(
        "url.identity-http-https-same",
        "there are other resources behind https",
        |_, asked| {
            let is_second = asked.header("host") == Some(SECOND_HOST) && asked.is(Read);
            is_second.then(|| Answer::refusal(404, "not-found", "there is no such resource here"))
        },
    ),
    Mutant::after(
        "url.explicit-port",
        "URLs hold the port behind the proxy",
        |_, asked, answer| {
            answer.change("location", other_port);
            if asked.is(SearchType) {
                answer.edit_resource("Bundle", |bundle| {
                    links(bundle).for_each(|link| rewrite(&mut link["url"], other_port));
                    entries(bundle).for_each(|entry| rewrite(&mut entry["fullUrl"], other_port));
                });
            }
        },
    ),
    Mutant::instead(
        "url.underscore-names-reserved",
        "a PUT to _history or _search makes a resource with that id",
        |_, asked| made(asked, '_'),
    ),
    Mutant::after(
        "url.underscore-names-reserved/read",
        "the history of a type is read as an instance that was deleted",
        |_, asked, answer| {
            if *asked.method() == Method::GET && asked.path().ends_with("Patient/_history") {
                *answer = Answer::refusal(410, "deleted", "Patient/_history was deleted");
            }
        },
    ),
    Mutant::instead(
        "url.dollar-names-operations",
        "a PUT to an operation makes a resource with that id",
        |_, asked| made(asked, '$'),
    ),
    Mutant::instead(
        "url.dollar-names-operations/read",
        "an unknown operation is read as an instance that was deleted",
        |_, asked| {
            let unknown = asked.path().ends_with("/$no-such-operation") && *asked.method() == Method::GET;
            unknown.then(|| Answer::refusal(410, "deleted", "it was deleted"))
        },
    ),
];

fn is_collection(asked: &Asked) -> bool {
    *asked.method() == Method::GET && asked.is(SearchType) && asked.segments().len() == 1
}

/// The answer to a PUT that is taken for an update-as-create at a reserved name.
fn made(asked: &Asked, reserved: char) -> Option<Answer> {
    let segments = asked.segments();
    let is_reserved = segments.len() == 2 && segments[1].starts_with(reserved);
    (*asked.method() == Method::PUT && is_reserved).then(|| {
        let mut answer = Answer::resource(201, &asked.json().unwrap_or(json!({})));
        answer.set("location", asked.path());
        answer
    })
}

fn rewrite(value: &mut Value, change: impl FnOnce(&str) -> String) {
    if let Some(text) = value.as_str() {
        *value = Value::String(change(text));
    }
}

fn other_port(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    format!("{scheme}://{host}:8099/{path}")
}
