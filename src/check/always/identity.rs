//! Identity: the id and type of the URL, of the body and of the Location; the form of URLs.

use serde_json::Value;

use super::{Ledger, Look, decoded, is_id};
use crate::check::expectation::of_body;
use crate::check::header::InstanceUrl;
use crate::check::judged::{Between, cut, mismatch, short};
use crate::fhir::Interaction::{Create, Patch, Read, Update, Vread};
use crate::verdict::{Mismatch, Part};

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let resource = look.resource().filter(|(_, name)| *name != "OperationOutcome");
    if look.is(&[Read, Vread])
        && look.status == 200
        && let (Some((resource, name)), Some(url)) = (resource, look.instance())
    {
        is_of_the_type(look, ledger, name, &url);
        if name == url.resource_type {
            has_the_id(look, ledger, resource, &url);
        }
    }
    if look.is(&[Read, Vread, Create, Update, Patch])
        && look.is_success()
        && let Some((resource, name)) = resource
        && look.type_in_url() == Some(name)
    {
        id_is_an_id(ledger, resource);
    }
    if look.is(&[Create]) && look.status == 201 {
        location_of_create(look, ledger);
    }
    full_urls_end_with_the_id(look, ledger);
    urls_are_encoded(look, ledger);
}

fn at(pointer: &str, message: String) -> Box<Mismatch> {
    let mut told = of_body(message);
    told.part = Part::Body(pointer.to_owned());
    told
}

/// A read gives the resource that the URL names.
fn is_of_the_type(look: &Look<'_>, ledger: &mut Ledger<'_>, name: &str, url: &InstanceUrl<'_>) {
    let id = if look.is(&[Read]) {
        "read.returns-current"
    } else {
        "vread.returns-version"
    };
    // That it is the right type is only a part of these rules: it is not enough to say that they hold.
    if name != url.resource_type {
        let message = format!("the body is a {}, not a {}", cut(name, 60), url.resource_type);
        ledger.broken(
            id,
            at("/resourceType", message).between(url.resource_type, Some(name.to_owned())),
        );
    }
}

/// `http.html#read`, `http.html#vread`: the id, and the version id, of the URL.
fn has_the_id(look: &Look<'_>, ledger: &mut Ledger<'_>, resource: &Value, url: &InstanceUrl<'_>) {
    let mut compare = |rule: &str, pointer: &str, wanted: &str, found: &Value, name: &str| {
        let wanted = decoded(wanted);
        ledger.judge(rule, found.as_str() == Some(&wanted), || match found {
            Value::Null => at(pointer, format!("`{name}` is missing")).between(wanted.clone(), None),
            _ => at(
                pointer,
                format!("`{name}` is `{}`, and the URL has `{wanted}`", short(found)),
            )
            .between(wanted.clone(), Some(short(found))),
        });
    };
    let is_read = look.is(&[Read]);
    let rule = if is_read {
        "read.id-matches-url"
    } else {
        "vread.id-matches-url"
    };
    compare(rule, "/id", url.id, &resource["id"], "id");
    if let (false, Some(version)) = (is_read, url.version) {
        let found = &resource["meta"]["versionId"];
        compare(
            "vread.version-id-matches-url",
            "/meta/versionId",
            version,
            found,
            "meta.versionId",
        );
    }
}

/// `http.html#read`: logical ids follow the type `id`.
fn id_is_an_id(ledger: &mut Ledger<'_>, resource: &Value) {
    let Some(id) = resource["id"].as_str() else { return };
    ledger.judge("read.id-format", is_id(id), || {
        at("/id", format!("`id` is `{}`, which is no id", cut(id, 100)))
            .between("1 to 64 letters, digits, dashes and dots", Some(cut(id, 500)))
    });
}

