//! Texts that were read lately. A run gets the same answer again and again: the CapabilityStatement, what it created and
//! then reads, an empty Bundle; of the bytes that a run of all suites receives that is two fifths.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::json::{self, Json};

/// So many texts are kept at most.
const TEXTS: usize = 16;
/// So many bytes of text are kept at most; what was read of a text takes about ten times as much.
const BYTES: usize = 1 << 19;

static RECENT: Mutex<Recent> = Mutex::new(Recent::new());

/// Reads a JSON text, or finds what was read of the same text before.
///
/// # Errors
/// As [`json::parse`].
pub(super) fn parse(bytes: &Bytes, text: &str) -> Result<Arc<Json>, String> {
    if let Some(known) = RECENT.lock().unwrap_or_else(PoisonError::into_inner).find(bytes) {
        return Ok(known);
    }
    let json = Arc::new(json::parse(text)?);
    RECENT
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .keep(bytes.clone(), Arc::clone(&json));
    Ok(json)
}

/// Texts and what was read of them, the latest first.
struct Recent {
    texts: VecDeque<(Bytes, Arc<Json>)>,
    bytes: usize,
}

impl Recent {
    const fn new() -> Self {
        Self {
            texts: VecDeque::new(),
            bytes: 0,
        }
    }

    fn find(&mut self, bytes: &Bytes) -> Option<Arc<Json>> {
        let at = self.texts.iter().position(|(known, _)| known == bytes)?;
        let found = self.texts.remove(at)?;
        let json = Arc::clone(&found.1);
        self.texts.push_front(found);
        Some(json)
    }

    fn keep(&mut self, bytes: Bytes, json: Arc<Json>) {
        if bytes.len() > BYTES {
            return;
        }
        self.bytes += bytes.len();
        self.texts.push_front((bytes, json));
        while self.texts.len() > TEXTS || self.bytes > BYTES {
            let Some((dropped, _)) = self.texts.pop_back() else {
                break;
            };
            self.bytes -= dropped.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(recent: &mut Recent, text: &str) {
        recent.keep(
            Bytes::copy_from_slice(text.as_bytes()),
            Arc::new(json::parse(text).unwrap()),
        );
    }

    fn finds(recent: &mut Recent, text: &str) -> Option<String> {
        let found = recent.find(&Bytes::copy_from_slice(text.as_bytes()));
        found.map(|json| json.value.to_string())
    }

    #[test]
    fn the_latest_are_kept() {
        let mut recent = Recent::new();
        for number in 0..TEXTS {
            keep(&mut recent, &format!("[{number}]"));
        }
        assert_eq!(finds(&mut recent, "[0]").as_deref(), Some("[0]"));
        keep(&mut recent, "[\"another\"]");
        assert_eq!(
            finds(&mut recent, "[0]").as_deref(),
            Some("[0]"),
            "it was asked for lately"
        );
        assert_eq!(finds(&mut recent, "[1]"), None, "it made room");
        assert_eq!(recent.texts.len(), TEXTS);
        let held: usize = recent.texts.iter().map(|(bytes, _)| bytes.len()).sum();
        assert_eq!(recent.bytes, held);
    }

    #[test]
    fn what_differs_in_one_byte_is_another_text() {
        let mut recent = Recent::new();
        keep(&mut recent, "{\"a\":1}");
        assert_eq!(finds(&mut recent, "{\"a\":2}"), None);
        assert_eq!(finds(&mut recent, "{\"a\":1 }"), None);
    }

    #[test]
    fn long_texts_take_the_room_of_many_and_longer_ones_none() {
        let mut recent = Recent::new();
        let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        keep(&mut recent, "[1]");
        keep(&mut recent, &text(BYTES + 1));
        assert_eq!(recent.texts.len(), 1);
        keep(&mut recent, &text(BYTES));
        assert_eq!(recent.texts.len(), 1);
        assert_eq!(recent.bytes, BYTES);
        assert_eq!(finds(&mut recent, "[1]"), None);
    }

    #[test]
    fn keys_that_stand_twice_are_known_again() {
        let bytes = Bytes::from_static(b"{\"a\":1,\"a\":2}");
        for _ in 0..2 {
            let json = parse(&bytes, std::str::from_utf8(&bytes).unwrap()).unwrap();
            assert_eq!(json.repeated, ["a"]);
        }
        assert!(parse(&Bytes::from_static(b"{"), "{").is_err());
    }
}
