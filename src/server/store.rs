//! What is stored: every version of every resource, in memory.
//!
//! A version is never changed. Past ones are removed by `delete-history` only; otherwise the state at any earlier write
//! can be looked at again, and paging rests on that.

mod all_or_none;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::rewrite::{Switch, Switches};
use crate::fhir::time::{format_instant, now, parse_instant};

pub(super) use all_or_none::{AllOrNone, Place};

/// The interaction that made a version, as history shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A create.
    Post,
    /// An update of what existed.
    Put,
    /// An update that created, or brought back.
    PutCreated,
    /// A patch.
    Patch,
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
    pub sequence: u64,
    /// The number of this version among those of its resource; the text of it is the version id.
    number: u64,
}

impl Version {
    /// The weak entity tag: `W/"1"` (`http.html#versioning`).
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version_id)
    }
}

/// The versions of one resource, oldest first. Never empty.
type Line = Vec<Arc<Version>>;

#[derive(Debug, Default)]
struct Lines {
    /// By type, then by id in the order of creation.
    types: HashMap<String, IndexMap<String, Line>>,
    sequence: u64,
    latest: Option<Timestamp>,
    /// What was written since an [`AllOrNone`] began; none while there is none.
    journal: Option<Vec<Place>>,
    switches: Switches,
}

/// The store. One lock holds it all: see [`Store::write`].
#[derive(Debug, Default)]
pub(super) struct Store(RwLock<Lines>);

impl Store {
    /// An empty store of a server that behaves in some ways otherwise.
    pub fn new(switches: Switches) -> Self {
        Self(RwLock::new(Lines {
            switches,
            ..Lines::default()
        }))
    }

    /// Locks the store for one or several writes that are one act: nobody else reads or writes until the lock is
    /// dropped. What was looked at under it (a precondition, the matches of a search) still holds when it is written.
    pub fn write(&self) -> Writing<'_> {
        // A panic elsewhere cannot leave a line half written, so a poisoned lock is as good as any.
        Writing {
            lines: self.0.write().unwrap_or_else(PoisonError::into_inner),
        }
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
        if lines.switches.on(Switch::DeletedAreFound) {
            let all = lines.types.get(resource_type).into_iter().flat_map(IndexMap::values);
            let last = all.filter_map(|line| line.iter().rev().find(|version| version.resource.is_some()));
            return (write, last.cloned().collect());
        }
        (
            write,
            then.filter(|version| version.resource.is_some()).cloned().collect(),
        )
    }

    /// Every line of a type, oldest version first.
    pub fn histories(&self, resource_type: &str) -> Vec<Vec<Arc<Version>>> {
        let lines = self.look();
        let all = lines.types.get(resource_type).into_iter().flat_map(IndexMap::values);
        all.cloned().collect()
    }

    /// What was the current version of a resource after a write, which may be a deletion.
    pub fn at(&self, resource_type: &str, id: &str, write: u64) -> Option<Arc<Version>> {
        let lines = self.look();
        let line = lines.line(resource_type, id)?;
        line.iter().rev().find(|version| version.sequence <= write).cloned()
    }

    /// The number of the last write.
    pub fn last_write(&self) -> u64 {
        self.look().sequence
    }

    /// The number of the last write before a moment.
    pub fn write_before(&self, moment: Timestamp) -> u64 {
        let lines = self.look();
        let all = lines.types.values().flat_map(IndexMap::values).flatten();
        let before = all.filter(|version| version.at < moment);
        before.map(|version| version.sequence).max().unwrap_or_default()
    }

    fn look(&self) -> RwLockReadGuard<'_, Lines> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store, locked for writing. What is done through it counts at once; see [`AllOrNone`] for
/// what may still fail.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    lines: RwLockWriteGuard<'a, Lines>,
}

