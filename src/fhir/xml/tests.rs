use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::shape::{Properties, Property, Shapes, Written, written};
use super::{NAMESPACE, read, write};
use crate::fhir::FhirVersion;
use crate::fhir::model::{Model, TypeKind};

const DIV: &str = "<div xmlns=\"http://www.w3.org/1999/xhtml\">a &amp; b<br/>\r\n <!-- c --><b title='x'>d</b></div>";

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p",
        "meta": { "versionId": "1", "lastUpdated": "2020-01-01T00:00:00Z" },
        "text": { "status": "generated", "div": DIV },
        "contained": [{ "resourceType": "Organization", "id": "o", "name": "<O> & \"P\"\n\tQ" }],
        "extension": [{ "url": "urn:x", "valueDecimal": "1.500".parse::<Number>().unwrap() },
            { "url": "urn:y", "extension": [{ "url": "z", "valueBoolean": false }] }],
        "active": true,
        "name": [{ "id": "n", "given": ["A", null, "C"], "_given": [null, { "extension": [{ "url": "urn:e", "valueCode": "masked" }] }, { "id": "c" }] }],
        "_birthDate": { "extension": [{ "url": "urn:e", "valueCode": "unknown" }] },
        "multipleBirthInteger": 2,
    })
}

#[test]
fn the_parts_of_a_resource_have_their_places() {
    let written = write(&patient(), FhirVersion::R4, true).unwrap();
    insta::assert_snapshot!(written);
    let again = read(&written, FhirVersion::R4).unwrap();
    assert_eq!(again.value, patient());
    assert_eq!(again.faults, []);
}

#[test]
fn prefixes_mean_the_same() {
    let text = "<f:Patient xmlns:f=\"http://hl7.org/fhir\" xmlns:h=\"http://www.w3.org/1999/xhtml\" \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"a b\"><f:text><f:status value=\"empty\"/>\
        <h:div>x</h:div></f:text><f:gender value='other'></f:gender></f:Patient>";
    let found = read(text, FhirVersion::R5).unwrap();
    assert_eq!(found.faults, []);
    let div = "<h:div xmlns:h=\"http://www.w3.org/1999/xhtml\">x</h:div>";
    assert_eq!(
        found.value,
        json!({ "resourceType": "Patient", "text": { "status": "empty", "div": div }, "gender": "other" })
    );
}

#[test]
fn what_is_wrong_fhir_is_left_to_the_judges_of_json() {
    let text = "<Patient xmlns=\"http://hl7.org/fhir\"><active value=\"yes\"/><gender value=\"male\"/><gender value=\"other\"/>\
        <multipleBirthInteger value=\"+1\"/><shoe size=\"43\"><lace value=\"red\"/></shoe></Patient>";
    let found = read(text, FhirVersion::R4).unwrap();
    assert_eq!(
        found.value,
        json!({ "resourceType": "Patient", "active": "yes", "gender": ["male", "other"], "multipleBirthInteger": "+1",
            "shoe": { "size": "43", "lace": "red" } })
    );
    let unknown = read(
        "<Shoe xmlns=\"http://hl7.org/fhir\"><size value=\"43\"/></Shoe>",
        FhirVersion::R4,
    )
    .unwrap();
    assert_eq!(unknown.value, json!({ "resourceType": "Shoe", "size": "43" }));
}

