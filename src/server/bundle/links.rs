//! Links between the entries of a transaction, and what they become once the entries have ids of this server
//! (`http.html#trules`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::prose;
use super::walk::{Place, walk};
use crate::fhir::model::Model;
use crate::fhir::{FhirVersion, Reference};
use crate::server::rewrite::{Switch, Switches};

/// Asks for a reference to the version that the transaction makes (`http.html#vs-refs`, R5 and later).
const RESOLVE: &str = "http://hl7.org/fhir/StructureDefinition/resolve-as-version-specific";

/// What an entry has become on this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    /// `Patient/17`
    pub instance: String,
    /// The version that the transaction made; none where it only found the resource.
    pub version: Option<String>,
}

/// What stands behind the fullUrls of a transaction.
#[derive(Debug)]
pub(super) struct Links<'a> {
    release: FhirVersion,
    switches: Switches,
    /// `[base]`, without a slash at the end.
    base: &'a str,
    homes: HashMap<String, Home>,
}

impl<'a> Links<'a> {
    /// Knows nothing yet.
    pub fn new(release: FhirVersion, switches: Switches, base: &'a str) -> Self {
        Self {
            release,
            switches,
            base,
            homes: HashMap::new(),
        }
    }

    /// Keeps in mind what the entry of a fullUrl has become.
    pub fn add(&mut self, full_url: &str, home: Home) {
        self.homes.insert(full_url.to_owned(), home);
    }

    /// Replaces every link to an entry in a resource: references, uri, url, oid and uuid, narrative, and from R5 on
    /// markdown. `full_url` is that of the resource's own entry, since relative references start from there
    /// (`bundle.html#references`).
    pub fn rewrite(&self, resource: &mut Value, full_url: Option<&str>) {
        if self.switches.on(Switch::LinksStay) {
            return;
        }
        if self.switches.on(Switch::LinksAsText) {
            *resource = self.as_text(resource);
            return;
        }
        let model = Model::for_release(self.release);
        let absolute = |text: &str| self.absolute(text);
        walk(model, resource, &mut |place| match place {
            Place::Reference(reference) => self.reference(reference, full_url),
            _ if self.switches.on(Switch::LinksInReferences) => {}
            Place::Url(text) => {
                if let Some(new) = self.absolute(text) {
                    *text = new;
                }
            }
            Place::Narrative(text) => {
                if let Some(new) = prose::narrative(text, &absolute) {
                    *text = new;
                }
            }
            Place::Markdown(text) if self.release >= FhirVersion::R5 => {
                if let Some(new) = prose::markdown(text, &absolute) {
                    *text = new;
                }
            }
            Place::Markdown(_) => {}
        });
    }

    /// What substitution would make of a resource.
    fn as_text(&self, resource: &Value) -> Value {
        let mut text = resource.to_string();
        for (full_url, home) in &self.homes {
            text = text.replace(full_url, &home.instance);
        }
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn reference(&self, reference: &mut Map<String, Value>, full_url: Option<&str>) {
        let wants_version =
            self.release >= FhirVersion::R5 && take_resolve(reference, self.switches.on(Switch::ResolveStays));
        let Some(Value::String(text)) = reference.get_mut("reference") else {
            return;
        };
        let expanded = full_url.and_then(|full_url| beside(full_url, text));
        let Some((home, tail)) = self.find(expanded.as_deref().unwrap_or(text)) else {
            return;
        };
        let version = home.version.as_ref().filter(|_| wants_version || tail == Tail::Version);
        *text = match (version, tail) {
            (Some(version), _) => format!("{}/_history/{version}", home.instance),
            (None, Tail::Fragment(fragment)) => format!("{}#{fragment}", home.instance),
            (None, _) => home.instance.clone(),
        };
    }

    /// What takes the place of a link that is no reference: an absolute URL, since it is read apart from the resource.
    fn absolute(&self, text: &str) -> Option<String> {
        let (home, tail) = self.find(text)?;
        let url = format!("{}/{}", self.base, home.instance);
        Some(match (tail, &home.version) {
            (Tail::Fragment(fragment), _) => format!("{url}#{fragment}"),
            (Tail::Version, Some(version)) => format!("{url}/_history/{version}"),
            _ => url,
        })
    }

    /// The entry that a link means: by the whole text, or by what stands before `#`, or, up to R4B, before a version,
    /// which is then reassigned. From R5 on a version has to exist already, so such a link stays.
    fn find<'t>(&self, text: &'t str) -> Option<(&Home, Tail<'t>)> {
        if let Some(home) = self.homes.get(text) {
            return Some((home, Tail::None));
        }
        if let Some((front, fragment)) = text.split_once('#') {
            return Some((self.homes.get(front)?, Tail::Fragment(fragment)));
        }
        let (front, _) = text
            .rsplit_once("/_history/")
            .filter(|_| self.release < FhirVersion::R5)?;
        Some((self.homes.get(front)?, Tail::Version))
    }
}

/// What a link has behind the fullUrl that it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail<'a> {
    None,
    Fragment(&'a str),
    Version,
}

/// A relative reference, seen from an entry whose fullUrl is a RESTful URL.
fn beside(full_url: &str, reference: &str) -> Option<String> {
    let own = Reference::parse(full_url)?;
    let (base, wanted) = (own.base?, Reference::parse(reference)?);
    wanted.base.is_none().then(|| format!("{base}/{wanted}"))
}

