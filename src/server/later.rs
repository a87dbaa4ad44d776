//! The asynchronous pattern, as far as `http.html` speaks of it: who prefers `respond-async` is answered 202 with the place
//! to ask at (R5 and later; `async.html`).
//!
//! The work is done before that answer: nobody has to wait here. The result is kept for a while, as a batch-response.

use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use http::header::CONTENT_LOCATION;
use indexmap::IndexMap;
use serde_json::Value;

use super::incoming::Incoming;
use super::reply::{Refusal, Reply};
use super::route::Target;
use super::{bundle, store};
use crate::fhir::FhirVersion;

/// How many results are kept; the oldest goes first.
const KEPT: usize = 1000;

/// Results that may still be asked for, by the last segment of their URL.
#[derive(Debug, Default)]
pub(super) struct Later(Mutex<IndexMap<String, Value>>);

impl Later {
    /// Whether a request to this place is answered later on wish.
    pub fn is_offered(target: &Target, release: FhirVersion) -> bool {
        release >= FhirVersion::R5 && !matches!(target, Target::Metadata | Target::Later(_))
    }

    /// Keeps an answer and says where: 202.
    pub fn keep(&self, request: &Incoming, answered: Result<Reply, Refusal>) -> Reply {
        let reply = answered.unwrap_or_else(Refusal::into_reply);
        let key = store::new_id();
        let place = format!("{}/_async/{key}", request.base);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.len() >= KEPT {
            kept.shift_remove_index(0);
        }
        kept.insert(key, bundle::of_one(&reply, &request.base));
        Reply::empty(StatusCode::ACCEPTED).header(CONTENT_LOCATION, &place)
    }

    /// What was kept; 404 where there is nothing of that name.
    pub fn show(&self, key: &str) -> Result<Reply, Refusal> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get(key) {
            Some(bundle) => Ok(Reply::resource(StatusCode::OK, bundle.clone())),
            None => Err(nothing(key)),
        }
    }

    /// Forgets what was kept: 202, as the pattern has it.
    pub fn forget(&self, key: &str) -> Result<Reply, Refusal> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.shift_remove(key) {
            Some(_) => Ok(Reply::empty(StatusCode::ACCEPTED)),
            None => Err(nothing(key)),
        }
    }
}

fn nothing(key: &str) -> Refusal {
    Refusal::not_found(format!("no answer is kept as `{key}`"))
}
