//! Which codes a value set allows, where that can be told from the definitions alone.

use serde_json::Value;

use super::definitions::Definitions;

/// A code with the system it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The canonical of its code system.
    pub system: String,
    /// The code itself.
    pub code: String,
}

/// Systems whose content has a licence of its own: their codes are not copied, such bindings stay unchecked.
const LICENSED: [&str; 2] = ["http://snomed.info/sct", "http://loinc.org"];

/// Value sets may name each other; no published one does so deeper.
const DEEPEST: usize = 8;

/// The codes of a value set in the order of its definition, or `None` when they cannot be enumerated: it is not at
/// hand, filters by something other than the hierarchy, or takes in a code system that is not complete here.
#[must_use]
pub fn enumerate(definitions: &Definitions, canonical: &str) -> Option<Vec<Code>> {
    let mut codes = Vec::new();
    expand(definitions, canonical, 0, &mut codes)?;
    let mut seen = std::collections::BTreeSet::new();
    codes.retain(|code| seen.insert(code.clone()));
    (!codes.is_empty()).then_some(codes)
}

fn expand(definitions: &Definitions, canonical: &str, depth: usize, codes: &mut Vec<Code>) -> Option<()> {
    let url = canonical.split('|').next()?;
    let value_set = definitions.value_sets.get(url).filter(|_| depth < DEEPEST)?;
    let compose = &value_set["compose"];
    let includes = compose["include"].as_array()?;
    let mut found = Vec::new();
    for include in includes {
        add(definitions, include, depth, &mut found)?;
    }
    let mut excluded = Vec::new();
    for exclude in compose["exclude"].as_array().into_iter().flatten() {
        add(definitions, exclude, depth, &mut excluded)?;
    }
    codes.extend(found.into_iter().filter(|code| !excluded.contains(code)));
    Some(())
}

/// One `include` or `exclude`: codes of a system, or of other value sets. Both at once would be an intersection,
/// which no binding of the specification uses.
fn add(definitions: &Definitions, include: &Value, depth: usize, codes: &mut Vec<Code>) -> Option<()> {
    let value_sets = include["valueSet"].as_array();
    let Some(system) = include["system"].as_str() else {
        return value_sets?
            .iter()
            .try_for_each(|set| expand(definitions, set.as_str()?, depth + 1, codes));
    };
    if value_sets.is_some() || LICENSED.contains(&system) {
        return None;
    }
    if let Some(concepts) = include["concept"].as_array() {
        let listed = concepts.iter().filter_map(|concept| concept["code"].as_str());
        codes.extend(listed.map(|code| Code {
            system: system.to_owned(),
            code: code.to_owned(),
        }));
        return Some(());
    }
    let code_system = definitions.code_systems.get(system)?;
    if code_system["content"] != "complete" {
        return None;
    }
    let mut all = Vec::new();
    flatten(&code_system["concept"], &mut Vec::new(), &mut all);
    let filters = include["filter"].as_array().map(Vec::as_slice).unwrap_or_default();
    for filter in filters {
        let root = filter["value"].as_str()?;
        match (filter["property"].as_str()?, filter["op"].as_str()?) {
            ("concept", "is-a") => all.retain(|(code, path)| code == root || path.iter().any(|above| above == root)),
            ("concept", "descendent-of") => all.retain(|(_, path)| path.iter().any(|above| above == root)),
            _ => return None,
        }
    }
    codes.extend(all.into_iter().map(|(code, _)| Code {
        system: system.to_owned(),
        code,
    }));
    Some(())
}

/// Every concept of a code system with those above it.
fn flatten(concepts: &Value, path: &mut Vec<String>, all: &mut Vec<(String, Vec<String>)>) {
    for concept in concepts.as_array().into_iter().flatten() {
        let Some(code) = concept["code"].as_str() else { continue };
        all.push((code.to_owned(), path.clone()));
        path.push(code.to_owned());
        flatten(&concept["concept"], path, all);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definitions() -> Definitions {
        let mut definitions = Definitions::default();
        let system = json!({"url": "urn:cs", "content": "complete", "concept": [
            {"code": "a", "concept": [{"code": "a1"}, {"code": "a2"}]}, {"code": "b"}]});
        definitions.code_systems.insert("urn:cs".to_owned(), system);
        let sets = [
            ("urn:all", json!({"include": [{"system": "urn:cs"}]})),
            (
                "urn:below",
                json!({"include": [{"system": "urn:cs",
                "filter": [{"property": "concept", "op": "descendent-of", "value": "a"}]}]}),
            ),
            (
                "urn:less",
                json!({"include": [{"valueSet": ["urn:all"]}],
                "exclude": [{"system": "urn:cs", "concept": [{"code": "a1"}]}]}),
            ),
            (
                "urn:licensed",
                json!({"include": [{"system": "http://loinc.org", "concept": [{"code": "1-1"}]}]}),
            ),
            ("urn:open", json!({"include": [{"system": "urn:elsewhere"}]})),
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
            let codes = enumerate(&definitions, set)?;
            Some(codes.into_iter().map(|code| code.code).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(codes("urn:all|1.0").as_deref(), Some("a a1 a2 b"));
        assert_eq!(codes("urn:below").as_deref(), Some("a1 a2"));
        assert_eq!(codes("urn:less").as_deref(), Some("a a2 b"));
        for open in ["urn:licensed", "urn:open", "urn:loop", "urn:unknown"] {
            assert_eq!(codes(open), None, "{open}");
        }
    }
}
