//! Preconditions: If-Match, If-None-Match and If-Modified-Since over versions.

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::Timestamp;

use super::reply::Refusal;
use super::store::Version;
use crate::fhir::time::parse_http_date;

/// The entity tags of one header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// What stands between the quotes of each. `W/` is taken off: FHIR compares version ids (`http.html#concurrency`).
    These(Vec<String>),
}

impl Tags {
    fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Refusal> {
        let mut tags = Vec::new();
        let mut present = false;
        for value in headers.get_all(name) {
            present = true;
            let malformed = || Refusal::invalid(format!("{name} holds no entity tags, such as W/\"1\""));
            let text = value.to_str().map_err(|_| malformed())?;
            if text.trim() == "*" {
                return Ok(Some(Self::Any));
            }
            for tag in text.split(',') {
                let tag = tag.trim();
                let tag = tag.strip_prefix("W/").unwrap_or(tag);
                let opaque = tag
                    .strip_prefix('"')
                    .and_then(|tag| tag.strip_suffix('"'))
                    .ok_or_else(malformed)?;
                tags.push(opaque.to_owned());
            }
        }
        Ok(present.then_some(Self::These(tags)))
    }

    /// Whether the resource is there in one of these versions. A deletion can be named, but `*` does not mean it.
    fn name(&self, current: Option<&Version>) -> bool {
        match self {
            Self::Any => current.is_some_and(|version| version.resource.is_some()),
            Self::These(tags) => current.is_some_and(|version| tags.contains(&version.version_id)),
        }
    }
}

/// What has to hold for a write to be done.
#[derive(Clone, Debug, Default)]
pub(super) struct Precondition {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

impl Precondition {
    /// Reads If-Match and If-None-Match; refuses what is no list of entity tags.
    pub fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        Ok(Self {
            if_match: Tags::of(headers, &IF_MATCH)?,
            if_none_match: Tags::of(headers, &IF_NONE_MATCH)?,
        })
    }

    /// Refuses with 412 where the current version, deletions included, is not the one that the client expects.
    pub fn check(&self, current: Option<&Version>) -> Result<(), Refusal> {
        let refusal = |text: String| Err(Refusal::new(StatusCode::PRECONDITION_FAILED, "conflict", text));
        if self.if_match.as_ref().is_some_and(|tags| !tags.name(current)) {
            return refusal(match current {
                Some(version) => format!(
                    "If-Match does not name the current version, which is {}",
                    version.etag()
                ),
                None => "If-Match names a version, but the resource does not exist".into(),
            });
        }
        if self.if_none_match.as_ref().is_some_and(|tags| tags.name(current)) {
            return refusal("If-None-Match excludes the version that exists".into());
        }
        Ok(())
    }
}

/// Whether a read may be answered 304: the client has the version already (`http.html#cread`).
///
/// If-None-Match wins over If-Modified-Since, which compares whole seconds; `modified` is none where that would not
/// tell this version from the one before. Headers that cannot be read are ignored.
pub(super) fn is_unchanged(headers: &HeaderMap, version_id: &str, modified: Option<Timestamp>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        return match Tags::of(headers, &IF_NONE_MATCH) {
            Ok(Some(Tags::Any)) => true,
            Ok(Some(Tags::These(tags))) => tags.iter().any(|tag| tag == version_id),
            _ => false,
        };
    }
    let since = headers
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| parse_http_date(value.to_str().ok()?));
    matches!((since, modified), (Some(since), Some(modified)) if modified.as_second() <= since.as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::store::{Store, new_id};
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn tags_are_compared_by_version_id() {
        let store = Store::default();
        let version = store
            .write()
            .create("Patient", &new_id(), json!({ "resourceType": "Patient" }));
        let check = |name: HeaderName, value: &str, current: Option<&Version>| {
            Precondition::of(&headers(&[(name, value)]))
                .and_then(|precondition| precondition.check(current))
                .map_err(|r| r.status.as_u16())
        };
        for holds in ["W/\"1\"", "\"1\"", "*", "W/\"7\", W/\"1\""] {
            assert_eq!(check(IF_MATCH, holds, Some(&version)), Ok(()), "{holds}");
            assert_eq!(check(IF_NONE_MATCH, holds, Some(&version)), Err(412), "{holds}");
            assert_eq!(check(IF_MATCH, holds, None), Err(412), "{holds}");
            assert_eq!(check(IF_NONE_MATCH, holds, None), Ok(()), "{holds}");
        }
        assert_eq!(check(IF_MATCH, "W/\"no-such\"", Some(&version)), Err(412));
        for malformed in ["1", "W/1", "", "\"1"] {
            assert_eq!(check(IF_MATCH, malformed, Some(&version)), Err(400), "{malformed}");
        }
    }

    #[test]
    fn reads_are_compared_by_tag_first_and_by_second_else() {
        let modified = Some("2024-05-01T12:00:00.900Z".parse().unwrap());
        for (pairs, unchanged) in [
            (vec![], false),
            (vec![(IF_NONE_MATCH, "W/\"3\"")], true),
            (vec![(IF_NONE_MATCH, "*")], true),
            (vec![(IF_NONE_MATCH, "W/\"2\"")], false),
            (vec![(IF_NONE_MATCH, "nonsense")], false),
            (vec![(IF_MODIFIED_SINCE, "Wed, 01 May 2024 12:00:00 GMT")], true),
            (vec![(IF_MODIFIED_SINCE, "Wednesday, 01-May-24 12:00:00 GMT")], true),
            (vec![(IF_MODIFIED_SINCE, "Wed, 01 May 2024 11:59:59 GMT")], false),
            (vec![(IF_MODIFIED_SINCE, "yesterday")], false),
            (
                vec![
                    (IF_NONE_MATCH, "W/\"2\""),
                    (IF_MODIFIED_SINCE, "Wed, 01 May 2024 12:00:00 GMT"),
                ],
                false,
            ),
        ] {
            assert_eq!(is_unchanged(&headers(&pairs), "3", modified), unchanged, "{pairs:?}");
        }
    }
}
