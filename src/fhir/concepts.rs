//! The concepts of a code system by their hierarchy, and what the filters of a value set choose of them
//! (`valueset.html#compositions`, `codesystem.html#hierarchy`).

use serde_json::Value;

/// A code, and those above it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::fhir) struct Concept<'a> {
    pub code: &'a str,
    above: Vec<&'a str>,
}

/// Every concept of a CodeSystem, each before those below it.
pub(in crate::fhir) fn concepts(code_system: &Value) -> Vec<Concept<'_>> {
    let mut all = Vec::new();
    flatten(&code_system["concept"], &mut Vec::new(), &mut all);
    all
}

fn flatten<'a>(concepts: &'a Value, above: &mut Vec<&'a str>, all: &mut Vec<Concept<'a>>) {
    for concept in concepts.as_array().into_iter().flatten() {
        let Some(code) = concept["code"].as_str() else { continue };
        all.push(Concept {
            code,
            above: above.clone(),
        });
        above.push(code);
        flatten(&concept["concept"], above, all);
        above.pop();
    }
}

/// Keeps what a filter by the hierarchy chooses: `is-a` and `descendent-of`, by one of these names for the hierarchy. `None`
/// for any other filter, which would need a terminology service.
pub(in crate::fhir) fn narrow(concepts: &mut Vec<Concept<'_>>, filter: &Value, names: &[&str]) -> Option<()> {
    let root = filter["value"].as_str()?;
    if !names.contains(&filter["property"].as_str()?) {
        return None;
    }
    match filter["op"].as_str()? {
        "is-a" => concepts.retain(|concept| concept.code == root || concept.above.contains(&root)),
        "descendent-of" => concepts.retain(|concept| concept.above.contains(&root)),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(filter: &Value) -> Option<String> {
        let system = json!({"concept": [
            {"code": "a", "concept": [{"code": "b", "concept": [{"code": "c"}]}, {"code": "d"}]}, {"code": "e"}, {"display": "no code"}]});
        let mut all = concepts(&system);
        narrow(&mut all, filter, &["concept"])?;
        Some(all.iter().map(|concept| concept.code).collect())
    }

    #[test]
    fn filters_choose_by_the_hierarchy() {
        let filter = |property: &str, op: &str, value: &str| json!({"property": property, "op": op, "value": value});
        assert_eq!(chosen(&filter("concept", "is-a", "b")).unwrap(), "bc");
        assert_eq!(chosen(&filter("concept", "is-a", "a")).unwrap(), "abcd");
        assert_eq!(chosen(&filter("concept", "descendent-of", "a")).unwrap(), "bcd");
        assert_eq!(chosen(&filter("concept", "descendent-of", "x")).unwrap(), "");
        for other in [
            filter("code", "is-a", "a"),
            filter("concept", "regex", "a"),
            json!({"property": "concept", "op": "is-a"}),
        ] {
            assert_eq!(chosen(&other), None, "{other}");
        }
    }
}