/// Documents that cannot be read, and why.
fn unreadable() -> Vec<(&'static str, String)> {
    let around = |inner: &str| format!("<Patient xmlns=\"{NAMESPACE}\">\n  {inner}\n</Patient>");
    let entities: String = (1..9).fold("<!ENTITY a0 \"ha\">".to_owned(), |text, level| {
        let before = format!("&a{};", level - 1).repeat(10);
        format!("{text}<!ENTITY a{level} \"{before}\">")
    });
    vec![
        ("nothing", String::new()),
        ("text", "hello".to_owned()),
        (
            "a laugh",
            format!("<!DOCTYPE x [{entities}]>{}", around("<id value=\"&a8;\"/>")),
        ),
        (
            "a file",
            format!(
                "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>{}",
                around("<id value=\"&f;\"/>")
            ),
        ),
        ("an entity", around("<id value=\"&nbsp;\"/>")),
        (
            "an entity in text",
            around("<text><div xmlns=\"http://www.w3.org/1999/xhtml\">&nbsp;</div></text>"),
        ),
        ("no namespace", "<Patient/>".to_owned()),
        ("another namespace", "<Patient xmlns=\"urn:hl7-org:v3\"/>".to_owned()),
        ("a page", "<html><body>x</body></html>".to_owned()),
        ("an unbound prefix", "<f:Patient/>".to_owned()),
        (
            "another encoding",
            format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}", around("")),
        ),
        ("another version", format!("<?xml version=\"1.1\"?>{}", around(""))),
        ("a late declaration", around("<?xml version=\"1.0\"?>")),
        ("two resources", format!("{}{}", around(""), around(""))),
        ("an end too early", format!("<Patient xmlns=\"{NAMESPACE}\"><name>")),
        ("another end", around("<name></nome>")),
        ("no quotes", around("<id value=1/>")),
        ("an attribute twice", around("<id value=\"1\" value=\"2\"/>")),
        ("a tag in an attribute", around("<id value=\"<\"/>")),
        ("a character that is none", around("<id value=\"&#1;\"/>")),
        ("a raw character that is none", around("<id value=\"\u{1}\"/>")),
        (
            "depth",
            around(&format!(
                "{}{}",
                "<extension url=\"x\">".repeat(5000),
                "</extension>".repeat(5000)
            )),
        ),
        ("depth of nothing", around(&"<x>".repeat(100_000))),
        (
            "depth in narrative",
            around(&format!(
                "<text><div xmlns=\"http://www.w3.org/1999/xhtml\">{}",
                "<b>".repeat(100_000)
            )),
        ),
        (
            "depth of something else",
            around(&"<x xmlns=\"urn:x\">".repeat(100_000)),
        ),
    ]
}

