//! The tables of the reference server are made from HL7's definitions, here.
//!
//! Where the environment variable `FHIR_DEFINITIONS` names a folder with the R4 definitions (`*.profile.json` and
//! `search-parameters.json` of HL7's `definitions.json.zip`), the test makes both tables and compares them with the
//! committed ones. With `FHIR_DEFINITIONS_UPDATE` set as well, it writes them instead.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The types whose search parameters are offered.
const SEARCHED: [&str; 6] = [
    "Patient",
    "Observation",
    "Procedure",
    "Encounter",
    "Practitioner",
    "Condition",
];
/// Numbers are rare: this one parameter stands for their kind.
const NUMBER: (&str, &str) = ("RiskAssessment", "probability");
/// Parameters that would need an algorithm that the server does not have, or another interface.
const LEFT_OUT: [&str; 4] = ["phonetic", "_text", "_content", "_query"];

/// The code systems that plain codes imply, by the definition of their parameter.
const IMPLIED: [(&str, &str); 5] = [
    ("individual-gender", "http://hl7.org/fhir/administrative-gender"),
    ("individual-address-use", "http://hl7.org/fhir/address-use"),
    ("Encounter-status", "http://hl7.org/fhir/encounter-status"),
    ("Observation-status", "http://hl7.org/fhir/observation-status"),
    ("Procedure-status", "http://hl7.org/fhir/event-status"),
];

/// What every resource has is not repeated for each.
const COMMON: [&str; 8] = [
    "id",
    "meta",
    "implicitRules",
    "language",
    "text",
    "contained",
    "extension",
    "modifierExtension",
];

#[derive(Debug)]
struct Element {
    name: String,
    flags: String,
    types: Vec<String>,
}

type Types = BTreeMap<String, Vec<Element>>;