/// Takes the extension off a reference, unless it is to stay, and tells whether it was there and true.
fn take_resolve(reference: &mut Map<String, Value>, stays: bool) -> bool {
    let Some(Value::Array(extensions)) = reference.get_mut("extension") else {
        return false;
    };
    let mut wanted = false;
    extensions.retain(|extension| {
        let is_it = extension["url"] == RESOLVE;
        wanted |= is_it && extension["valueBoolean"] == true;
        stays || !is_it
    });
    if extensions.is_empty() {
        reference.remove("extension");
    }
    wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn links(release: FhirVersion) -> Links<'static> {
        let mut links = Links::new(release, Switches::default(), "http://x/fhir");
        for (full_url, instance, version) in [
            ("urn:uuid:a", "Patient/1", Some("3")),
            ("urn:oid:1.2", "Device/2", Some("1")),
            ("http://old.example/Patient/p", "Patient/4", Some("1")),
            ("urn:uuid:found", "Patient/5", None),
        ] {
            links.add(
                full_url,
                Home {
                    instance: instance.into(),
                    version: version.map(str::to_owned),
                },
            );
        }
        links
    }

    fn referenced(release: FhirVersion, full_url: &str, reference: &str) -> String {
        let mut resource = json!({ "resourceType": "Observation", "subject": { "reference": reference } });
        links(release).rewrite(&mut resource, Some(full_url));
        resource["subject"]["reference"].as_str().unwrap().to_owned()
    }

    #[test]
    fn references_are_rewritten_by_what_they_mean() {
        const URN: &str = "urn:uuid:self";
        const OLD: &str = "http://old.example/Observation/o";
        for (full_url, reference, r4, r5) in [
            (URN, "urn:uuid:a", "Patient/1", "Patient/1"),
            (URN, "urn:oid:1.2", "Device/2", "Device/2"),
            (URN, "urn:uuid:ab", "urn:uuid:ab", "urn:uuid:ab"),
            (URN, "urn:uuid:a#x", "Patient/1#x", "Patient/1#x"),
            (
                URN,
                "urn:uuid:a/_history/9",
                "Patient/1/_history/3",
                "urn:uuid:a/_history/9",
            ),
            (
                URN,
                "urn:uuid:found/_history/9",
                "Patient/5",
                "urn:uuid:found/_history/9",
            ),
            (URN, "http://old.example/Patient/p", "Patient/4", "Patient/4"),
            (URN, "Patient/p", "Patient/p", "Patient/p"),
            (OLD, "Patient/p", "Patient/4", "Patient/4"),
            (
                OLD,
                "Patient/p/_history/9",
                "Patient/4/_history/1",
                "Patient/p/_history/9",
            ),
            (
                OLD,
                "http://new.example/Patient/p",
                "http://new.example/Patient/p",
                "http://new.example/Patient/p",
            ),
            (OLD, "#p", "#p", "#p"),
        ] {
            assert_eq!(referenced(FhirVersion::R4, full_url, reference), r4, "{reference}");
            assert_eq!(referenced(FhirVersion::R6, full_url, reference), r5, "{reference}");
        }
    }

    #[test]
    fn links_are_replaced_and_canonicals_and_words_are_not() {
        let sent = json!({
            "resourceType": "Questionnaire",
            "meta": { "profile": ["urn:uuid:a"] },
            "text": { "div": "<div><a href=\"urn:uuid:a#x\">urn:uuid:a</a></div>" },
            "url": "urn:uuid:a",
            "title": "urn:uuid:a",
            "derivedFrom": ["urn:uuid:a"],
            "description": "[x](urn:uuid:a)",
        });
        for (release, described) in [
            (FhirVersion::R4, "[x](urn:uuid:a)"),
            (FhirVersion::R5, "[x](http://x/fhir/Patient/1)"),
        ] {
            let mut resource = sent.clone();
            links(release).rewrite(&mut resource, None);
            let mut expected = sent.clone();
            expected["text"]["div"] = json!("<div><a href=\"http://x/fhir/Patient/1#x\">urn:uuid:a</a></div>");
            expected["url"] = json!("http://x/fhir/Patient/1");
            expected["description"] = json!(described);
            assert_eq!(resource, expected, "{release}");
        }
    }

    #[test]
    fn a_version_is_resolved_where_the_client_asks_for_it() {
        let asking = |reference: &str| {
            json!({ "resourceType": "Observation", "subject": { "reference": reference,
                "extension": [{ "url": RESOLVE, "valueBoolean": true }] } })
        };
        let subject = |release, reference| {
            let mut resource = asking(reference);
            links(release).rewrite(&mut resource, None);
            resource["subject"].clone()
        };
        assert_eq!(
            subject(FhirVersion::R5, "urn:uuid:a"),
            json!({ "reference": "Patient/1/_history/3" })
        );
        // What got no new version, and what is no part of the transaction, stays without one.
        assert_eq!(
            subject(FhirVersion::R5, "urn:uuid:found"),
            json!({ "reference": "Patient/5" })
        );
        assert_eq!(
            subject(FhirVersion::R5, "Patient/9"),
            json!({ "reference": "Patient/9" })
        );
        let mut untouched = asking("Patient/1");
        untouched["subject"]["reference"] = json!("Patient/1");
        assert_eq!(subject(FhirVersion::R4, "urn:uuid:a"), untouched["subject"]);
    }

    proptest! {
        #[test]
        fn what_is_no_full_url_stays(text in "\\PC{0,30}") {
            prop_assume!(!text.starts_with("urn:") && !text.starts_with("http://old"));
            prop_assert_eq!(referenced(FhirVersion::R4, "urn:uuid:self", &text), text);
        }
    }
}
