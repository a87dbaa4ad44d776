//! JSON Patch (RFC 6902), by the library `json-patch`, within limits: a few operations can ask for very much.

use json_patch::{PatchErrorKind, PatchOperation, patch_unsafe};
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::body;
use super::super::reply::Refusal;
use super::refused;

/// How many operations a patch has at most.
const MOST_OPERATIONS: usize = 1_000;
/// How many values a patched document has at most; `copy` could double it again and again.
const MOST_VALUES: usize = 250_000;
/// How deep a patched document may be nested.
const MOST_LEVELS: usize = 100;

/// The operations of a JSON Patch, in their order.
#[derive(Debug)]
pub(in crate::server) struct Operations(Vec<PatchOperation>);

impl Operations {
    /// Reads a JSON Patch document; 400 for what is none.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let value = body::json(bytes)?;
        let operations: Vec<PatchOperation> = serde_json::from_value(value)
            .map_err(|error| Refusal::invalid(format!("the body is no JSON Patch: {error}")))?;
        if operations.len() > MOST_OPERATIONS {
            let reason = format!("a patch has {MOST_OPERATIONS} operations at most");
            return Err(Refusal::invalid(reason));
        }
        Ok(Self(operations))
    }

    /// Applies them in their order; 422 at the first that cannot be. What was done until then is for the caller to throw
    /// away.
    pub fn apply(&self, document: &mut Value) -> Result<(), Refusal> {
        for (index, operation) in self.0.iter().enumerate() {
            let failed = |kind: &dyn std::fmt::Display| {
                refused(format!("operation {} at `{}`: {kind}", index + 1, operation.path()))
            };
            if let PatchOperation::Test(test) = operation {
                let found = document.pointer(test.path.as_str());
                match found {
                    None => return Err(failed(&PatchErrorKind::InvalidPointer)),
                    Some(found) if !same(found, &test.value) => return Err(failed(&PatchErrorKind::TestFailed)),
                    Some(_) => continue,
                }
            }
            // On a copy that is thrown away on failure, nothing needs to be undone.
            patch_unsafe(document, std::slice::from_ref(operation)).map_err(|error| failed(&error.kind))?;
            let mut left = MOST_VALUES;
            if !fits(document, MOST_LEVELS, &mut left) {
                return Err(failed(&"the result is too large"));
            }
        }
        Ok(())
    }
}

/// Whether a value is within the limits; `left` counts down.
fn fits(value: &Value, levels: usize, left: &mut usize) -> bool {
    if levels == 0 || *left == 0 {
        return false;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter().all(|item| fits(item, levels - 1, left)),
        Value::Object(members) => members.values().all(|member| fits(member, levels - 1, left)),
        _ => true,
    }
}

