//! Which codes a value set allows, where that can be told from the definitions alone.

use serde_json::Value;

use super::definitions::Definitions;
use crate::fhir::concepts::{concepts, narrow};

/// A code with the system it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The canonical of its code system.
    pub system: String,
    /// The code itself.
    pub code: String,
}

/// Whose codes are ours to ship: HL7's own systems. Others have licences of their own, such bindings stay unchecked.
const SHIPPED: [&str; 2] = ["http://hl7.org/", "http://terminology.hl7.org/"];

/// Value sets may name each other; no published one does so deeper.
const DEEPEST: usize = 8;

/// Why the codes of a value set cannot be enumerated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Open {
    /// There is no such value set, or it says nothing of what it is composed of.
    #[error("{0} is not among the definitions")]
    Unknown(String),
    /// Value sets that name each other without end, or too deeply.
    #[error("{0} takes in value sets too deeply")]
    Deep(String),
    /// The system is somebody else's.
    #[error("{0} is no code system of HL7, so that its codes are not shipped")]
    Foreign(String),
    /// The system is not at hand, or not completely.
    #[error("{0} is not completely among the definitions")]
    Incomplete(String),
    /// It is a choice by something other than the hierarchy of the concepts, or an intersection.
    #[error("{0} is narrowed in a way that needs a terminology service")]
    Filtered(String),
    /// Nothing is left.
    #[error("{0} has no codes")]
    Empty(String),
}

/// The codes of a value set in the order of its definition.
///
/// # Errors
/// Why they cannot be enumerated: the value set is not at hand, filters by something other than the hierarchy, or takes in
/// a code system that is not HL7's or not complete here.
pub fn enumerate(definitions: &Definitions, canonical: &str) -> Result<Vec<Code>, Open> {
    let mut codes = Vec::new();
    expand(definitions, canonical, 0, &mut codes)?;
    let mut seen = std::collections::BTreeSet::new();
    codes.retain(|code| seen.insert(code.clone()));
    if codes.is_empty() {
        return Err(Open::Empty(canonical.to_owned()));
    }
    Ok(codes)
}

fn expand(definitions: &Definitions, canonical: &str, depth: usize, codes: &mut Vec<Code>) -> Result<(), Open> {
    if depth == DEEPEST {
        return Err(Open::Deep(canonical.to_owned()));
    }
    let url = canonical.split('|').next().unwrap_or_default();
    let value_set = definitions.value_sets.get(url);
    let unknown = || Open::Unknown(canonical.to_owned());
    let compose = &value_set.ok_or_else(unknown)?["compose"];
    let mut found = Vec::new();
    for include in compose["include"].as_array().ok_or_else(unknown)? {
        add(definitions, include, depth, &mut found)?;
    }
    let mut excluded = Vec::new();
    for exclude in compose["exclude"].as_array().into_iter().flatten() {
        add(definitions, exclude, depth, &mut excluded)?;
    }
    codes.extend(found.into_iter().filter(|code| !excluded.contains(code)));
    Ok(())
}

/// One `include` or `exclude`: codes of a system, or of other value sets. Both at once would be an intersection,
/// which no binding of the specification uses; nor does one use the intersection of several value sets.
fn add(definitions: &Definitions, include: &Value, depth: usize, codes: &mut Vec<Code>) -> Result<(), Open> {
    let value_sets = include["valueSet"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(system) = include["system"].as_str() else {
        return match value_sets {
            [Value::String(one)] => expand(definitions, one, depth + 1, codes),
            _ => Err(Open::Filtered("an intersection of value sets".to_owned())),
        };
    };
    let foreign = !SHIPPED.iter().any(|shipped| system.starts_with(shipped));
    if foreign {
        return Err(Open::Foreign(system.to_owned()));
    }
    let filtered = || Open::Filtered(system.to_owned());
    if !value_sets.is_empty() {
        return Err(filtered());
    }
    let of_system = |code: &str| Code {
        system: system.to_owned(),
        code: code.to_owned(),
    };
    if let Some(concepts) = include["concept"].as_array() {
        let listed = concepts.iter().filter_map(|concept| concept["code"].as_str());
        codes.extend(listed.map(of_system));
        return Ok(());
    }
    let code_system = definitions.code_systems.get(system);
    let code_system = code_system
        .filter(|found| found["content"] == "complete")
        .ok_or_else(|| Open::Incomplete(system.to_owned()))?;
    let mut all = concepts(code_system);
    for filter in include["filter"].as_array().into_iter().flatten() {
        // HL7's own value sets write `code` too.
        narrow(&mut all, filter, &["concept", "code"]).ok_or_else(filtered)?;
    }
    codes.extend(all.iter().map(|concept| of_system(concept.code)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definitions() -> Definitions {
        let mut definitions = Definitions::default();
        let system = json!({"url": "http://hl7.org/fhir/cs", "content": "complete", "concept": [
            {"code": "a", "concept": [{"code": "a1"}, {"code": "a2"}]}, {"code": "b"}]});
        definitions
            .code_systems
            .insert("http://hl7.org/fhir/cs".to_owned(), system);
        let sets = [
            ("urn:all", json!({"include": [{"system": "http://hl7.org/fhir/cs"}]})),
            (
                "urn:below",
                json!({"include": [{"system": "http://hl7.org/fhir/cs",
                "filter": [{"property": "concept", "op": "descendent-of", "value": "a"}]}]}),
            ),
            (
                "urn:less",
                json!({"include": [{"valueSet": ["urn:all"]}],
                "exclude": [{"system": "http://hl7.org/fhir/cs", "concept": [{"code": "a1"}]}]}),
            ),
            (
                "urn:licensed",
                json!({"include": [{"system": "http://loinc.org", "concept": [{"code": "1-1"}]}]}),
            ),
            ("urn:open", json!({"include": [{"system": "urn:elsewhere"}]})),
            (
                "urn:several",
                json!({"include": [{"valueSet": ["urn:all", "urn:below"]}]}),
            ),
            ("urn:loop", json!({"include": [{"valueSet": ["urn:loop"]}]})),
        ];
        for (url, compose) in sets {
            definitions
                .value_sets
                .insert(url.to_owned(), json!({"compose": compose}));
        }
        definitions
    }

    #[test]
    fn closed_value_sets_are_enumerated_and_open_ones_are_not() {
        let definitions = definitions();
        let codes = |set: &str| {
            let codes = enumerate(&definitions, set).ok()?;
            Some(codes.into_iter().map(|code| code.code).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(codes("urn:all|1.0").as_deref(), Some("a a1 a2 b"));
        assert_eq!(codes("urn:below").as_deref(), Some("a1 a2"));
        assert_eq!(codes("urn:less").as_deref(), Some("a a2 b"));
        for open in ["urn:licensed", "urn:open", "urn:loop", "urn:unknown", "urn:several"] {
            assert_eq!(codes(open), None, "{open}");
        }
        let why = enumerate(&definitions, "urn:licensed").unwrap_err().to_string();
        assert_eq!(
            why,
            "http://loinc.org is no code system of HL7, so that its codes are not shipped"
        );
    }
}
