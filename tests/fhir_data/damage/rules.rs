//! Damage to what elements say together: codes, references, narrative, Bundles, constraints.

use fhir_assay::fhir::reference::Reference;
use serde_json::{Value, json};

use super::document::{Damage, Document, Place, Sequence};
use super::{Kind, bound, kind};

const CONTAINERS: [&str; 3] = ["Bundle", "Parameters", "Binary"];

pub const KINDS: &[Kind] = &[
    kind("a code that its value set does not have", |document, sequence| {
        let place = document.pick(sequence, |place, _| bound::is_enumerated(document.release, place))?;
        Some(document.with(&place.pointer, json!("no-such-code")))
    }),
    kind("a code in capitals", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            bound::is_enumerated(document.release, place)
                && value
                    .as_str()
                    .is_some_and(|code| code.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'))
        })?;
        let code = document.value(&place.pointer).as_str()?.to_uppercase();
        Some(document.with(&place.pointer, json!(code)))
    }),
    kind("a concept of another code", |document, sequence| {
        concept(document, sequence, "code", "no-such-code")
    }),
    kind("a concept of another system", |document, sequence| {
        concept(document, sequence, "system", "http://example.org/other")
    }),
    kind(
        "a reference to a contained resource that is not there",
        |document, sequence| {
            let place = reference(document, sequence, |_, _| true)?;
            Some(
                document
                    .and(&place.pointer, "reference", json!("#no-such-id"))
                    .ruled_at(&place.pointer),
            )
        },
    ),
    kind("a reference to a resource of the wrong type", wrong_target),
    kind("two contained resources of one id", |document, _| {
        let contained = document.body["contained"].as_array()?;
        contained.first()?.get("id")?;
        Some(document.appended("contained", contained[0].clone()))
    }),
    kind("a contained resource that nothing refers to", |document, _| {
        let at = contained(
            document,
            json!({"resourceType": "Basic", "id": "nobody-refers", "code": {"text": "x"}}),
        )?;
        // dom-3 is a constraint of the resource around it.
        Some(at.ruled_at(""))
    }),
    kind("a contained resource inside a contained one", |document, _| {
        document.body["contained"].as_array()?;
        let inner = json!([{"resourceType": "Basic", "id": "inner", "code": {"text": "x"}}]);
        if CONTAINERS.contains(&document.body["contained"][0]["resourceType"].as_str()?) {
            return None;
        }
        // dom-2 is a constraint of the resource around it.
        Some(document.and("/contained/0", "contained", inner).ruled_at(""))
    }),
    kind("a contained resource with a version", |document, _| {
        document.body["contained"].as_array()?;
        Some(
            document
                .and("/contained/0", "meta", json!({"versionId": "1"}))
                .ruled_at(""),
        )
    }),
    kind("a script in the narrative", |document, sequence| {
        narrative(document, sequence, "<script>x()</script>")
    }),
    kind("an event in the narrative", |document, sequence| {
        narrative(document, sequence, "<p onclick=\"x()\">x</p>")
    }),
    kind("a link that runs a script", |document, sequence| {
        narrative(document, sequence, "<a href=\"javascript:x()\">x</a>")
    }),
    kind("a form in the narrative", |document, sequence| {
        narrative(document, sequence, "<form><input/></form>")
    }),
    kind("narrative that is no XML", |document, sequence| {
        narrative(document, sequence, "<p>x")
    }),
    kind("narrative of another namespace", |document, sequence| {
        document.instead(sequence, &["xhtml"], json!("<div xmlns=\"http://example.org\">x</div>"))
    }),
    kind("narrative without content", |document, sequence| {
        document.instead(
            sequence,
            &["xhtml"],
            json!("<div xmlns=\"http://www.w3.org/1999/xhtml\">  </div>"),
        )
    }),
    kind("a fullUrl of another resource", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            place.parent_type == "Bundle.entry"
                && place.name == "fullUrl"
                && value
                    .as_str()
                    .and_then(Reference::parse)
                    .is_some_and(|found| found.base.is_some())
                && document.value(&place.parent)["resource"]["id"].is_string()
        })?;
        let url = document.value(&place.pointer).as_str()?;
        Some(document.with(&place.pointer, json!(format!("{url}x"))))
    }),
    kind("two entries of one fullUrl", |document, _| {
        let entries = document.body["entry"]
            .as_array()
            .filter(|_| document.body["resourceType"] == "Bundle")?;
        let history = ["history", "searchset"].contains(&document.body["type"].as_str()?);
        let first = entries
            .iter()
            .find(|entry| entry["fullUrl"].is_string())
            .filter(|_| !history)?;
        // bdl-7 is a constraint of the Bundle.
        Some(document.appended("entry", first.clone()).ruled_at(""))
    }),
    kind("a total in a Bundle that is no list of matches", |document, _| {
        let kind = document.body["type"]
            .as_str()
            .filter(|_| document.body["resourceType"] == "Bundle")?;
        let counts = ["searchset", "history", "subscription-notification"].contains(&kind);
        (!counts).then(|| document.and("", "total", json!(1)).ruled_at(""))
    }),
    kind("a contact with nothing to contact", |document, sequence| {
        document.instead(sequence, &["Patient.contact"], json!({"gender": "male"}))
    }),
    kind("a period that ends before it begins", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            place.type_name == "Period" && value["start"].as_str().is_some_and(|text| text > "1900")
        })?;
        Some(
            document
                .and(&place.pointer, "end", json!("1800-01-01"))
                .ruled_at(&place.pointer),
        )
    }),
    kind("a contact point without a system", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            place.type_name == "ContactPoint" && value["value"].is_string() && value["system"].is_string()
        })?;
        Some(document.without(&place.pointer, "system").ruled_at(&place.pointer))
    }),
    kind("a unit without a system", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            ["Quantity", "Age", "Duration"].contains(&place.type_name.as_str())
                && value["code"].is_string()
                && value["system"].is_string()
        })?;
        Some(document.without(&place.pointer, "system").ruled_at(&place.pointer))
    }),
    kind("an extension with a value and extensions", |document, sequence| {
        let place = document.pick(sequence, |place, value| {
            place.type_name == "Extension" && value.get("extension").is_none() && value["url"].is_string()
        })?;
        let inner = json!([{"url": "http://example.org/x", "valueString": "x"}]);
        Some(
            document
                .and(&place.pointer, "extension", inner)
                .ruled_at(&place.pointer),
        )
    }),
    kind("an extension with nothing in it", |document, sequence| {
        document.instead(sequence, &["Extension"], json!({"url": "http://example.org/x"}))
    }),
    kind("an Observation with a value and why there is none", |document, _| {
        let is = document.body["resourceType"] == "Observation";
        let valued = document.body.as_object()?.keys().any(|name| name.starts_with("value"));
        // obs-6 is a constraint of the Observation.
        (is && valued && document.body["dataAbsentReason"].is_null())
            .then(|| document.and("", "dataAbsentReason", json!({"text": "x"})).ruled_at(""))
    }),
    kind("two items of one linkId", |document, _| {
        let items = document.body["item"]
            .as_array()
            .filter(|_| document.body["resourceType"] == "Questionnaire")?;
        // que-2 is a constraint of the Questionnaire.
        Some(document.appended("item", items.first()?.clone()).ruled_at(""))
    }),
];

