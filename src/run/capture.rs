//! Variables out of exchanges.

use serde_json::Value;

use crate::check::{self, Context, Reading};
use crate::exchange::Exchange;
use crate::fhir::{Etag, Location};
use crate::suite::{Capture, CaptureSource, LocationPart};

/// What a capture takes from an exchange: the values of its first source that yields something; none where none does.
///
/// # Errors
/// Where a FHIRPath cannot be evaluated, in a sentence.
pub fn capture(
    capture: &Capture,
    exchange: &Exchange,
    reading: &Reading<'_>,
    cx: &Context<'_>,
) -> Result<Vec<Value>, String> {
    for source in &capture.sources {
        let values = take(source, exchange, reading, cx)?;
        if !values.is_empty() {
            return Ok(values);
        }
    }
    Ok(Vec::new())
}

fn take(
    source: &CaptureSource,
    exchange: &Exchange,
    reading: &Reading<'_>,
    cx: &Context<'_>,
) -> Result<Vec<Value>, String> {
    let header = |name: &str| exchange.response.headers.get(name);
    let found = match source {
        CaptureSource::Location(part) => {
            header("location").and_then(|text| location(*part, text, &exchange.request.url))
        }
        CaptureSource::EtagVersion => header("etag").and_then(Etag::parse).map(|etag| etag.tag.to_owned()),
        CaptureSource::Header(name) => header(name).map(str::to_owned),
        CaptureSource::FhirPath(expression) => {
            // A body that is missing or no JSON yields nothing; it is judged elsewhere.
            return match reading.resource() {
                Some(_) => check::evaluate(expression, Some(reading), cx),
                None => Ok(Vec::new()),
            };
        }
        CaptureSource::Resource => return Ok(reading.resource().cloned().into_iter().collect()),
        CaptureSource::Link(relation) => reading
            .resource()
            .and_then(|bundle| link(bundle, relation))
            .map(str::to_owned),
        CaptureSource::Status => return Ok(vec![Value::from(exchange.response.status)]),
    };
    Ok(found.map(Value::String).into_iter().collect())
}

fn location(part: LocationPart, text: &str, asked: &str) -> Option<String> {
    if part == LocationPart::Url {
        return Some(text.to_owned());
    }
    let location = Location::parse(text, asked)?;
    match part {
        LocationPart::Type => Some(location.resource_type),
        LocationPart::Id => Some(location.id),
        LocationPart::Version => location.version,
        LocationPart::Url => None,
    }
}

/// The URL of the first link of a Bundle with a relation.
#[must_use]
pub fn link<'a>(bundle: &'a Value, relation: &str) -> Option<&'a str> {
    let links = bundle.get("link")?.as_array()?;
    let found = links
        .iter()
        .find(|link| link.get("relation").and_then(Value::as_str) == Some(relation))?;
    found.get("url")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_link_is_found_by_its_relation() {
        let bundle = json!({ "link": [{ "relation": "self", "url": "a" }, { "relation": "next", "url": "b" }] });
        assert_eq!(link(&bundle, "next"), Some("b"));
        assert_eq!(link(&json!({ "link": "x" }), "next"), None);
    }

    #[test]
    fn parts_of_a_location() {
        let asked = "http://localhost/fhir/Patient";
        let text = "http://localhost/fhir/Patient/17/_history/1";
        assert_eq!(location(LocationPart::Version, text, asked).as_deref(), Some("1"));
        assert_eq!(location(LocationPart::Url, text, asked).as_deref(), Some(text));
        assert_eq!(location(LocationPart::Version, "Patient/17", asked), None);
    }
}