impl Writing<'_> {
    /// The newest version of a resource, which may be a deletion.
    pub fn current(&self, resource_type: &str, id: &str) -> Option<&Arc<Version>> {
        self.lines.current(resource_type, id)
    }

    /// The resources of a type that exist, in the order of creation.
    pub fn present(&self, resource_type: &str) -> impl Iterator<Item = &Arc<Version>> {
        let lines = self.lines.types.get(resource_type).into_iter();
        let current = lines.flat_map(IndexMap::values).filter_map(|line| line.last());
        current.filter(|version| version.resource.is_some())
    }

    /// Stores a new resource under an id that nobody has: see [`new_id`].
    pub fn create(&mut self, resource_type: &str, id: &str, resource: Value) -> Arc<Version> {
        self.append(resource_type, id, Origin::Post, Some(resource))
    }

    /// Stores a resource that was made elsewhere: with the id, the version and the time that it has.
    pub fn place(&mut self, resource: Value) {
        let text = |name: &str| resource.pointer(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(resource_type), Some(id)) = (text("/resourceType"), text("/id")) else {
            return;
        };
        let version_id = text("/meta/versionId").unwrap_or_else(|| "1".to_owned());
        let at = text("/meta/lastUpdated").and_then(|text| parse_instant(&text));
        self.lines.sequence += 1;
        let version = Version {
            id: id.clone(),
            number: version_id.parse().unwrap_or(1),
            version_id,
            at: at.unwrap_or_else(now),
            within_second: false,
            origin: Origin::Post,
            resource: Some(Arc::new(resource)),
            sequence: self.lines.sequence,
        };
        let line = self
            .lines
            .types
            .entry(resource_type)
            .or_default()
            .entry(id)
            .or_default();
        line.push(Arc::new(version));
    }

    /// Stores the next version of a resource, or its first under the client's id.
    pub fn update(&mut self, resource_type: &str, id: &str, resource: Value) -> Arc<Version> {
        let current = self.lines.current(resource_type, id);
        let existed = current.is_some_and(|version| version.resource.is_some());
        let origin = if existed { Origin::Put } else { Origin::PutCreated };
        self.append(resource_type, id, origin, Some(resource))
    }

    /// Stores what a patch made of the current version.
    pub fn patch(&mut self, resource_type: &str, id: &str, resource: Value) -> Arc<Version> {
        self.append(resource_type, id, Origin::Patch, Some(resource))
    }

    /// Adds a deletion; the caller knows that the resource exists.
    pub fn delete(&mut self, resource_type: &str, id: &str) -> Arc<Version> {
        self.append(resource_type, id, Origin::Delete, None)
    }

    /// Removes past versions for good: those that `goes` names, but never the current one. An [`AllOrNone`] does not bring
    /// them back: the interactions that do this are no entries of a transaction.
    pub fn forget(&mut self, resource_type: &str, id: &str, goes: impl Fn(&Version) -> bool) {
        let line = self
            .lines
            .types
            .get_mut(resource_type)
            .and_then(|lines| lines.get_mut(id));
        if let Some(line) = line {
            let current = line.last().map(|version| version.number);
            line.retain(|version| Some(version.number) == current || !goes(version));
        }
    }

    fn append(&mut self, resource_type: &str, id: &str, origin: Origin, resource: Option<Value>) -> Arc<Version> {
        self.lines.append(resource_type, id, origin, resource)
    }
}

/// An id that no resource has.
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
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
        // Deletions count, and the current version is never removed: a version id is never given twice.
        let number = line.last().map_or(0, |before| before.number) + 1;
        let sent = resource.as_ref().map_or(&Value::Null, |resource| &resource["meta"]);
        let kept = Kept::of(sent, origin, self.switches);
        let version_id = kept
            .version_id
            .unwrap_or_else(|| version_id(number, line, self.switches));
        let resource = resource.map(|resource| {
            let mut stored = stamp(resource, id, &version_id, at);
            if let Some(last_updated) = kept.last_updated {
                stored["meta"]["lastUpdated"] = json!(last_updated);
            }
            Arc::new(stored)
        });
        if self.switches.on(Switch::UpdateInPlace) && origin == Origin::Put {
            line.pop();
        }
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
            number,
        };
        let version = Arc::new(version);
        line.push(version.clone());
        version
    }
}