/// `http.html#create`: the Location names what was made.
fn location_of_create(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let rule = "create.location";
    let Some(name) = look.type_in_url() else { return };
    let wanted = format!("[base]/{name}/[id]/_history/[vid]");
    let part = || Part::Header("Location".to_owned());
    let Some(text) = look.reading.headers().get("location") else {
        ledger.broken(
            rule,
            mismatch(part(), "the header Location is missing").between(wanted, None),
        );
        return;
    };
    let told = |message: String| mismatch(part(), message).between(wanted.clone(), Some(text.to_owned()));
    let shown = cut(text, 200);
    let Some(location) = InstanceUrl::parse(text).filter(|location| location.resource_type == name) else {
        ledger.broken(rule, told(format!("Location is `{shown}`, which names no {name}")));
        return;
    };
    ledger.holds(rule);
    let Some((resource, _)) = look.resource().filter(|(_, found)| *found == name) else {
        return;
    };
    if let Some(id) = resource["id"].as_str() {
        ledger.judge("versioning.id-in-url", decoded(location.id) == id, || {
            told(format!("Location is `{shown}`, and `id` is `{}`", cut(id, 100)))
        });
    }
    if let (Some(version), Some(found)) = (location.version, resource["meta"]["versionId"].as_str()) {
        ledger.judge(rule, decoded(version) == found, || {
            told(format!(
                "Location is `{shown}`, and `meta.versionId` is `{}`",
                cut(found, 100)
            ))
        });
    }
}

/// `http.html#versioning`: the id is the last segment of the fullUrl.
fn full_urls_end_with_the_id(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if !look.is_success() {
        return;
    }
    for (index, entry) in look.reading.entries().enumerate() {
        let resource = &entry["resource"];
        let url = entry["fullUrl"].as_str().filter(|url| url.starts_with("http"));
        let (Some(text), Some(id)) = (url, resource["id"].as_str()) else {
            continue;
        };
        // A fullUrl of another form is no address in a FHIR server.
        let Some(url) = InstanceUrl::parse(text).filter(|url| resource["resourceType"] == url.resource_type) else {
            continue;
        };
        let holds = decoded(url.id) == id;
        ledger.judge("versioning.id-in-url", holds, || {
            let message = format!(
                "`fullUrl` is `{}`, and the `id` of its resource is `{}`",
                cut(text, 200),
                cut(id, 100)
            );
            at(&format!("/entry/{index}/fullUrl"), message).between(id, Some(text.to_owned()))
        });
        if !holds {
            return;
        }
    }
}

/// `http.html#url`: URLs that the server writes are encoded.
fn urls_are_encoded(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    if !look.is_success() {
        return;
    }
    let rule = "url.percent-encoding-server";
    let mut was_seen = false;
    let mut judge = |text: &str, part: &dyn Fn() -> Part, name: &str| {
        was_seen = true;
        match unencoded(text) {
            None => true,
            Some(character) => {
                let message = format!(
                    "{name} has `{}` unencoded: `{}`",
                    character.escape_debug(),
                    cut(text, 200)
                );
                ledger.broken(
                    rule,
                    mismatch(part(), message).between("percent-encoded", Some(text.to_owned())),
                );
                false
            }
        }
    };
    if let Some(location) = look.reading.headers().get("location")
        && !judge(location, &|| Part::Header("Location".to_owned()), "Location")
    {
        return;
    }
    let links = look
        .resource()
        .filter(|(_, name)| *name == "Bundle")
        .and_then(|(bundle, _)| bundle["link"].as_array());
    for (index, link) in links.into_iter().flatten().enumerate() {
        if let Some(url) = link["url"].as_str()
            && !judge(url, &|| Part::Body(format!("/link/{index}/url")), "a link")
        {
            return;
        }
    }
    for (index, entry) in look.reading.entries().enumerate() {
        if let Some(url) = entry["fullUrl"].as_str()
            && !judge(url, &|| Part::Body(format!("/entry/{index}/fullUrl")), "a fullUrl")
        {
            return;
        }
    }
    if was_seen {
        ledger.holds(rule);
    }
}

/// The first character that may not stand in a URL as it is (RFC 3986); a percent sign that encodes nothing.
fn unencoded(url: &str) -> Option<char> {
    let mut rest = url.char_indices();
    rest.find_map(|(index, character)| {
        let is_fine = match character {
            '%' => {
                let digits = url.as_bytes().get(index + 1..index + 3);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            _ => character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(character),
        };
        (!is_fine).then_some(character)
    })
}
