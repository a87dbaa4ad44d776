//! Several interactions as one act: all of them count, or none.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use serde_json::Value;

use super::{Lines, Store, Version};

/// Type and id of a resource.
pub(in crate::server) type Place = (String, String);

/// The store, lent to one transaction: inside, everything reads and writes as ever; outside, nobody does until it ends.
/// Where it ends without [`AllOrNone::commit`], everything that was written is taken back.
#[derive(Debug)]
pub(in crate::server) struct AllOrNone<'a> {
    outside: RwLockWriteGuard<'a, Lines>,
    inside: Arc<Store>,
    /// The number of the last write before it began.
    began: u64,
    is_done: bool,
}

impl Store {
    /// Begins what counts whole or not at all; waits for the lock.
    pub fn all_or_none(&self) -> AllOrNone<'_> {
        let mut outside = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut lines = std::mem::take(&mut *outside);
        lines.journal = Some(Vec::new());
        let began = lines.sequence;
        AllOrNone {
            outside,
            inside: Arc::new(Self(RwLock::new(lines))),
            began,
            is_done: false,
        }
    }
}

impl AllOrNone<'_> {
    /// The store as the act sees it.
    pub fn store(&self) -> Arc<Store> {
        self.inside.clone()
    }

    /// How many versions were written so far.
    pub fn count(&self) -> usize {
        self.inside.look().journal.as_ref().map_or(0, Vec::len)
    }

    /// What was written after the first so many, in order.
    pub fn written_after(&self, count: usize) -> Vec<Place> {
        let lines = self.inside.look();
        let written = lines.journal.as_deref().unwrap_or_default();
        written.get(count..).unwrap_or_default().to_vec()
    }

    /// Changes the content of a version that this act made, and that nobody else has seen.
    pub fn amend(&self, resource_type: &str, id: &str, resource: Value) {
        let mut lines = self.inside.0.write().unwrap_or_else(PoisonError::into_inner);
        let line = lines.types.get_mut(resource_type).and_then(|lines| lines.get_mut(id));
        if let Some(last) = line
            .and_then(|line| line.last_mut())
            .filter(|last| last.sequence > self.began)
        {
            *last = Arc::new(Version {
                resource: Some(Arc::new(resource)),
                ..Version::clone(last)
            });
        }
    }

    /// What was written counts.
    pub fn commit(mut self) {
        self.is_done = true;
    }
}

impl Drop for AllOrNone<'_> {
    fn drop(&mut self) {
        let mut inside = self.inside.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut lines = std::mem::take(&mut *inside);
        let written = lines.journal.take().unwrap_or_default();
        if !self.is_done {
            lines.take_back(&written);
        }
        *self.outside = lines;
    }
}

impl Lines {
    /// Removes the newest versions of these resources, as if they had never been.
    fn take_back(&mut self, written: &[Place]) {
        for (resource_type, id) in written.iter().rev() {
            let Some(lines) = self.types.get_mut(resource_type) else {
                continue;
            };
            let Some(line) = lines.get_mut(id) else { continue };
            line.pop();
            if line.is_empty() {
                // It was created last of all, since creations are taken back in reverse.
                lines.shift_remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_committed_never_was() {
        let store = Store::default();
        let patient = |family: &str| json!({ "resourceType": "Patient", "name": [{ "family": family }] });
        store.write().update("Patient", "a", patient("A"));
        let before = format!("{:?}", store.history("Patient", "a"));
        for is_done in [false, true] {
            let work = store.all_or_none();
            let inside = work.store();
            inside.write().create("Patient", "n", patient("B"));
            inside.write().update("Patient", "a", patient("C"));
            inside.write().delete("Patient", "a");
            inside.write().update("Patient", "b", patient("D"));
            work.amend("Patient", "b", patient("E"));
            assert_eq!(inside.snapshot("Patient", None).1.len(), 2);
            assert_eq!(
                (work.count(), work.written_after(3)),
                (4, vec![("Patient".to_owned(), "b".to_owned())])
            );
            if is_done {
                work.commit();
                assert_eq!(store.history("Patient", "a").unwrap().len(), 3);
                let amended = store.current("Patient", "b").unwrap();
                assert_eq!(amended.resource.as_deref(), Some(&patient("E")));
            } else {
                drop(work);
                assert_eq!(format!("{:?}", store.history("Patient", "a")), before);
                assert_eq!(store.snapshot("Patient", None).1.len(), 1);
                assert!(store.current("Patient", "b").is_none());
            }
        }
        // Only what was written inside can be amended.
        let work = store.all_or_none();
        work.amend("Patient", "n", patient("X"));
        work.commit();
        assert!(format!("{:?}", store.current("Patient", "n")).contains("\"B\""));
    }

    #[test]
    fn a_panic_inside_loses_nothing() {
        let store = Store::default();
        store.write().update("Patient", "a", json!({}));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let work = store.all_or_none();
            work.store().write().delete("Patient", "a");
            panic!("a bug");
        }));
        assert!(panicked.is_err());
        assert_eq!(store.history("Patient", "a").unwrap().len(), 1);
    }
}
