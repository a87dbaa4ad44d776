//! Patches: JSON Patch and FHIRPath Patch (`http.html#patch`, `fhirpatch.html`).
//!
//! A [`Patch`] is read from a body before the store is locked, and applied to the server's own copy under the lock. What
//! comes out is checked as the body of an update is.

mod items;
mod json;
mod locate;
mod operation;
mod parameters;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use self::operation::Operation;
use super::body;
use super::negotiate::{Offer, check_body_type, check_charset};
use super::reply::Refusal;
use crate::fhir::FhirVersion;
use crate::fhir::media_type::{FHIR_JSON, FHIR_XML, JSON_PATCH, MediaType};

/// The media types of the patches that are understood.
const FORMATS: [&str; 3] = [JSON_PATCH, FHIR_JSON, FHIR_XML];

/// The media types of the patches that are understood, as the CapabilityStatement lists them.
pub(super) fn formats(offer: Offer) -> Vec<&'static str> {
    let mut formats = FORMATS.to_vec();
    formats.retain(|format| *format == JSON_PATCH || offer.has(format));
    formats
}

/// RFC 5789: which patches a resource takes.
pub(super) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// A change, read and ready to be applied.
#[derive(Debug)]
pub(super) enum Patch {
    /// RFC 6902.
    Json(json::Operations),
    /// The operations of a Parameters resource.
    FhirPath(Vec<Operation>),
}

impl Patch {
    /// Reads the body of a PATCH by its Content-Type: 415 for another format, 400 for what is no such patch.
    pub fn read(headers: &HeaderMap, bytes: &[u8], release: FhirVersion) -> Result<Self, Refusal> {
        let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(MediaType::parse);
        match sent {
            Some(sent) if sent.essence() == JSON_PATCH => {
                check_charset(&sent)?;
                Self::of_json(bytes)
            }
            Some(sent) if sent.is_json() => {
                check_body_type(headers, release)?;
                Self::of_parameters(&body::resource(bytes, "Parameters", release)?, release)
            }
            sent => {
                let sent = sent.map_or_else(|| "nothing".to_owned(), |sent| format!("`{sent}`"));
                let reason = format!("a patch is of type {}, not {sent}", FORMATS.join(" or "));
                let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported", reason);
                Err(refusal.with(ACCEPT_PATCH, FORMATS.join(", ")))
            }
        }
    }

    /// Reads a JSON Patch; 400 for what is none.
    pub fn of_json(bytes: &[u8]) -> Result<Self, Refusal> {
        json::Operations::read(bytes).map(Self::Json)
    }

    /// Reads a FHIRPath Patch; 400 for Parameters that are none.
    pub fn of_parameters(parameters: &Value, release: FhirVersion) -> Result<Self, Refusal> {
        parameters::read(parameters, release).map(Self::FhirPath)
    }

    /// What a resource becomes. All or nothing: 422 where one operation cannot be applied, or where the result is not
    /// what could be stored by an update.
    pub fn apply(&self, resource: &Value, release: FhirVersion) -> Result<Value, Refusal> {
        let mut patched = resource.clone();
        match self {
            Self::Json(operations) => operations.apply(&mut patched)?,
            Self::FhirPath(operations) => {
                for (index, operation) in operations.iter().enumerate() {
                    operation
                        .apply(&mut patched, release)
                        .map_err(|reason| refused(format!("operation {}: {reason}", index + 1)))?;
                }
            }
        }
        for name in ["resourceType", "id"] {
            if patched.get(name) != resource.get(name) {
                return Err(refused(format!("a patch does not change `{name}`")));
            }
        }
        keep_narrative_safe(resource, &mut patched)?;
        let resource_type = resource["resourceType"].as_str().unwrap_or_default();
        body::check(&patched, resource_type, release)
            .map_err(|refusal| refusal.under(StatusCode::UNPROCESSABLE_ENTITY))?;
        Ok(patched)
    }
}

/// 422: the patch is understood, but it cannot be applied to this resource.
fn refused(reason: String) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "processing", reason)
}

