//! Where a JSON Pointer leads in the text of a document.

use std::ops::Range;

/// The bytes that a JSON Pointer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the property, with its quotes; `None` for the whole document and for items of arrays.
    pub name: Option<Range<usize>>,
    /// The value.
    pub value: Range<usize>,
    /// How many steps of the pointer lead here; fewer than it has where the rest is not there.
    pub steps: usize,
}

/// Finds the place that a JSON Pointer leads to, or the last one on its way. A name that stands twice is found where it
/// counts: at its last place. `None` where the text is no JSON up to there.
///
/// ```
/// # use fhir_assay::source::json::locate;
/// let text = r#"{"name": [{"family": "King"}]}"#;
/// let place = locate(text, "/name/0/family").unwrap();
/// assert_eq!(&text[place.name.unwrap()], "\"family\"");
/// assert_eq!(&text[place.value], "\"King\"");
/// assert_eq!(locate(text, "/name/0/given").unwrap().steps, 2);
/// ```
#[must_use]
pub fn locate(text: &str, pointer: &str) -> Option<Place> {
    let scan = Scan { bytes: text.as_bytes() };
    let start = scan.space(if text.starts_with('\u{FEFF}') { 3 } else { 0 });
    let mut place = Place {
        name: None,
        value: start..scan.value(start)?,
        steps: 0,
    };
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let inside = match scan.bytes[place.value.start] {
            b'{' => scan.member(text, place.value.start, &step),
            b'[' => scan.item(place.value.start, step.parse().unwrap_or(usize::MAX)),
            _ => None,
        };
        let Some((name, value)) = inside else { break };
        place = Place {
            name,
            value,
            steps: place.steps + 1,
        };
    }
    Some(place)
}

type Found = Option<(Option<Range<usize>>, Range<usize>)>;

/// Skips over JSON. Whether it is JSON in every detail was seen before; here nothing may panic.
struct Scan<'a> {
    bytes: &'a [u8],
}

impl Scan<'_> {
    fn space(&self, mut at: usize) -> usize {
        while self
            .bytes
            .get(at)
            .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        {
            at += 1;
        }
        at
    }

    /// The byte after a string that begins here.
    fn string(&self, at: usize) -> Option<usize> {
        let mut at = at + 1;
        loop {
            match self.bytes.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    /// The byte after a value that begins here.
    fn value(&self, start: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = start;
        loop {
            match self.bytes.get(at)? {
                b'"' => at = self.string(at)?,
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    at += 1;
                }
                _ if depth > 0 => {
                    at += 1;
                    continue;
                }
                _ => {
                    let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
                    let length = self.bytes[at..].iter().position(is_end);
                    at = length.map_or(self.bytes.len(), |length| at + length);
                }
            }
            if depth == 0 {
                return (at > start).then_some(at);
            }
        }
    }

    fn member(&self, text: &str, object: usize, wanted: &str) -> Found {
        let mut found = None;
        let mut at = self.space(object + 1);
        while self.bytes.get(at) == Some(&b'"') {
            let end = self.string(at)?;
            let raw = text.get(at..end)?;
            let start = self.space(self.space(end) + 1);
            let after = self.value(start)?;
            let is_wanted = if raw.contains('\\') {
                serde_json::from_str::<String>(raw).is_ok_and(|name| name == wanted)
            } else {
                &raw[1..raw.len() - 1] == wanted
            };
            if is_wanted {
                found = Some((Some(at..end), start..after));
            }
            at = self.space(self.space(after) + 1);
        }
        found
    }

    fn item(&self, array: usize, wanted: usize) -> Found {
        let mut at = self.space(array + 1);
        let mut index = 0;
        while !matches!(self.bytes.get(at), None | Some(b']')) {
            let after = self.value(at)?;
            if index == wanted {
                return Some((None, at..after));
            }
            index += 1;
            at = self.space(self.space(after) + 1);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn escapes_and_repetitions_lead_where_a_reader_goes() {
        let text = "\u{FEFF} { \"a\\u0062\" : [1, {}, \"]}\\\"\"] , \"x/y\": 1, \"x/y\":\n[ ] }";
        let value = |pointer: &str| locate(text, pointer).map(|place| (text[place.value].to_owned(), place.steps));
        assert_eq!(value("/ab/2"), Some(("\"]}\\\"\"".to_owned(), 2)));
        assert_eq!(value("/ab/1/z"), Some(("{}".to_owned(), 2)));
        assert_eq!(value("/x~1y"), Some(("[ ]".to_owned(), 1)));
        assert_eq!(value("/x~1y/0"), Some(("[ ]".to_owned(), 1)));
        assert_eq!(locate("", ""), None);
        assert_eq!(locate("{\"a", "/a"), None);
    }

    /// Every place of a value, with its pointer.
    fn places(value: &Value, at: String, all: &mut Vec<(String, Value)>) {
        all.push((at.clone(), value.clone()));
        match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, item)| places(item, format!("{at}/{index}"), all)),
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                places(
                    member,
                    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
                    all,
                );
            }),
            _ => {}
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..5).prop_map(|all| all.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_pointer_leads_to_its_value(value in any_json(), is_pretty: bool) {
            let text = if is_pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let mut all = Vec::new();
            places(&value, String::new(), &mut all);
            for (pointer, wanted) in all {
                let place = locate(&text, &pointer).unwrap();
                prop_assert_eq!(serde_json::from_str::<Value>(&text[place.value]).unwrap(), wanted);
            }
        }

        #[test]
        fn no_text_panics(text in r#"[\[\]{}":,\\a0 ]{0,30}"#, pointer in "(/[a0]){0,3}") {
            let _ = locate(&text, &pointer);
        }
    }
}
