//! Several interactions as one act: all of them count, or none.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use serde_json::Value;

use super::{Lines, Store, Version};

/// Type and id of a resource.
pub(in crate::server) type Place = (String, String);

/// The store, lent to one transaction: inside, everything reads and writes as ever; outside, nobody does until it ends.
/// Where it ends without [`Act::commit`], everything that was written is taken back.
#[derive(Debug)]
pub(in crate::server) struct Act<'a> {
    outside: RwLockWriteGuard<'a, Lines>,
    inside: Arc<Store>,
    is_done: bool,
}

impl Store {
    /// Begins an act; waits for the lock.
    pub fn act(&self) -> Act<'_> {
        let mut outside = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut lines = std::mem::take(&mut *outside);
        lines.journal = Some(Vec::new());
        Act {
            outside,
            inside: Arc::new(Self(RwLock::new(lines))),
            is_done: false,
        }
    }
}

impl Act<'_> {
    /// The store as the act sees it.
    pub fn store(&self) -> Arc<Store> {
        self.inside.clone()
    }

    /// What was written so far, in order.
    pub fn written(&self) -> Vec<Place> {
        self.inside.look().journal.clone().unwrap_or_default()
    }

    /// Changes the content of a version that this act made, and that nobody else has seen.
    pub fn amend(&self, resource_type: &str, id: &str, resource: Value) {
        let mut lines = self.inside.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_ours = lines
            .journal
            .iter()
            .flatten()
            .any(|(name, known)| name == resource_type && known == id);
        let line = lines.types.get_mut(resource_type).and_then(|lines| lines.get_mut(id));
        if let Some(last) = line.and_then(|line| line.last_mut()).filter(|_| is_ours) {
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

impl Drop for Act<'_> {
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
