//! The table of search parameters: what each is called, and where in a resource its values are.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::fhir::{FhirVersion, SearchParameterType};

/// The parameters by type.
type Table = HashMap<&'static str, Vec<Definition>>;

/// Read when the first search or the first CapabilityStatement needs it, so that starting costs nothing.
fn table(release: FhirVersion) -> &'static Table {
    static ALL: [OnceLock<Table>; FhirVersion::ALL.len()] = [const { OnceLock::new() }; FhirVersion::ALL.len()];
    ALL[release as usize].get_or_init(|| {
        let mut table = Table::new();
        for line in text(release).lines() {
            if let Some((resource_type, definition)) = Definition::parse(line) {
                table.entry(resource_type).or_default().push(definition);
            }
        }
        table
    })
}

fn text(release: FhirVersion) -> &'static str {
    match release {
        FhirVersion::Dstu2 => "",
        FhirVersion::R4 => include_str!("parameters-r4.txt"),
        FhirVersion::R4B => include_str!("parameters-r4b.txt"),
        FhirVersion::R5 => include_str!("parameters-r5.txt"),
        FhirVersion::R6 => include_str!("parameters-r6.txt"),
    }
}

/// One search parameter of one resource type.
#[derive(Debug)]
pub(in crate::server) struct Definition {
    pub name: &'static str,
    pub kind: SearchParameterType,
    /// The last segment of the URL of its definition.
    id: &'static str,
    /// Where its values are; for a composite see `composites`.
    pub paths: Vec<Path>,
    /// The code system that a plain code implies.
    pub implied: Option<&'static str>,
    /// Whether the value is that there is something other than false at the paths.
    pub existence: bool,
    pub composites: Vec<Composite>,
}

/// The components of a composite, below each element of a base.
#[derive(Debug)]
pub(in crate::server) struct Composite {
    pub base: Path,
    pub components: Vec<(SearchParameterType, Vec<Path>)>,
}

/// A way from an element down to its values. Arrays on the way are walked through.
#[derive(Debug, Default)]
pub(in crate::server) struct Path {
    pub steps: Vec<&'static str>,
    /// Only values with this property.
    pub with: Option<(&'static str, &'static str)>,
    /// Only references to this type.
    pub target: Option<&'static str>,
}

impl Definition {
    /// Reads a line of the table; `None` for comments.
    fn parse(line: &'static str) -> Option<(&'static str, Self)> {
        let mut columns = line.split(' ');
        let (resource_type, name, kind) = (columns.next()?, columns.next()?, columns.next()?.parse().ok()?);
        let (id, text) = (columns.next()?, columns.next()?);
        let mut definition = Self {
            name,
            kind,
            id,
            paths: Vec::new(),
            implied: None,
            existence: false,
            composites: Vec::new(),
        };
        if kind == SearchParameterType::Composite {
            definition.composites = text.split(';').filter_map(Composite::parse).collect();
        } else {
            let (text, implied) = text
                .split_once('@')
                .map_or((text, None), |(text, system)| (text, Some(system)));
            let bare = text.strip_prefix('?');
            definition.existence = bare.is_some();
            definition.implied = implied;
            definition.paths = Path::parse_all(bare.unwrap_or(text));
        }
        Some((resource_type, definition))
    }

    /// The parameter of a type by its name; those of every type included.
    pub fn find(release: FhirVersion, resource_type: &str, name: &str) -> Option<&'static Self> {
        let own = Self::of_type(release, resource_type);
        own.iter()
            .chain(Self::of_every_type(release))
            .find(|definition| definition.name == name)
    }

    /// The parameters that only this type has.
    pub fn of_type(release: FhirVersion, resource_type: &str) -> &'static [Self] {
        table(release).get(resource_type).map_or(&[], Vec::as_slice)
    }

    /// The parameters that every type has.
    pub fn of_every_type(release: FhirVersion) -> &'static [Self] {
        Self::of_type(release, "*")
    }

    /// The canonical URL of the definition.
    pub fn url(&self) -> String {
        format!("http://hl7.org/fhir/SearchParameter/{}", self.id)
    }
}

impl Composite {
    fn parse(text: &'static str) -> Option<Self> {
        let (base, components) = text.strip_suffix(')')?.split_once('(')?;
        let base = if base == "." {
            Path::default()
        } else {
            Path::parse(base)
        };
        let components = components.split('$').map(|component| {
            let (kind, paths) = component.split_once(':')?;
            Some((kind.parse().ok()?, Path::parse_all(paths)))
        });
        Some(Self {
            base,
            components: components.collect::<Option<_>>()?,
        })
    }
}

impl Path {
    fn parse_all(text: &'static str) -> Vec<Self> {
        text.split('|').map(Self::parse).collect()
    }

    /// Reads one path of a table.
    pub(super) fn parse(text: &'static str) -> Self {
        let (text, target) = text
            .split_once("->")
            .map_or((text, None), |(text, target)| (text, Some(target)));
        let (text, with) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((text, with)) => (text, with.split_once('=')),
            None => (text, None),
        };
        Self {
            steps: text.split('.').collect(),
            with,
            target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::ResourceType;
    use crate::server::elements::Elements;

    #[test]
    fn every_line_of_the_table_is_understood() {
        for release in FhirVersion::HTTP {
            let lines = text(release).lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(table(release).values().map(Vec::len).sum::<usize>(), lines, "{release}");
            table(release)
                .iter()
                .for_each(|(name, definitions)| is_sound(release, name, definitions));
        }
    }

    fn is_sound(release: FhirVersion, resource_type: &str, definitions: &[Definition]) {
        assert!(resource_type == "*" || ResourceType::parse(release, resource_type).is_some());
        let elements = Elements::of(release, resource_type);
        for definition in definitions {
            let composite = definition.kind == SearchParameterType::Composite;
            assert_eq!(composite, definition.paths.is_empty(), "{}", definition.name);
            assert_eq!(composite, !definition.composites.is_empty(), "{}", definition.name);
            // Every path begins with an element that the type really has.
            for path in definition.paths.iter().filter(|_| resource_type != "*") {
                assert!(
                    elements.element_of(path.steps[0]).is_some(),
                    "{resource_type}.{}",
                    path.steps[0]
                );
            }
        }
    }

    #[test]
    fn paths_carry_their_conditions() {
        let email = Definition::find(FhirVersion::R4, "Patient", "email").unwrap();
        assert_eq!(
            (email.paths[0].steps.as_slice(), email.paths[0].with),
            (["telecom"].as_slice(), Some(("system", "email")))
        );
        assert_eq!(
            Definition::find(FhirVersion::R4, "Encounter", "practitioner")
                .unwrap()
                .paths[0]
                .target,
            Some("Practitioner")
        );
        assert!(
            Definition::find(FhirVersion::R4, "Patient", "deceased")
                .unwrap()
                .existence
        );
        assert_eq!(
            Definition::find(FhirVersion::R4, "Patient", "gender").unwrap().implied,
            Some("http://hl7.org/fhir/administrative-gender")
        );
        assert_eq!(
            Definition::find(FhirVersion::R4, "Observation", "combo-code-value-quantity")
                .unwrap()
                .composites
                .len(),
            2
        );
        assert_eq!(
            Definition::find(FhirVersion::R4, "Patient", "_id").unwrap().url(),
            "http://hl7.org/fhir/SearchParameter/Resource-id"
        );
        assert!(Definition::find(FhirVersion::R4, "Basic", "birthdate").is_none());
    }
}
