//! Identity: the id and type of the URL, of the body and of the Location; the form of URLs.

use serde_json::Value;

use super::{Ledger, Look, decoded};
use crate::check::expectation::of_body;
use crate::check::judged::{Between, a, cut, mismatch, short};
use crate::fhir::InstanceUrl;
use crate::fhir::Interaction::{Create, Patch, Read, Update, Vread};
use crate::fhir::reference::is_id;
use crate::verdict::{Mismatch, Part};

pub(super) fn audit(look: &Look<'_>, ledger: &mut Ledger<'_>) {
    let resource = look.resource().filter(|(_, name)| *name != "OperationOutcome");
    if look.is(&[Read, Vread]) && look.status == 200 {
        // What a Binary holds may be sent as it is.
        let instance = look.instance.filter(|url| url.resource_type != "Binary");
        match (resource, instance) {
            (Some((resource, name)), Some(url)) if name == url.resource_type => {
                has_the_id(look, ledger, resource, &url);
            }
            (Some((_, name)), Some(url)) => is_another_type(look, ledger, name, &url),
            (None, Some(_)) if look.reading.body().is_empty() => {
                let told = of_body("the server answered 200 without a body").between("the resource", None);
                ledger.broken(rule_of_the_content(look), told);
            }
            _ => {}
        }
    }
    if look.is(&[Read, Vread, Create, Update, Patch])
        && look.is_success()
        && let Some((resource, name)) = resource
        && look.type_in_url == Some(name)
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

/// `http.html#read`, `http.html#vread`: the answer is the resource. That there is one of the right type is only a part of
/// these rules: it is not enough to say that they hold.
fn rule_of_the_content(look: &Look<'_>) -> &'static str {
    if look.is(&[Read]) {
        "read.returns-current"
    } else {
        "vread.returns-version"
    }
}

/// A read gives a resource of another type than its URL names.
fn is_another_type(look: &Look<'_>, ledger: &mut Ledger<'_>, name: &str, url: &InstanceUrl<'_>) {
    let message = format!("the body is {}, not {}", a(name), a(url.resource_type));
    let told = at("/resourceType", message).between(url.resource_type, Some(cut(name, 500)));
    ledger.broken(rule_of_the_content(look), told);
}

/// `http.html#read`, `http.html#vread`: the id, and the version id, of the URL.
fn has_the_id(look: &Look<'_>, ledger: &mut Ledger<'_>, resource: &Value, url: &InstanceUrl<'_>) {
    let mut compare = |rule: &str, pointer: &str, wanted: &str, found: &Value, name: &str| {
        let wanted = decoded(wanted);
        if found.is_null() && look.asked_for_parts() {
            return;
        }
        ledger.judge(rule, found.as_str() == Some(&wanted), || match found {
            Value::Null => at(pointer, format!("`{name}` is missing")).between(wanted.clone(), None),
            Value::String(_) => at(
                pointer,
                format!("`{name}` is `{}`, and the URL has `{wanted}`", short(found)),
            )
            .between(wanted.clone(), Some(short(found))),
            _ => at(pointer, format!("`{name}` is `{}`, which is no string", short(found)))
                .between(format!("\"{wanted}\""), Some(short(found))),
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
    let Some(name) = look.type_in_url else { return };
    let wanted = || format!("[base]/{name}/[id]/_history/[vid]");
    let part = || Part::Header("Location".to_owned());
    let Some(text) = look.reading.headers().get("location") else {
        ledger.broken(
            rule,
            mismatch(part(), "the header Location is missing").between(wanted(), None),
        );
        return;
    };
    let told = |message: String| mismatch(part(), message).between(wanted(), Some(text.to_owned()));
    let shown = || cut(text, 200);
    let Some(location) = InstanceUrl::parse(text).filter(|location| location.resource_type == name) else {
        ledger.broken(rule, told(format!("Location is `{}`, which names no {name}", shown())));
        return;
    };
    ledger.holds(rule);
    let Some((resource, _)) = look.resource().filter(|(_, found)| *found == name) else {
        return;
    };
    if let Some(id) = resource["id"].as_str() {
        ledger.judge("versioning.id-in-url", decoded(location.id) == id, || {
            told(format!("Location is `{}`, and `id` is `{}`", shown(), cut(id, 100)))
        });
    }
    if let (Some(version), Some(found)) = (location.version, resource["meta"]["versionId"].as_str()) {
        ledger.judge(rule, decoded(version) == found, || {
            told(format!(
                "Location is `{}`, and `meta.versionId` is `{}`",
                shown(),
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
    for (index, entry) in look.made_entries().enumerate() {
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
    let links = look.made_bundle().and_then(|bundle| bundle["link"].as_array());
    for (index, link) in links.into_iter().flatten().enumerate() {
        if let Some(url) = link["url"].as_str()
            && !judge(url, &|| Part::Body(format!("/link/{index}/url")), "a link")
        {
            return;
        }
    }
    for (index, entry) in look.made_entries().enumerate() {
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
