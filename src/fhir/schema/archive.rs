//! The schemas of a release as the binary carries them: one archive, each type compressed on its own.
//!
//! Opening an archive reads its list of names only; `build/schemas.rs` writes it and describes its layout.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use flate2::{Decompress, FlushDecompress, Status};
use serde_json::Value;

/// The opened archive of a release.
#[derive(Debug)]
pub(super) struct Archive {
    files: HashMap<&'static str, &'static [u8]>,
    /// One for all: making it takes longer than what it does for a type.
    inflate: Mutex<Decompress>,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            files: HashMap::new(),
            inflate: Mutex::new(Decompress::new(false)),
        }
    }
}

impl Archive {
    /// Reads the list of an archive that the build made; of anything else, as much as makes sense.
    pub(super) fn open(bytes: &'static [u8]) -> Self {
        let mut reader = Reader { rest: bytes };
        let Some(count) = reader.u32() else {
            return Self::default();
        };
        let entries: Vec<_> = (0..count).map_while(|_| reader.entry()).collect();
        let data = reader.rest;
        let files = entries
            .into_iter()
            .filter_map(|(name, at, length)| Some((name, data.get(at..at + length)?)));
        Self {
            files: files.collect(),
            ..Self::default()
        }
    }

    /// Whether it holds the schema of a type.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The names of the types, in no particular order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.keys().copied()
    }

    /// The schema of a type.
    pub(super) fn document(&self, name: &str) -> Option<Value> {
        let packed = self.files.get(name)?;
        // What another thread left in the middle of a panic is forgotten before the next use.
        let mut inflate = self.inflate.lock().unwrap_or_else(PoisonError::into_inner);
        inflate.reset(false);
        let mut text = Vec::with_capacity(packed.len() * 10);
        loop {
            let (read, had) = (usize::try_from(inflate.total_in()).ok()?, text.len());
            match inflate.decompress_vec(packed.get(read..)?, &mut text, FlushDecompress::None) {
                Ok(Status::StreamEnd) => break,
                Ok(_) if text.len() > had || text.len() == text.capacity() => text.reserve(packed.len() * 10),
                _ => return None,
            }
        }
        serde_json::from_slice(&text).ok()
    }
}

struct Reader {
    rest: &'static [u8],
}

impl Reader {
    fn bytes(&mut self, count: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn entry(&mut self) -> Option<(&'static str, usize, usize)> {
        let length = self.bytes(2)?.try_into().ok().map(u16::from_le_bytes)?;
        let name = std::str::from_utf8(self.bytes(usize::from(length))?).ok()?;
        Some((
            name,
            usize::try_from(self.u32()?).ok()?,
            usize::try_from(self.u32()?).ok()?,
        ))
    }
}
