//! What is stored: every version of every resource, in memory.
//!
//! Versions are never changed or removed, so the state at any earlier write can be looked at again; paging rests on
//! that.

mod act;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::precondition::Precondition;
use super::reply::Refusal;
use crate::fhir::time::{format_instant, now};

pub(super) use act::{Act, Place};

/// The interaction that made a version, as history shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A create.
    Post,
    /// An update of what existed.
    Put,
    /// An update that created, or brought back.
    PutCreated,
    /// A deletion.
    Delete,
}

/// One version of one resource.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub id: String,
    pub version_id: String,
    pub at: Timestamp,
    /// Whether the version before was made in the same second, so that HTTP's dates do not tell the two apart.
    pub within_second: bool,
    pub origin: Origin,
    /// The content; none for a deletion.
    pub resource: Option<Arc<Value>>,
    /// The number of this write among all writes of the store.
    sequence: u64,
}

impl Version {
    /// The weak entity tag: `W/"1"` (`http.html#versioning`).
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version_id)
    }
}

/// What a deletion found.
#[derive(Debug)]
pub(super) enum Deletion {
    /// There never was such a resource.
    Unknown,
    /// It was deleted before, by this version.
    Before(Arc<Version>),
    /// It is deleted now, by this version.
    Done(Arc<Version>),
}

/// The versions of one resource, oldest first. Never empty.
type Line = Vec<Arc<Version>>;

#[derive(Debug, Default)]
struct Lines {
    /// By type, then by id in the order of creation.
    types: HashMap<String, IndexMap<String, Line>>,
    sequence: u64,
    latest: Option<Timestamp>,
    /// What was written since an act began; none while there is none.
    journal: Option<Vec<Place>>,
}

/// The store. One lock holds it all, so that checking a precondition and writing are one act.
#[derive(Debug, Default)]
pub(super) struct Store(RwLock<Lines>);

impl Store {
    /// Stores a new resource under an id of the server's choice.
    pub fn create(&self, resource_type: &str, resource: Value) -> Arc<Version> {
        let id = uuid::Uuid::new_v4().to_string();
        self.lock().append(resource_type, &id, Origin::Post, Some(resource))
    }

    /// Stores the next version of a resource, or its first under the client's id. The precondition is checked under
    /// the same lock.
    pub fn update(
        &self,
        resource_type: &str,
        id: &str,
        resource: Value,
        precondition: &Precondition,
    ) -> Result<Arc<Version>, Refusal> {
        let mut lines = self.lock();
        let current = lines.current(resource_type, id);
        precondition.check(current.map(Arc::as_ref))?;
        let existed = current.is_some_and(|version| version.resource.is_some());
        let origin = if existed { Origin::Put } else { Origin::PutCreated };
        Ok(lines.append(resource_type, id, origin, Some(resource)))
    }

    /// Adds a deletion to what exists; does nothing to what does not.
    pub fn delete(&self, resource_type: &str, id: &str, precondition: &Precondition) -> Result<Deletion, Refusal> {
        let mut lines = self.lock();
        let Some(current) = lines.current(resource_type, id) else {
            return Ok(Deletion::Unknown);
        };
        if current.resource.is_none() {
            return Ok(Deletion::Before(current.clone()));
        }
        precondition.check(Some(current))?;
        Ok(Deletion::Done(lines.append(resource_type, id, Origin::Delete, None)))
    }

    /// The newest version of a resource, which may be a deletion.
    pub fn current(&self, resource_type: &str, id: &str) -> Option<Arc<Version>> {
        self.look().current(resource_type, id).cloned()
    }

    /// Every version of a resource, oldest first; `None` where it never existed.
    pub fn history(&self, resource_type: &str, id: &str) -> Option<Vec<Arc<Version>>> {
        self.look().line(resource_type, id).cloned()
    }

    /// The resources of a type that existed after a write, or exist now, in the order of creation; and the number of
    /// that write.
    pub fn snapshot(&self, resource_type: &str, write: Option<u64>) -> (u64, Vec<Arc<Version>>) {
        let lines = self.look();
        let write = write.unwrap_or(lines.sequence);
        let all = lines.types.get(resource_type).into_iter().flat_map(IndexMap::values);
        let then = all.filter_map(|line| line.iter().rev().find(|version| version.sequence <= write));
        (
            write,
            then.filter(|version| version.resource.is_some()).cloned().collect(),
        )
    }

    // A panic elsewhere cannot leave a line half written, so a poisoned lock is as good as any.
    fn lock(&self) -> RwLockWriteGuard<'_, Lines> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) -> RwLockReadGuard<'_, Lines> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn line(&self, resource_type: &str, id: &str) -> Option<&Line> {
        self.types.get(resource_type)?.get(id)
    }

    fn current(&self, resource_type: &str, id: &str) -> Option<&Arc<Version>> {
        self.line(resource_type, id)?.last()
    }