/// The id of the version that has that number among those of its resource.
fn version_id(number: u64, line: &Line, switches: Switches) -> String {
    if !switches.any() {
        return number.to_string();
    }
    if switches.on(Switch::VersionsFromZero) {
        return (number - 1).to_string();
    }
    if switches.on(Switch::OpaqueVersions) {
        // An odd factor makes another number of each, so none is given twice.
        return format!("v{:08x}", (number as u32).wrapping_mul(0x9e37_79b1));
    }
    if switches.on(Switch::VersionsWithColons) {
        return format!("12:00:{number:02}");
    }
    if switches.on(Switch::VersionsInBase64) {
        return format!("{number:06}==");
    }
    if switches.on(Switch::VersionsBeginAgain) {
        let alive = line.iter().rev().take_while(|version| version.resource.is_some());
        return (alive.count() + 1).to_string();
    }
    if switches.on(Switch::UpdateInPlace) {
        return line.last().map_or(number.to_string(), |last| last.version_id.clone());
    }
    number.to_string()
}

/// What a mutant keeps of the metadata that the client wrote.
#[derive(Debug, Default)]
struct Kept {
    version_id: Option<String>,
    last_updated: Option<String>,
}

impl Kept {
    fn of(sent: &Value, origin: Origin, switches: Switches) -> Self {
        let (version_id, last_updated) = match origin {
            Origin::Post => (Switch::CreateKeepsVersionId, Switch::CreateKeepsLastUpdated),
            _ => (Switch::UpdateKeepsVersionId, Switch::UpdateKeepsLastUpdated),
        };
        let kept = |switch, name: &str| Some(sent[name].as_str()?.to_owned()).filter(|_| switches.on(switch));
        Self {
            version_id: kept(version_id, "versionId"),
            last_updated: kept(last_updated, "lastUpdated"),
        }
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

    fn put(store: &Store, family: &str) -> Arc<Version> {
        store.write().update("Patient", "a", patient(family))
    }

    #[test]
    fn id_and_meta_are_the_servers_and_the_rest_is_the_clients() {
        let version = Store::default().write().create("Patient", &new_id(), patient("A"));
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
        let origins = (put(&store, "A").origin, put(&store, "B").origin);
        assert_eq!(origins, (Origin::PutCreated, Origin::Put));
        assert_eq!(store.write().delete("Patient", "a").version_id, "3");
        let revived = put(&store, "C");
        assert_eq!((revived.version_id.as_str(), revived.origin), ("4", Origin::PutCreated));
        assert_eq!(store.history("Patient", "a").unwrap().len(), 4);
        assert!(store.history("Patient", "b").is_none() && store.current("Observation", "a").is_none());
    }

    #[test]
    fn an_earlier_state_can_be_looked_at_again() {
        let store = Store::default();
        let first = store.write().create("Patient", &new_id(), patient("A"));
        let (write, before) = store.snapshot("Patient", None);
        store.write().create("Patient", &new_id(), patient("B"));
        store.write().delete("Patient", &first.id);
        assert_eq!(store.snapshot("Patient", Some(write)).1[0].id, before[0].id);
        assert_eq!(store.snapshot("Patient", None).1.len(), 1);
        assert_eq!(store.snapshot("Patient", Some(0)).1.len(), 0);
        assert_eq!(store.write().present("Patient").count(), 1);
    }

    #[test]
    fn only_past_versions_are_forgotten_and_their_numbers_stay_taken() {
        let store = Store::default();
        for family in ["A", "B", "C"] {
            put(&store, family);
        }
        let left = || {
            let versions = store.history("Patient", "a").unwrap();
            let ids: Vec<_> = versions.iter().map(|version| version.version_id.clone()).collect();
            ids.join(" ")
        };
        store
            .write()
            .forget("Patient", "a", |version| version.version_id == "2");
        assert_eq!(left(), "1 3");
        store.write().forget("Patient", "a", |_| true);
        assert_eq!(left(), "3");
        put(&store, "D");
        assert_eq!(left(), "3 4");
        store.write().forget("Patient", "nobody", |_| true);
    }

    #[test]
    fn concurrent_writes_lose_no_version() {
        let store = Store::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| drop(put(&store, "A"))));
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