#[test]
fn hostile_documents_are_refused_with_their_place() {
    let told: Vec<String> = unreadable()
        .into_iter()
        .map(|(what, text)| match read(&text, FhirVersion::R4) {
            Ok(found) => panic!("{what} was read: {}", found.value),
            Err(fault) => format!("{what}: {fault}"),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_json_cannot_say_is_told() {
    let around = |inner: &str| format!("<Patient xmlns=\"{NAMESPACE}\">\n  {inner}\n</Patient>");
    let told: Vec<String> = [
        ("order", "<gender value=\"male\"/><active value=\"true\"/>"),
        ("text", "x<gender value=\"male\"/>"),
        ("CDATA", "<gender value=\"male\"><![CDATA[x]]></gender>"),
        ("an attribute", "<gender value=\"male\" colour=\"red\"/>"),
        ("an empty value", "<gender value=\"\"/>"),
        ("an empty primitive", "<gender/>"),
        ("an empty element", "<name/>"),
        (
            "another namespace",
            "<gender xmlns=\"urn:x\" value=\"male\"><a/></gender>",
        ),
        (
            "narrative of FHIR",
            "<text><status value=\"empty\"/><div>x</div></text>",
        ),
        ("an id that is an element", "<name><id value=\"x\"/></name>"),
        ("contained nothing", "<contained/>"),
        ("contained too much", "<contained><Basic id=\"x\"/><Basic/></contained>"),
    ]
    .into_iter()
    .map(|(what, inner)| {
        let faults = read(&around(inner), FhirVersion::R4).unwrap().faults;
        assert!(!faults.is_empty(), "{what}");
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("{what}: {}", faults.join("; "))
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
    let many = "x<id value=\"1\"/>".repeat(1000);
    assert_eq!(read(&around(&many), FhirVersion::R4).unwrap().faults.len(), 20);
}

#[test]
fn harmless_things_are_passed_over() {
    let text = format!(
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?><?xml-stylesheet href=\"a\"?><!-- a --><Patient xmlns=\"{NAMESPACE}\"><!-- b --><active\n value=\n'true'/></Patient>\n"
    );
    let found = read(&text, FhirVersion::R4).unwrap();
    assert_eq!(found.value, json!({ "resourceType": "Patient", "active": true }));
    assert_eq!(found.faults, []);
}

#[test]
fn what_is_no_right_json_is_not_written() {
    let told: Vec<String> = [
        json!([]),
        json!({}),
        json!({ "resourceType": "Shoe" }),
        json!({ "resourceType": "DomainResource" }),
        json!({ "resourceType": "Patient", "shoeSize": 43 }),
        json!({ "resourceType": "Patient", "active": "true" }),
        json!({ "resourceType": "Patient", "gender": "" }),
        json!({ "resourceType": "Patient", "name": {} }),
        json!({ "resourceType": "Patient", "name": [] }),
        json!({ "resourceType": "Patient", "name": [{}] }),
        json!({ "resourceType": "Patient", "name": [{ "given": [null] }] }),
        json!({ "resourceType": "Patient", "name": [{ "family": "a\u{1}" }] }),
        json!({ "resourceType": "Patient", "_name": [{}] }),
        json!({ "resourceType": "Patient", "extension": [{ "_url": {} }] }),
        json!({ "resourceType": "Patient", "contained": [{ "id": "1" }] }),
        json!({ "resourceType": "Patient", "text": { "div": "<div>" } }),
        json!({ "resourceType": "Patient", "text": { "div": "a<div/>" } }),
        json!({ "resourceType": "Patient", "text": { "div": "<div/></Patient><Patient>" } }),
        json!({ "resourceType": "Patient", "text": { "div": "<div>&unknown;</div>" } }),
        json!({ "resourceType": "Patient", "text": { "div": "<!DOCTYPE x><div>x</div>" } }),
    ]
    .iter()
    .map(|resource| write(resource, FhirVersion::R4, false).unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn narrative_gets_what_xml_needs() {
    let resource = json!({ "resourceType": "Patient", "text": { "div": "<div class=\"a\">x&nbsp;&lt;y</div>" } });
    let written = write(&resource, FhirVersion::R4, false).unwrap();
    let found = read(&written, FhirVersion::R4).unwrap();
    assert_eq!(found.faults, []);
    assert_eq!(
        found.value["text"]["div"],
        "<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"a\">x&#160;&lt;y</div>"
    );
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn text(&mut self) -> Value {
        let signs = [
            'a', 'B', '7', ' ', '<', '>', '&', '"', '\'', '\n', '\t', '\r', ';', 'é', '語', '😀', '{', ']',
        ];
        let length = 1 + self.roll(8);
        Value::String((0..length).map(|_| signs[self.roll(signs.len())]).collect())
    }

    fn primitive(&mut self, type_name: &str) -> Value {
        match written(type_name) {
            _ if type_name == "xhtml" => json!(DIV),
            Written::Boolean => json!(self.roll(2) == 0),
            Written::Number => {
                let digits = [
                    "0",
                    "1",
                    "-7",
                    "1.50",
                    "0.0001",
                    "123456789012345678901234567890.10",
                    "1e-7",
                ];
                digits[self.roll(digits.len())]
                    .parse::<Number>()
                    .map(Value::Number)
                    .unwrap()
            }
            Written::String => self.text(),
        }
    }

    fn object(&mut self, shapes: &mut Shapes, type_name: &'static str, depth: usize) -> Map<String, Value> {
        let properties = shapes.of(type_name);
        let mut names: Vec<(&String, &Property)> = properties.iter().collect();
        names.sort_by_key(|(name, property)| (property.order, *name));
        let mut object = Map::new();
        for _ in 0..1 + self.roll(4) {
            let (name, property) = names[self.roll(names.len())];
            self.member(shapes, &mut object, name, property, depth);
        }
        // An attribute alone is no content.
        if !object.keys().any(|name| has_content(&properties, name)) {
            object.insert(
                "extension".to_owned(),
                json!([{ "url": "urn:x", "valueBoolean": true }]),
            );
        }
        if type_name == "Extension" {
            object.entry("url").or_insert_with(|| json!("urn:x"));
        }
        object
    }

    fn member(
        &mut self,
        shapes: &mut Shapes,
        object: &mut Map<String, Value>,
        name: &str,
        property: &Property,
        depth: usize,
    ) {
        let count = if property.many { 1 + self.roll(3) } else { 1 };
        let mut values = Vec::new();
        let mut companions = Vec::new();
        for _ in 0..count {
            let companion = match property.kind {
                TypeKind::Primitive if !property.attribute && !property.is_narrative() && self.roll(4) == 0 => {
                    json!({ "id": "i", "extension": [{ "url": "urn:x", "valueString": self.text() }] })
                }
                _ => Value::Null,
            };
            values.push(match property.kind {
                TypeKind::Primitive if !companion.is_null() && self.roll(2) == 0 => Value::Null,
                TypeKind::Primitive => self.primitive(property.type_name),
                TypeKind::Resource => {
                    let names = ["Patient", "Basic", "Binary", "Parameters"];
                    let name = names[self.roll(names.len())];
                    Value::Object(self.resource(shapes, name, depth + 1))
                }
                _ if depth > 4 => return,
                _ => Value::Object(self.object(shapes, property.type_name, depth + 1)),
            });
            companions.push(companion);
        }
        for (key, mut all) in [(name.to_owned(), values), (format!("_{name}"), companions)] {
            object.shift_remove(&key);
            if all.iter().any(|one| !one.is_null()) {
                let one = if property.many {
                    Value::Array(all)
                } else {
                    all.remove(0)
                };
                object.insert(key, one);
            }
        }
    }

    fn resource(&mut self, shapes: &mut Shapes, name: &'static str, depth: usize) -> Map<String, Value> {
        let mut resource = Map::new();
        resource.insert("resourceType".to_owned(), json!(name));
        if depth <= 4 {
            resource.extend(self.object(shapes, name, depth));
        }
        // Such as a Binary of this release, which cannot be extended.
        let properties = shapes.of(name);
        resource.retain(|key, _| key == "resourceType" || properties.contains_key(key.trim_start_matches('_')));
        resource
    }
}

fn has_content(properties: &Properties, name: &str) -> bool {
    properties
        .get(name.trim_start_matches('_'))
        .is_some_and(|property| !property.attribute)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_the_same(seed: u64, release in prop::sample::select(FhirVersion::HTTP.to_vec()), pretty: bool) {
        let mut dice = Dice(seed);
        let mut names: Vec<&str> = Model::for_release(release)
            .types()
            .filter(|found| found.kind == TypeKind::Resource && !found.is_abstract)
            .map(|found| found.name)
            .collect();
        names.sort_unstable();
        let mut shapes = Shapes::new(release);
        let name = names[dice.roll(names.len())];
        let resource = Value::Object(dice.resource(&mut shapes, name, 0));
        let written = write(&resource, release, pretty).unwrap_or_else(|error| panic!("{error}: {resource}"));
        let found = read(&written, release).unwrap_or_else(|fault| panic!("{fault}: {written}"));
        prop_assert_eq!(&found.faults, &vec![], "{}", written);
        prop_assert_eq!(found.value, resource, "{}", written);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}", inner in "[<>/a-z\"'=&;#x!\\[\\]?: -]{0,60}") {
        let _ = read(&text, FhirVersion::R4);
        let _ = read(&format!("<Patient xmlns=\"{NAMESPACE}\">{inner}</Patient>"), FhirVersion::R4);
    }

    /// What is read without faults can be written and is read the same again.
    #[test]
    fn damaged_documents_do_no_harm(from in 0..900_usize, length in 0..40_usize, new in "[<>/a-z\"'=&;]{0,6}") {
        let mut text = write(&patient(), FhirVersion::R4, false).unwrap();
        let fits = |at: usize, text: &str| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (begin, end) = (fits(from, &text), fits(from + length, &text));
        text.replace_range(begin..end, &new);
        if let Ok(found) = read(&text, FhirVersion::R4)
            && found.faults.is_empty()
            && let Ok(written) = write(&found.value, FhirVersion::R4, false)
        {
            let again = read(&written, FhirVersion::R4).unwrap();
            prop_assert_eq!(again.value, found.value, "{}", text);
        }
    }
}
