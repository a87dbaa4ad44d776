//! What all cases of a run share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::Sender;
use super::cleanup::Registry;
use crate::exchange::{Body, Headers, Request};
use crate::fhir::media_type;
use crate::fhir::profile::Profiles;
use crate::fhir::validate::Unchecked;
use crate::requirement::Catalogue;
use crate::suite::Given;
use crate::system::System;
use crate::transport::{Target, Transport, TransportError};

/// The surroundings of every case.
pub struct World<'a> {
    /// How exchanges are performed.
    pub transport: &'a dyn Transport,
    /// The server under test.
    pub target: &'a Target,
    /// The rules.
    pub catalogue: &'a Catalogue,
    /// The run's tag: 12 letters and digits.
    pub tag: String,
    /// The number from which all made-up ids come.
    pub marks: u64,
    /// What the tester gave, and what was found in its place.
    pub given: Given,
    /// What was created.
    pub registry: Registry,
    /// The profiles that bodies are judged by.
    pub profiles: Profiles,
    /// The documented API that is under test.
    pub system: Option<Arc<System>>,
    /// Whether what was created is deleted.
    pub cleanup: bool,
    /// The longest that `eventually` asks again, where that is less than the step says.
    pub patience: Option<Duration>,
    /// Whether every request gets an id.
    pub request_ids: bool,
    /// What was not looked at in bodies, and in how many.
    pub unchecked: RefCell<BTreeMap<Unchecked, u64>>,
    /// The end of the run before its time.
    pub stop: Stop,
    /// Whether the server refuses updates without If-Match: found out by the first that is refused.
    pub demands_if_match: Cell<bool>,
    /// Whether the server takes Bundles at `[base]/` and not at `[base]`: found out by the first.
    pub base_has_slash: Cell<bool>,
    /// The start of the run.
    pub started: Instant,
}

impl World<'_> {
    /// Microseconds since the start of the run.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// After a lost exchange: stops the run where the server itself is gone.
    pub async fn check_outage(&self, error: &TransportError, sender: &Sender<'_>) {
        // A server that says nothing any more is as good as gone; one slow answer is not.
        let is_over = |error: &TransportError| error.is_outage() || matches!(error, TransportError::Silent(_));
        if !is_over(error) || self.stop.reason().is_some() {
            return;
        }
        let request = Request {
            method: "GET".into(),
            url: format!("{}/metadata", self.target.base),
            headers: Headers::from_iter([("Accept", media_type::FHIR_JSON)]),
            body: Body::Empty,
        };
        if let Err(error) = sender.perform(&request).await
            && is_over(&error)
        {
            match error {
                TransportError::NoToken(_) => self.stop.ask(error.to_string()),
                error => self.stop.ask(format!("the server is gone: {error}")),
            }
        }
    }
}

/// A way to end a run before its time. Cases stop between their steps; what they created is deleted all the same.
#[derive(Clone, Default)]
pub struct Stop {
    inner: Rc<Inner>,
}

#[derive(Default)]
struct Inner {
    reason: RefCell<Option<String>>,
    notify: Notify,
}

impl Stop {
    /// Asks for the end, for a reason. The first reason stays.
    pub fn ask(&self, reason: impl Into<String>) {
        self.inner.reason.borrow_mut().get_or_insert_with(|| reason.into());
        self.inner.notify.notify_waiters();
    }

    /// Why the end was asked for; `None` where it was not.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.inner.reason.borrow().clone()
    }

    /// Waits for the future, but no longer than to the asking for the end: `None` then.
    pub async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let notified = std::pin::pin!(self.inner.notify.notified());
        if self.inner.reason.borrow().is_some() {
            return None;
        }
        match select(std::pin::pin!(future), notified).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}

/// A number that depends on both numbers, with every bit of them (splitmix64).
#[must_use]
pub const fn mix(seed: u64, salt: u64) -> u64 {
    let mut z = seed ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Puts items into an order that depends on the seed alone (Fisher and Yates).
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    for index in (1..items.len()).rev() {
        let below = u64::try_from(index + 1).unwrap_or(u64::MAX);
        let other = mix(seed, below) % below;
        items.swap(index, usize::try_from(other).unwrap_or(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_waiting_and_keeps_its_first_reason() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let stop = Stop::default();
            assert_eq!(stop.or(async { 1 }).await, Some(1));
            let other = stop.clone();
            let (waited, ()) = futures_util::join!(stop.or(std::future::pending::<u8>()), async move {
                other.ask("first");
                other.ask("second");
            });
            assert_eq!((waited, stop.reason().as_deref()), (None, Some("first")));
            assert_eq!(stop.or(async { 1 }).await, None);
        });
    }

    proptest::proptest! {
        #[test]
        fn shuffling_keeps_everything_and_repeats(count in 0_usize..200, seed: u64) {
            let shuffled = |seed| {
                let mut items: Vec<usize> = (0..count).collect();
                shuffle(&mut items, seed);
                items
            };
            let mut sorted = shuffled(seed);
            proptest::prop_assert_eq!(&sorted, &shuffled(seed));
            proptest::prop_assert!(count < 20 || sorted != shuffled(seed ^ 1));
            sorted.sort_unstable();
            proptest::prop_assert!(sorted.into_iter().eq(0..count));
        }
    }

    #[test]
    fn mixing_is_stable() {
        assert_eq!(mix(1, 2), mix(1, 2));
        assert_ne!(mix(1, 2), mix(2, 1));
    }
}
