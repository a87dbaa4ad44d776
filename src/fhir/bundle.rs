//! Bundles: searchsets and histories, their links and entries (`bundle.html`).

use serde_json::{Map, Value, json};

/// Reads the parts of a Bundle that interactions need, without copying it.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a>(&'a Map<String, Value>);

impl<'a> Bundle<'a> {
    /// The Bundle in a resource; `None` where it is none.
    #[must_use]
    pub fn read(resource: &'a Value) -> Option<Self> {
        let object = resource.as_object()?;
        (object.get("resourceType")? == "Bundle").then_some(Self(object))
    }

    /// `Bundle.type`, `searchset` for example.
    #[must_use]
    pub fn kind(&self) -> Option<&'a str> {
        self.0.get("type")?.as_str()
    }

    /// `Bundle.total`.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.0.get("total")?.as_u64()
    }

    /// The URL of the first link of a relation. `previous` also finds `prev`: both names are in use
    /// (`http.html#paging`).
    #[must_use]
    pub fn link(&self, relation: &str) -> Option<&'a str> {
        let links = self.0.get("link")?.as_array()?;
        let named = |name: &str| {
            links
                .iter()
                .find(|link| link.get("relation").is_some_and(|known| known == name))
        };
        let found = named(relation).or_else(|| if relation == "previous" { named("prev") } else { None });
        found?.get("url")?.as_str()
    }

    /// The entries in their order.
    pub fn entries(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.0.get("entry").and_then(Value::as_array).into_iter().flatten()
    }

    /// The resources of the entries whose `search.mode` is `match`, or is missing.
    pub fn matches(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.entries()
            .filter(|entry| entry.pointer("/search/mode").is_none_or(|mode| mode == "match"))
            .filter_map(|entry| entry.get("resource"))
    }
}

/// Puts a Bundle together. Empty arrays are left out, since FHIR's JSON has none (`json.html`).
#[derive(Clone, Debug)]
pub struct BundleBuilder {
    kind: &'static str,
    total: Option<usize>,
    links: Vec<Value>,
    entries: Vec<Value>,
}

impl BundleBuilder {
    /// Begins a Bundle of a type, `searchset` for example.
    #[must_use]
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            total: None,
            links: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Sets `total`.
    #[must_use]
    pub const fn total(mut self, total: usize) -> Self {
        self.total = Some(total);
        self
    }

    /// Adds a link.
    #[must_use]
    pub fn link(mut self, relation: &str, url: &str) -> Self {
        self.links.push(json!({ "relation": relation, "url": url }));
        self
    }

    /// Adds an entry as it is.
    #[must_use]
    pub fn entry(mut self, entry: Value) -> Self {
        self.entries.push(entry);
        self
    }

    /// The resource.
    #[must_use]
    pub fn build(self) -> Value {
        let mut bundle = Map::new();
        bundle.insert("resourceType".into(), json!("Bundle"));
        bundle.insert("type".into(), json!(self.kind));
        if let Some(total) = self.total {
            bundle.insert("total".into(), json!(total));
        }
        for (name, items) in [("link", self.links), ("entry", self.entries)] {
            if !items.is_empty() {
                bundle.insert(name.into(), Value::Array(items));
            }
        }
        Value::Object(bundle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_can_be_read() {
        let value = BundleBuilder::new("searchset")
            .total(2)
            .link("self", "http://x/Patient")
            .link("prev", "http://x/Patient?p=1")
            .entry(json!({ "resource": { "id": "1" }, "search": { "mode": "match" } }))
            .entry(json!({ "resource": { "id": "2" }, "search": { "mode": "outcome" } }))
            .build();
        let bundle = Bundle::read(&value).unwrap();
        assert_eq!((bundle.kind(), bundle.total()), (Some("searchset"), Some(2)));
        assert_eq!(bundle.link("previous"), Some("http://x/Patient?p=1"));
        assert_eq!(bundle.link("next"), None);
        assert_eq!(bundle.entries().count(), 2);
        assert_eq!(bundle.matches().collect::<Vec<_>>(), [&json!({ "id": "1" })]);
    }

    #[test]
    fn nothing_empty_is_written_and_nothing_missing_is_needed() {
        let value = BundleBuilder::new("history").build();
        assert_eq!(value, json!({ "resourceType": "Bundle", "type": "history" }));
        assert_eq!(Bundle::read(&value).unwrap().entries().count(), 0);
        assert!(Bundle::read(&json!({ "resourceType": "Patient" })).is_none());
        assert!(Bundle::read(&json!([])).is_none());
    }
}
