//! Where an element stands: in which resource, in which container, in which Bundle; and what references find from there.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::fhir::fhirpath::direct::{Node, Resolve};
use crate::fhir::reference::Reference;

/// The surroundings of an element.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    /// The resource that it belongs to.
    pub(super) resource: Node<'a>,
    /// The resource that contains that one, or itself. A Bundle contains nothing in this sense (`references.html#contained`).
    pub(super) root: Node<'a>,
    /// The Bundle around it, and its entry's fullUrl.
    bundle: Option<(Entries<'a>, Option<&'a str>)>,
}

/// The entries of a Bundle by fullUrl.
#[derive(Clone, Debug)]
pub(super) struct Entries<'a> {
    by_url: Rc<HashMap<&'a str, Vec<&'a Value>>>,
}

impl<'a> Entries<'a> {
    /// Reads the entries of a Bundle.
    pub(super) fn of(bundle: &'a Map<String, Value>) -> Self {
        let mut by_url: HashMap<&str, Vec<&Value>> = HashMap::new();
        for entry in bundle.get("entry").and_then(Value::as_array).into_iter().flatten() {
            let url = entry.get("fullUrl").and_then(Value::as_str);
            if let (Some(url), Some(resource)) = (url, entry.get("resource")) {
                by_url.entry(url).or_default().push(resource);
            }
        }
        Self {
            by_url: Rc::new(by_url),
        }
    }

    /// What a reference from an entry points at (`bundle.html#references`).
    fn find(&self, reference: &str, from: Option<&str>) -> Option<&'a Value> {
        let reference = reference.split('#').next().unwrap_or(reference);
        if let Some(found) = self.by_url.get(reference) {
            return found.first().copied();
        }
        let literal = Reference::parse(reference)?;
        let url = |base: &str| format!("{base}/{}/{}", literal.resource_type, literal.id);
        let found = match (literal.base, from.and_then(Reference::parse)) {
            (Some(base), _) => self.by_url.get(url(base).as_str()),
            (None, Some(own)) => self.by_url.get(url(own.base?).as_str()),
            (None, None) => None,
        }?;
        let wanted = |resource: &&&Value| resource["meta"]["versionId"].as_str() == literal.version;
        match literal.version {
            None => found.first().copied(),
            Some(_) => found.iter().find(wanted).copied(),
        }
    }
}

impl<'a> Scope<'a> {
    /// The surroundings of the outermost resource.
    pub(super) fn of(node: Node<'a>) -> Self {
        Self {
            resource: node,
            root: node,
            bundle: None,
        }
    }

    /// The surroundings inside another resource.
    pub(super) fn inside(&self, node: Node<'a>, is_contained: bool) -> Self {
        let root = if is_contained { self.root } else { node };
        Self {
            resource: node,
            root,
            bundle: self.bundle.clone(),
        }
    }

    /// The surroundings inside an entry of a Bundle.
    pub(super) fn in_entry(&self, entries: &Entries<'a>, entry: &'a Value) -> Self {
        let url = entry.get("fullUrl").and_then(Value::as_str);
        Self {
            bundle: Some((entries.clone(), url)),
            ..self.clone()
        }
    }

    /// Whether there is a Bundle around.
    pub(super) fn is_in_bundle(&self) -> bool {
        self.bundle.is_some()
    }
}

impl<'a> Resolve<'a> for Scope<'a> {
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let root = self.root.value?;
        match reference.strip_prefix('#') {
            Some("") => Some(root),
            Some(id) => {
                let contained = root.get("contained").and_then(Value::as_array);
                contained
                    .into_iter()
                    .flatten()
                    .find(|resource| resource.get("id").and_then(Value::as_str) == Some(id))
            }
            None => {
                let (entries, url) = self.bundle.as_ref()?;
                entries.find(reference, *url)
            }
        }
    }
}