#[test]
fn the_tables_are_those_of_the_definitions() {
    let Some(folder) = std::env::var_os("FHIR_DEFINITIONS").map(PathBuf::from) else {
        return;
    };
    let types = types(&folder);
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server");
    for (file, made) in [
        ("elements-r4.txt", elements(&types)),
        (
            "search/parameters-r4.txt",
            parameters(&json(&folder.join("search-parameters.json")), &types),
        ),
    ] {
        let path = server.join(file);
        let committed = std::fs::read_to_string(&path).unwrap();
        let head = committed
            .lines()
            .filter(|line| line.starts_with('#'))
            .fold(String::new(), |all, line| all + line + "\n");
        let made = head + &made;
        if std::env::var_os("FHIR_DEFINITIONS_UPDATE").is_some() {
            std::fs::write(&path, &made).unwrap();
        } else {
            let first = made
                .lines()
                .zip(committed.lines())
                .find(|(made, committed)| made != committed);
            assert!(made == committed, "{file} differs: {first:?}");
        }
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The top-level elements of every concrete resource type, from the snapshots.
fn types(folder: &Path) -> Types {
    let mut types = Types::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if !path.to_str().unwrap().ends_with(".profile.json") {
            continue;
        }
        let profile = json(&path);
        let concrete =
            profile["kind"] == "resource" && profile["derivation"] == "specialization" && profile["abstract"] != true;
        if !concrete {
            continue;
        }
        let all = profile["snapshot"]["element"].as_array().unwrap();
        let own = all.iter().filter_map(|element| {
            let (_, name) = element["path"].as_str()?.split_once('.')?;
            (!name.contains('.') && !COMMON.contains(&name)).then(|| self::element(name, element))
        });
        types.insert(profile["type"].as_str().unwrap().to_owned(), own.collect());
    }
    types
}

fn element(name: &str, element: &Value) -> Element {
    let mut flags = match (element["min"].as_u64(), element["max"].as_str()) {
        (Some(0), Some("1")) => "?",
        (Some(1), Some("1")) => "!",
        (Some(0), Some("*")) => "*",
        (Some(_), Some(_)) => "+",
        _ => panic!("no cardinality: {element}"),
    }
    .to_owned();
    for (property, flag) in [("isSummary", 's'), ("isModifier", 'm')] {
        flags.extend((element[property] == true).then_some(flag));
    }
    let types = element["type"].as_array().into_iter().flatten().map(|one| {
        let code = one["code"].as_str().unwrap().rsplit('/').next().unwrap();
        if code == "BackboneElement" { "_" } else { code }.to_owned()
    });
    let mut types: Vec<String> = types.collect();
    // A contentReference has the shape of another element.
    if types.is_empty() {
        types.push("_".to_owned());
    }
    Element {
        name: name.to_owned(),
        flags,
        types,
    }
}

fn elements(types: &Types) -> String {
    let line = |(name, elements): (&String, &Vec<Element>)| {
        let elements = elements
            .iter()
            .map(|one| format!(" {}={}:{}", one.name, one.flags, one.types.join("|")));
        format!("{name}{}\n", elements.collect::<String>())
    };
    types.iter().map(line).collect()
}

fn parameters(definitions: &Value, types: &Types) -> String {
    let all: Vec<&Value> = definitions["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .collect();
    let mut rows = Vec::new();
    for definition in &all {
        let code = definition["code"].as_str().unwrap();
        for base in definition["base"].as_array().unwrap() {
            let base = base.as_str().unwrap();
            let order = match base {
                "Resource" => 0,
                _ if (base, code) == NUMBER => SEARCHED.len() + 1,
                _ => match SEARCHED.iter().position(|name| *name == base) {
                    Some(at) => at + 1,
                    None => continue,
                },
            };
            if LEFT_OUT.contains(&code) {
                continue;
            }
            let kind = definition["type"].as_str().unwrap();
            let paths = paths(definition, base, kind, types, &all);
            let name = if base == "Resource" { "*" } else { base };
            rows.push((
                order,
                code.to_owned(),
                format!("{name} {code} {kind} {} {paths}\n", id(&definition["url"])),
            ));
        }
    }
    rows.sort();
    rows.into_iter().map(|(_, _, row)| row).collect()
}

fn id(url: &Value) -> &str {
    url.as_str().unwrap().rsplit('/').next().unwrap()
}

/// Rewrites the FHIRPath of a definition as the paths of the table.
fn paths(definition: &Value, base: &str, kind: &str, types: &Types, all: &[&Value]) -> String {
    let parts = definition["expression"].as_str().unwrap().split('|').map(str::trim);
    let own = parts.filter(|part| {
        let part = part.trim_start_matches('(');
        part.strip_prefix(base)
            .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
    });
    if kind == "composite" {
        let composites = own.map(|part| {
            let at = part[base.len()..].trim_start_matches('.');
            format!(
                "{}({})",
                if at.is_empty() { "." } else { at },
                components(definition, all)
            )
        });
        return composites.collect::<Vec<_>>().join(";");
    }
    let mut found: Vec<String> = own.flat_map(|part| path(part, base, kind, types)).collect();
    let implied = IMPLIED.iter().find(|(known, _)| *known == id(&definition["url"]));
    if let (Some((_, system)), Some(last)) = (implied, found.last_mut()) {
        last.push('@');
        last.push_str(system);
    }
    found.join("|")
}

fn components(definition: &Value, all: &[&Value]) -> String {
    let components = definition["component"].as_array().unwrap().iter().map(|component| {
        let of = all
            .iter()
            .find(|known| known["url"] == component["definition"])
            .unwrap();
        let alternatives =
            component["expression"]
                .as_str()
                .unwrap()
                .split('|')
                .map(|text| match text.trim().split_once(".as(") {
                    Some((name, data_type)) => choice(name, data_type.trim_end_matches(')')),
                    None => text.trim().to_owned(),
                });
        format!(
            "{}:{}",
            of["type"].as_str().unwrap(),
            alternatives.collect::<Vec<_>>().join("|")
        )
    });
    components.collect::<Vec<_>>().join("$")
}

/// The JSON name of a choice: `value` as `string` is `valueString`.
fn choice(name: &str, data_type: &str) -> String {
    format!("{name}{}{}", data_type[..1].to_uppercase(), &data_type[1..])
}

fn path(part: &str, base: &str, kind: &str, types: &Types) -> Vec<String> {
    if part == "Patient.deceased.exists() and Patient.deceased != false" {
        return vec!["?deceasedBoolean".into(), "deceasedDateTime".into()];
    }
    let text = part
        .trim_start_matches('(')
        .strip_prefix(base)
        .unwrap()
        .trim_start_matches('.');
    // (Observation.value as Quantity), (Observation.value as CodeableConcept).text
    if let Some((name, rest)) = text.split_once(" as ") {
        let (data_type, below) = rest.split_once(')').unwrap();
        return vec![choice(name, data_type) + below];
    }
    if let Some((name, data_type)) = text.split_once(".as(") {
        return vec![choice(name, data_type.trim_end_matches(')'))];
    }
    if let Some((name, condition)) = text.split_once(".where(resolve() is ") {
        return vec![format!("{name}->{}", condition.trim_end_matches(')'))];
    }
    if let Some((name, condition)) = text.split_once(".where(") {
        return vec![format!("{name}[{}]", condition.trim_end_matches(')').replace('\'', ""))];
    }
    // A choice without `as` is searched in all of its types; dates and numbers in those that have some.
    if let Some((before, last)) = text.rsplit_once('.').or(Some(("", text)))
        && let Some(data_types) = choice_types(base, text, last, types)
    {
        let searched = data_types
            .into_iter()
            .filter(|name| kind != "date" || !["Age", "Range", "string"].contains(&name.as_str()));
        let prefix = if before.is_empty() {
            String::new()
        } else {
            format!("{before}.")
        };
        return searched
            .map(|data_type| prefix.clone() + &choice(last, &data_type))
            .collect();
    }
    vec![text.to_owned()]
}

fn choice_types(base: &str, text: &str, last: &str, types: &Types) -> Option<Vec<String>> {
    // Below the top level only one choice is searched without naming its type.
    if text == "prediction.probability" {
        return Some(vec!["decimal".into(), "Range".into()]);
    }
    let element = types
        .get(base)?
        .iter()
        .find(|element| element.name == format!("{text}[x]") && text == last)?;
    Some(element.types.clone())
}