    fn append(&mut self, resource_type: &str, id: &str, origin: Origin, resource: Option<Value>) -> Arc<Version> {
        // Time never runs backwards here, whatever the clock does.
        let at = self.latest.map_or_else(now, |latest| latest.max(now()));
        self.latest = Some(at);
        self.sequence += 1;
        if let Some(journal) = &mut self.journal {
            journal.push((resource_type.to_owned(), id.to_owned()));
        }
        let line = self
            .types
            .entry(resource_type.to_owned())
            .or_default()
            .entry(id.to_owned())
            .or_default();
        // Deletions count, so a version id is never given twice.
        let version_id = (line.len() + 1).to_string();
        let resource = resource.map(|resource| Arc::new(stamp(resource, id, &version_id, at)));
        let version = Version {
            id: id.to_owned(),
            version_id,
            at,
            within_second: line
                .last()
                .is_some_and(|before| before.at.as_second() == at.as_second()),
            origin,
            resource,
            sequence: self.sequence,
        };
        let version = Arc::new(version);
        line.push(version.clone());
        version
    }
}

/// Gives a resource its id, versionId and lastUpdated, whatever the client wrote there; all else stays as it was sent.
fn stamp(resource: Value, id: &str, version_id: &str, at: Timestamp) -> Value {
    let Value::Object(sent) = resource else {
        return resource;
    };
    let mut meta = Map::new();
    meta.insert("versionId".into(), json!(version_id));
    meta.insert("lastUpdated".into(), json!(format_instant(at)));
    if let Some(Value::Object(kept)) = sent.get("meta") {
        const OURS: [&str; 4] = ["versionId", "_versionId", "lastUpdated", "_lastUpdated"];
        meta.extend(
            kept.iter()
                .filter(|(name, _)| !OURS.contains(&name.as_str()))
                .map(|(a, b)| (a.clone(), b.clone())),
        );
    }
    let mut stored = Map::new();
    stored.insert(
        "resourceType".into(),
        sent.get("resourceType").cloned().unwrap_or_default(),
    );
    stored.insert("id".into(), json!(id));
    stored.insert("meta".into(), Value::Object(meta));
    stored.extend(
        sent.into_iter()
            .filter(|(name, _)| !["resourceType", "id", "_id", "meta"].contains(&name.as_str())),
    );
    Value::Object(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(family: &str) -> Value {
        json!({ "resourceType": "Patient", "id": "x", "meta": { "versionId": "99", "lastUpdated": "2001-01-01T00:00:00Z",
            "tag": [{ "code": "t" }] }, "name": [{ "family": family }] })
    }

    #[test]
    fn id_and_meta_are_the_servers_and_the_rest_is_the_clients() {
        let store = Store::default();
        let version = store.create("Patient", patient("A"));
        let stored = version.resource.as_ref().unwrap();
        assert_eq!(stored["id"], version.id.as_str());
        assert_eq!(stored["meta"]["versionId"], "1");
        assert_eq!(stored["meta"]["lastUpdated"], format_instant(version.at).as_str());
        assert_eq!(stored["meta"]["tag"], json!([{ "code": "t" }]));
        assert_eq!(stored["name"], json!([{ "family": "A" }]));
    }

    #[test]
    fn version_ids_go_on_after_a_deletion() {
        let store = Store::default();
        let put = |family| {
            store
                .update("Patient", "a", patient(family), &Precondition::default())
                .unwrap()
        };
        assert_eq!((put("A").origin, put("B").origin), (Origin::PutCreated, Origin::Put));
        assert!(matches!(
            store.delete("Patient", "a", &Precondition::default()),
            Ok(Deletion::Done(_))
        ));
        let Ok(Deletion::Before(deletion)) = store.delete("Patient", "a", &Precondition::default()) else {
            panic!("the second deletion finds the first");
        };
        assert_eq!(deletion.version_id, "3");
        let revived = put("C");
        assert_eq!((revived.version_id.as_str(), revived.origin), ("4", Origin::PutCreated));
        assert_eq!(store.history("Patient", "a").unwrap().len(), 4);
        assert!(matches!(
            store.delete("Patient", "b", &Precondition::default()),
            Ok(Deletion::Unknown)
        ));
        assert!(store.history("Patient", "b").is_none() && store.current("Observation", "a").is_none());
    }

    #[test]
    fn an_earlier_state_can_be_looked_at_again() {
        let store = Store::default();
        let first = store.create("Patient", patient("A"));
        let (write, before) = store.snapshot("Patient", None);
        store.create("Patient", patient("B"));
        store.delete("Patient", &first.id, &Precondition::default()).unwrap();
        assert_eq!(store.snapshot("Patient", Some(write)).1[0].id, before[0].id);
        assert_eq!(store.snapshot("Patient", None).1.len(), 1);
        assert_eq!(store.snapshot("Patient", Some(0)).1.len(), 0);
    }

    #[test]
    fn concurrent_writes_lose_no_version() {
        let store = Store::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..50).for_each(|_| drop(store.update("Patient", "a", patient("A"), &Precondition::default())))
                });
            }
        });
        let history = store.history("Patient", "a").unwrap();
        let ids: Vec<_> = history
            .iter()
            .map(|version| version.version_id.parse::<usize>().unwrap())
            .collect();
        assert_eq!(ids, (1..=200).collect::<Vec<_>>());
        assert!(history.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }
}
