//! The schemas of a release as the binary carries them: one archive, each type compressed on its own.
//!
//! Opening an archive reads its list of names only; `build/schemas.rs` writes it and describes its layout.

use foldhash::HashMap;
use miniz_oxide::inflate::decompress_to_vec;
use serde_json::Value;

/// The opened archive of a release.
#[derive(Debug, Default)]
pub(super) struct Archive {
    /// The names are our own, so that a quick hash will do.
    files: HashMap<&'static str, &'static [u8]>,
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
        Self { files: files.collect() }
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
        let text = decompress_to_vec(self.files.get(name)?).ok()?;
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
