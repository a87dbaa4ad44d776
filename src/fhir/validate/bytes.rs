//! What only the bytes of a body show: that they are UTF-8, and that no property occurs twice (`json.html`).

use std::collections::HashSet;

use serde_json::Value;

use super::violation::{BrokenRule, RuleKind, Violation};
use crate::fhir::Severity;

const SOURCE: &str = "https://hl7.org/fhir/json.html#json";
/// More of them than this are not listed.
const MOST: usize = 20;

/// Reads JSON; where it is none, the violation that says so.
///
/// # Errors
/// When the bytes are no UTF-8, no JSON, or nested deeper than a parser goes.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Box<Violation>> {
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let message = format!("the body is not UTF-8: byte {at} begins no character");
        return Err(Box::new(violation(String::new(), "", message)));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let mut found = violation(String::new(), "", format!("the body is no JSON: {error}"));
        if error.to_string().contains("recursion limit") {
            found.rule.kind = RuleKind::Limit;
            found.message = "the body is nested deeper than 128 levels".to_owned();
        }
        Box::new(found)
    })
}

/// The properties that occur twice in an object. The bytes are JSON, which was seen before.
pub(super) fn twice(bytes: &[u8], type_name: &str) -> Vec<Violation> {
    let mut levels: Vec<Level> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < MOST {
        match bytes[at] {
            b'{' => levels.push(Level {
                seen: Some(HashSet::new()),
                step: String::new(),
                index: 0,
                wants_name: true,
            }),
            b'[' => levels.push(Level {
                seen: None,
                step: String::new(),
                index: 0,
                wants_name: false,
            }),
            b'}' | b']' => drop(levels.pop()),
            b',' => {
                if let Some(level) = levels.last_mut() {
                    level.index += 1;
                    level.wants_name = level.seen.is_some();
                }
            }
            b'"' => {
                let end = end_of_string(bytes, at);
                let is_name = levels.last().is_some_and(|level| level.wants_name);
                if is_name {
                    let name: String = serde_json::from_slice(&bytes[at..end]).unwrap_or_default();
                    let is_new = levels.last_mut().is_some_and(|level| level.name(&name));
                    if !is_new {
                        let pointer = pointer(&levels);
                        found.push(violation(
                            pointer,
                            type_name,
                            format!("`{name}` occurs twice in one object: readers disagree on which counts"),
                        ));
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// An object or array that is open.
struct Level {
    /// The names of an object so far; `None` for an array.
    seen: Option<HashSet<String>>,
    step: String,
    index: usize,
    wants_name: bool,
}

impl Level {
    fn name(&mut self, name: &str) -> bool {
        self.wants_name = false;
        name.clone_into(&mut self.step);
        self.seen.as_mut().is_none_or(|seen| seen.insert(name.to_owned()))
    }
}

fn pointer(levels: &[Level]) -> String {
    let mut pointer = String::new();
    for level in levels {
        pointer.push('/');
        match level.seen {
            Some(_) => pointer.push_str(&level.step.replace('~', "~0").replace('/', "~1")),
            None => pointer.push_str(&level.index.to_string()),
        }
    }
    pointer
}

/// The byte behind the closing quote of a string that begins at a byte.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn violation(pointer: String, type_name: &str, message: String) -> Violation {
    Violation {
        severity: Severity::Error,
        rule: BrokenRule {
            kind: RuleKind::Encoding,
            element: type_name.to_owned(),
            key: None,
            text: message.clone(),
            source: SOURCE.to_owned(),
        },
        pointer,
        path: type_name.to_owned(),
        message,
        found: None,
        mend: None,
        count: 1,
    }
}
