//! Sending a step's requests, with what some servers ask of every client.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::case::{CaseRun, is_free_update};
use super::{entries, step};
use crate::exchange::{Body, Exchange, Request};
use crate::fhir::Interaction;
use crate::suite::{Action, Step};
use crate::transport::TransportError;

impl CaseRun<'_> {
    /// Sends a step's request. `None`: the run was stopped meanwhile.
    pub async fn send(&self, step: &Step, mut request: Request) -> Option<Result<Exchange, TransportError>> {
        let version = is_free_update(step).then(|| self.version_of(&request)).flatten();
        self.name_versions(step, &mut request);
        let mut is_bare = true;
        if let Some(version) = version.as_ref().filter(|_| self.world.demands_if_match.get()) {
            request.headers.push("If-Match", version);
            is_bare = false;
        }
        let sent = self.perform_at_base(step, &mut request).await?;
        let refused = |exchange: &Exchange| matches!(exchange.response.status, 400 | 412 | 428);
        match (&sent, version) {
            (Ok(exchange), Some(version))
                // Another case may have found it out while this request was under way.
                if is_bare && refused(exchange) && self.names_success(step) =>
            {
                // It may demand If-Match on every update (`http.html#concurrency` allows that): then it gets one from now on.
                let mut again = request;
                again.headers.push("If-Match", version);
                match self.perform_second(&again).await? {
                    Second::Answer(second) if (200..300).contains(&second.response.status) => {
                        self.world.demands_if_match.set(true);
                        Some(Ok(second))
                    }
                    Second::Lost(hole) => Some(Err(hole)),
                    _ => Some(sent),
                }
            }
            _ => Some(sent),
        }
    }

    /// Sends a request again and again until its expectations hold; the last answer counts.
    pub async fn send_until(
        &self,
        step: &Step,
        request: &Request,
        patience: Duration,
    ) -> Option<Result<Exchange, TransportError>> {
        let begin = Instant::now();
        let mut attempts = 0;
        for pause in step::pauses() {
            let sent = self.send(step, request.clone()).await?;
            let Ok(mut exchange) = sent else { return Some(sent) };
            attempts += exchange.timing.attempts;
            exchange.timing.attempts = attempts;
            // In a recording the patience was over where its answers end.
            let is_over = if self.sender.is_live() {
                begin.elapsed() + pause > patience
            } else {
                !self.sender.may_answer(request)
            };
            if is_over || step::would_pass(step, &exchange, self) {
                return Some(Ok(exchange));
            }
            if self.sender.is_live() {
                self.world.stop.or(tokio::time::sleep(pause)).await?;
            }
        }
        None
    }

    /// One exchange. After a stop what is in flight gets a few seconds more, so that it is known what it created.
    async fn perform(&self, request: &Request) -> Option<Result<Exchange, TransportError>> {
        let mut exchange = std::pin::pin!(self.sender.perform(request));
        match self.world.stop.or(exchange.as_mut()).await {
            Some(sent) => Some(sent),
            None => match tokio::time::timeout(Duration::from_secs(5), exchange).await {
                Ok(sent) => Some(sent),
                Err(_) => {
                    self.world
                        .registry
                        .watch_lost(self.index, &self.world.target.base, request);
                    None
                }
            },
        }
    }

    /// One exchange. `[base]` and `[base]/` are two places for some servers, and Bundles are taken at one of them: where
    /// the first knows nothing of it, the second is tried.
    async fn perform_at_base(&self, step: &Step, request: &mut Request) -> Option<Result<Exchange, TransportError>> {
        let base = &*self.world.target.base;
        let is_at_base = is_bundle(step) && request.url == base;
        let with_slash = format!("{base}/");
        if is_at_base && self.world.base_has_slash.get() {
            request.url.clone_from(&with_slash);
        }
        let first = self.perform(request).await?;
        let is_unknown = |exchange: &Exchange| matches!(exchange.response.status, 404 | 405);
        if !is_at_base || request.url == with_slash || !first.as_ref().is_ok_and(is_unknown) {
            return Some(first);
        }
        let mut again = request.clone();
        again.url = with_slash;
        match self.perform_second(&again).await? {
            // A transaction may be refused with 404 as well, so an answer of FHIR gives way to a success only.
            Second::Answer(second)
                if second.response.status / 100 == 2 || !(is_unknown(&second) || speaks_fhir(&first)) =>
            {
                self.world.base_has_slash.set(true);
                *request = again;
                Some(Ok(second))
            }
            Second::Lost(hole) => Some(Err(hole)),
            _ => Some(first),
        }
    }

    /// Asks a second way what was refused. A recording is asked only where it says that its run did so.
    async fn perform_second(&self, request: &Request) -> Option<Second> {
        if !self.sender.may_answer(request) {
            return Some(Second::None);
        }
        Some(match self.perform(request).await? {
            Ok(exchange) => Second::Answer(exchange),
            Err(hole @ TransportError::NotRecorded { .. }) => Second::Lost(hole),
            Err(_) => Second::None,
        })
    }

    /// For servers that demand If-Match: entries that update without a condition get the version that is known.
    fn name_versions(&self, step: &Step, request: &mut Request) {
        if !is_bundle(step) || !self.world.demands_if_match.get() {
            return;
        }
        if let Ok(mut bundle) = serde_json::from_slice::<Value>(request.body.bytes())
            && entries::name_versions(&mut bundle, |instance| self.versions.get(instance).cloned())
        {
            request.body = Body::new(bundle.to_string());
        }
    }

    /// Whether an expectation of the step names a success, or none names anything.
    fn names_success(&self, step: &Step) -> bool {
        crate::check::turn(step, 200, &self.context()) == crate::check::Turn::AsExpected
    }

    fn version_of(&self, request: &Request) -> Option<String> {
        let path = request
            .url
            .strip_prefix(&*self.world.target.base)?
            .trim_start_matches('/');
        self.versions.get(path).cloned()
    }
}

/// What came of asking a second way.
enum Second {
    Answer(Exchange),
    /// Nothing: the first answer counts.
    None,
    /// The run that was recorded got an answer, which the recording no longer has: nobody knows which one counted.
    Lost(TransportError),
}

/// Whether an answer comes from FHIR code, and not from the routes before it.
fn speaks_fhir(sent: &Result<Exchange, TransportError>) -> bool {
    let body = sent.as_ref().ok().and_then(|exchange| exchange.response.body.text());
    body.is_some_and(|text| text.contains("OperationOutcome"))
}

/// Whether a step sends a Bundle to be processed.
const fn is_bundle(step: &Step) -> bool {
    matches!(
        &step.action,
        Action::Interaction {
            interaction: Interaction::Batch | Interaction::Transaction,
            ..
        }
    )
}
