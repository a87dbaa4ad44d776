//! The values of one property of a JSON object, each with its `_` sibling: what FHIR calls the elements of that name
//! (`json.html#primitive`).

use serde_json::{Map, Value};

/// One element as JSON writes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::server) struct Item {
    pub value: Value,
    /// Id and extensions of a primitive; null where there are none.
    pub sibling: Value,
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self {
            value,
            sibling: Value::Null,
        }
    }
}

/// The elements that a property holds; those of a repeating one in their order.
pub(super) fn take(object: &Map<String, Value>, property: &str) -> Vec<Item> {
    let list = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
    };
    let values = list(object.get(property));
    let siblings = list(object.get(&format!("_{property}")));
    let at = |list: &[Value], index: usize| list.get(index).cloned().unwrap_or_default();
    (0..values.len().max(siblings.len()))
        .map(|index| Item {
            value: at(&values, index),
            sibling: at(&siblings, index),
        })
        .collect()
}

/// Writes elements back; `many` for a repeating one, which JSON writes as an array. Nothing is left of none.
pub(super) fn put(object: &mut Map<String, Value>, property: &str, items: Vec<Item>, many: bool) {
    let (values, siblings): (Vec<_>, Vec<_>) = items.into_iter().map(|item| (item.value, item.sibling)).unzip();
    for (name, list) in [(property.to_owned(), values), (format!("_{property}"), siblings)] {
        if list.iter().all(Value::is_null) {
            object.shift_remove(&name);
        } else if many {
            object.insert(name, Value::Array(list));
        } else if let Some(one) = list.into_iter().next() {
            object.insert(name, one);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_and_siblings_stay_together() {
        let object = json!({ "given": ["A", null, "C"], "_given": [null, { "id": "b" }], "birthDate": "2000" });
        let mut object = object.as_object().unwrap().clone();
        let mut items = take(&object, "given");
        assert_eq!(items.len(), 3);
        items.remove(0);
        put(&mut object, "given", items, true);
        assert_eq!(object["given"], json!([null, "C"]));
        assert_eq!(object["_given"], json!([{ "id": "b" }, null]));
        put(&mut object, "given", Vec::new(), true);
        put(&mut object, "birthDate", vec![json!("2001").into()], false);
        assert_eq!(Value::Object(object), json!({ "birthDate": "2001" }));
    }

    proptest! {
        #[test]
        fn what_is_put_is_taken(values in proptest::collection::vec(("[a-z]", proptest::option::of("[a-z]")), 0..5)) {
            let items: Vec<Item> = values
                .into_iter()
                .map(|(value, id)| Item { value: json!(value), sibling: id.map_or(Value::Null, |id| json!({ "id": id })) })
                .collect();
            let mut object = Map::new();
            put(&mut object, "x", items.clone(), true);
            prop_assert_eq!(take(&object, "x"), items);
        }
    }
}