fn concept(document: &Document, sequence: &mut Sequence, property: &str, value: &str) -> Option<Damage> {
    let place = document.pick(sequence, |place, found| {
        bound::is_closed_concept(document.release, place)
            && found["coding"].as_array().is_some_and(|all| all.len() == 1)
    })?;
    let mut concept = document.value(&place.pointer).clone();
    concept["coding"][0][property] = json!(value);
    Some(document.with(&place.pointer, concept))
}

fn reference<'a>(
    document: &'a Document,
    sequence: &mut Sequence,
    suits: impl Fn(&Place, &Value) -> bool,
) -> Option<&'a Place> {
    document.pick(sequence, |place, value| {
        place.type_name == "Reference" && value["reference"].is_string() && suits(place, value)
    })
}

fn wrong_target(document: &Document, sequence: &mut Sequence) -> Option<Damage> {
    let targets = |place: &Place| {
        place
            .element
            .types
            .iter()
            .find(|found| found.name == "Reference")
            .map_or("", |found| found.targets)
    };
    let place = reference(document, sequence, |place, value| {
        let literal = value["reference"].as_str().and_then(Reference::parse);
        !targets(place).is_empty() && literal.is_some_and(|found| found.base.is_none()) && value["type"].is_null()
    })?;
    let allowed: Vec<_> = targets(place).split(',').collect();
    let wrong = ["Linkage", "Schedule", "VisionPrescription"]
        .into_iter()
        .find(|name| !allowed.contains(name))?;
    Some(
        document
            .and(&place.pointer, "reference", json!(format!("{wrong}/1")))
            .ruled_at(&place.pointer),
    )
}

fn contained(document: &Document, resource: Value) -> Option<Damage> {
    if CONTAINERS.contains(&document.body["resourceType"].as_str()?) {
        return None;
    }
    let mut all = document.body["contained"].as_array().cloned().unwrap_or_default();
    all.push(resource);
    let at = format!("/contained/{}", all.len() - 1);
    let mut damage = document.and("", "contained", Value::Array(all));
    damage.at = at;
    Some(damage)
}

fn narrative(document: &Document, sequence: &mut Sequence, inside: &str) -> Option<Damage> {
    let place = document.pick_type(sequence, &["xhtml"])?;
    let text = document.value(&place.pointer).as_str()?;
    let end = text.rfind("</div>")?;
    Some(document.with(
        &place.pointer,
        json!(format!("{}{inside}{}", &text[..end], &text[end..])),
    ))
}