/// Equality as RFC 6902 section 4.6 says it: numbers by their value, objects in any order.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.to_string(), b.to_string());
            let decimal = |text: &str| text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok();
            match (decimal(&a), decimal(&b)) {
                (Some(a), Some(b)) => a == b,
                _ => a == b,
            }
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn patch(document: &Value, operations: Value) -> Result<Value, u16> {
        let mut document = document.clone();
        Operations::read(operations.to_string().as_bytes())
            .and_then(|operations| operations.apply(&mut document))
            .map_err(|refusal| refusal.status.as_u16())?;
        Ok(document)
    }

    #[test]
    fn each_operation_does_what_the_rfc_says() {
        let document = json!({ "a": [1, 2], "b": { "c/d": "x" }, "n": 1.0 });
        for (operations, expected) in [
            (
                json!([{ "op": "add", "path": "/a/1", "value": 9 }]),
                json!({ "a": [1, 9, 2], "b": { "c/d": "x" }, "n": 1.0 }),
            ),
            (
                json!([{ "op": "add", "path": "/a/-", "value": 9 }]),
                json!({ "a": [1, 2, 9], "b": { "c/d": "x" }, "n": 1.0 }),
            ),
            (
                json!([{ "op": "add", "path": "/b", "value": 9 }]),
                json!({ "a": [1, 2], "b": 9, "n": 1.0 }),
            ),
            (
                json!([{ "op": "remove", "path": "/b/c~1d" }]),
                json!({ "a": [1, 2], "b": {}, "n": 1.0 }),
            ),
            (
                json!([{ "op": "replace", "path": "/a/0", "value": 9 }]),
                json!({ "a": [9, 2], "b": { "c/d": "x" }, "n": 1.0 }),
            ),
            (
                json!([{ "op": "move", "from": "/a/0", "path": "/a/1" }]),
                json!({ "a": [2, 1], "b": { "c/d": "x" }, "n": 1.0 }),
            ),
            (
                json!([{ "op": "copy", "from": "/b/c~1d", "path": "/e" }]),
                json!({ "a": [1, 2], "b": { "c/d": "x" }, "n": 1.0, "e": "x" }),
            ),
            (
                json!([{ "op": "test", "path": "/a", "value": [1.0, 2e0] }]),
                document.clone(),
            ),
            (json!([{ "op": "test", "path": "/n", "value": 1 }]), document.clone()),
        ] {
            assert_eq!(patch(&document, operations.clone()), Ok(expected), "{operations}");
        }
    }

    #[test]
    fn what_cannot_be_applied_is_refused() {
        let document = json!({ "a": [1, 2], "b": { "c": 1 } });
        for operation in [
            json!({ "op": "test", "path": "/a/0", "value": 2 }),
            json!({ "op": "test", "path": "/x", "value": null }),
            json!({ "op": "remove", "path": "/x" }),
            json!({ "op": "remove", "path": "" }),
            json!({ "op": "replace", "path": "/x", "value": 1 }),
            json!({ "op": "add", "path": "/a/3", "value": 1 }),
            json!({ "op": "add", "path": "/a/01", "value": 1 }),
            json!({ "op": "add", "path": "/x/y", "value": 1 }),
            json!({ "op": "move", "from": "/b", "path": "/b/c/d" }),
            json!({ "op": "remove", "path": "/a/-" }),
        ] {
            assert_eq!(patch(&document, json!([operation])), Err(422), "{operation}");
        }
        for no_patch in [
            json!({}),
            json!([{ "op": "add", "path": "/a" }]),
            json!([{ "op": "bend", "path": "/a" }]),
            json!([1]),
            json!([{ "op": "add", "path": "a", "value": 1 }]),
        ] {
            assert_eq!(patch(&document, no_patch.clone()), Err(400), "{no_patch}");
        }
    }

    #[test]
    fn a_patch_cannot_exhaust_the_server() {
        let double = json!({ "op": "copy", "from": "/a", "path": "/a/-" });
        let doubled: Vec<_> = (0..60).map(|_| double.clone()).collect();
        assert_eq!(patch(&json!({ "a": [1] }), json!(doubled)), Err(422));
        let many: Vec<_> = (0..=MOST_OPERATIONS).map(|_| double.clone()).collect();
        assert_eq!(patch(&json!({ "a": [1] }), json!(many)), Err(400));
    }

    proptest! {
        /// What `add` puts in, `remove` takes out again.
        #[test]
        fn add_and_remove_cancel(before in proptest::collection::vec(0..9_i32, 0..5), at in 0..6_usize, value in 0..9_i32) {
            let document = json!({ "a": before });
            let path = format!("/a/{at}");
            let there_and_back = json!([
                { "op": "add", "path": path, "value": value },
                { "op": "test", "path": path, "value": value },
                { "op": "remove", "path": path },
            ]);
            let expected = if at <= before.len() { Ok(document.clone()) } else { Err(422) };
            prop_assert_eq!(patch(&document, there_and_back), expected);
        }

        #[test]
        fn no_document_panics(text in "\\PC{0,60}") {
            let _ = Operations::read(text.as_bytes());
        }
    }
}