/// After a change, a narrative made from the data before is not true any more (`http.html#patch`): what was generated is
/// taken away. What a person wrote beyond the data cannot be judged by a machine, so the patch is refused, unless it
/// brings the new text itself.
fn keep_narrative_safe(before: &Value, after: &mut Value) -> Result<(), Refusal> {
    let content = |resource: &Value| {
        let mut content = resource.as_object().cloned().unwrap_or_default();
        for name in ["id", "meta", "text"] {
            content.shift_remove(name);
        }
        content
    };
    if before.get("text").is_none() || before.get("text") != after.get("text") || content(before) == content(after) {
        return Ok(());
    }
    match after["text"]["status"].as_str() {
        Some("additional") => Err(refused(
            "the narrative says more than the data: a patch of the data has to replace `text` too".into(),
        )),
        Some("empty") => Ok(()),
        _ => {
            if let Some(members) = after.as_object_mut() {
                members.shift_remove("text");
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json_patch(operations: Value) -> Patch {
        Patch::of_json(operations.to_string().as_bytes()).unwrap()
    }

    fn family(to: &str) -> Patch {
        json_patch(json!([{ "op": "replace", "path": "/name/0/family", "value": to }]))
    }

    fn patient(status: &str) -> Value {
        json!({
            "resourceType": "Patient", "id": "a", "text": { "status": status, "div": "<div>A</div>" },
            "name": [{ "family": "A" }]
        })
    }

    #[test]
    fn the_narrative_of_old_data_goes() {
        for (status, kept) in [("generated", false), ("extensions", false), ("empty", true)] {
            let patched = family("B").apply(&patient(status), FhirVersion::R4).unwrap();
            assert_eq!(patched.get("text").is_some(), kept, "{status}");
        }
        let refusal = family("B").apply(&patient("additional"), FhirVersion::R4).unwrap_err();
        assert_eq!(refusal.status, 422);
        let with_text = json_patch(json!([
            { "op": "replace", "path": "/name/0/family", "value": "B" },
            { "op": "replace", "path": "/text/div", "value": "<div>B</div>" },
        ]));
        let patched = with_text.apply(&patient("additional"), FhirVersion::R4).unwrap();
        assert_eq!(patched["text"]["div"], "<div>B</div>");
        let only_meta = json_patch(json!([{ "op": "add", "path": "/meta", "value": { "tag": [{ "code": "x" }] } }]));
        let patched = only_meta.apply(&patient("generated"), FhirVersion::R4).unwrap();
        assert!(patched.get("text").is_some());
    }

    #[test]
    fn what_could_not_be_stored_is_refused() {
        for operations in [
            json!([{ "op": "replace", "path": "/id", "value": "b" }]),
            json!([{ "op": "remove", "path": "/resourceType" }]),
            json!([{ "op": "replace", "path": "", "value": "x" }]),
            json!([{ "op": "add", "path": "/nonsense", "value": 1 }]),
            json!([{ "op": "remove", "path": "/name/0/family" }]),
            json!([{ "op": "add", "path": "/birthDate", "value": "soon" }]),
        ] {
            let refusal = json_patch(operations.clone()).apply(&patient("empty"), FhirVersion::R4);
            assert_eq!(refusal.unwrap_err().status, 422, "{operations}");
        }
    }

    #[test]
    fn the_content_type_tells_the_format() {
        let read = |content_type: &str, body: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
            Patch::read(&headers, body.as_bytes(), FhirVersion::R4).map_err(|refusal| refusal.status.as_u16())
        };
        let parameters = r#"{"resourceType":"Parameters","parameter":[{"name":"operation","part":[
            {"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name"}]}]}"#;
        assert!(matches!(
            read("application/json-patch+json; charset=UTF-8", "[]"),
            Ok(Patch::Json(_))
        ));
        assert!(matches!(
            read("application/fhir+json", parameters),
            Ok(Patch::FhirPath(_))
        ));
        assert_eq!(read("application/fhir+json", "[]").unwrap_err(), 400);
        assert_eq!(
            read("application/fhir+json;fhirVersion=5.0", parameters).unwrap_err(),
            415
        );
        assert_eq!(read("application/json-patch+json", parameters).unwrap_err(), 400);
        for other in [
            "application/merge-patch+json",
            "application/xml-patch+xml",
            "text/plain",
            "x",
        ] {
            assert_eq!(read(other, "[]").unwrap_err(), 415, "{other}");
        }
    }
}
