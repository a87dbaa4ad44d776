//! Writing a recording while the run goes on: no exchange is kept in memory for it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::about::{About, Count, Recorded};
use super::har;
use crate::exchange::{Exchange, Request, redact};
use crate::transport::{Cue, Transport, TransportError};
use crate::verdict::RunResult;

/// A HAR file that is being written: one line for each entry.
pub struct Tape {
    out: Box<dyn Write>,
    /// The entry that is written; its room is used again.
    line: Vec<u8>,
    entries: u64,
    /// The zero of every exchange's `started_us`.
    zero: SystemTime,
    counts: BTreeMap<Arc<str>, Vec<Count>>,
    fault: Option<io::Error>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape")
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl Tape {
    /// Begins a recording. `zero` is the wall-clock time of the zero of every exchange's `started_us`.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn begin(mut out: Box<dyn Write>, zero: SystemTime) -> io::Result<Self> {
        writeln!(
            out,
            r#"{{"log":{{"version":"1.2","creator":{{"name":"{}","version":"{}"}},"pages":[],"entries":["#,
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION")
        )?;
        Ok(Self {
            out,
            line: Vec::new(),
            entries: 0,
            zero,
            counts: BTreeMap::new(),
            fault: None,
        })
    }

    /// Adds an exchange, or a request that got no answer. What cannot be written is told at the end.
    pub fn add(&mut self, cue: &Cue, request: &Request, sent: &Result<Exchange, TransportError>) {
        if self.fault.is_some() {
            return;
        }
        self.count(cue);
        let started = match sent {
            Ok(exchange) => self.zero + Duration::from_micros(exchange.timing.started_us),
            Err(_) => SystemTime::now(),
        };
        let started = jiff::Timestamp::try_from(started)
            .map(|moment| format!("{moment:.3}"))
            .unwrap_or_default();
        // A request without an answer never passed the transport that masks secrets.
        let unanswered = sent.is_err().then(|| {
            let mut request = request.clone();
            redact::redact(&mut request.headers, &[]);
            request.headers.retain(|_, value| !value.is_empty());
            request
        });
        let entry = har::entry(cue, unanswered.as_ref().unwrap_or(request), sent, started);
        self.line.clear();
        if self.entries > 0 {
            self.line.extend_from_slice(b",\n");
        }
        let written = serde_json::to_writer(&mut self.line, &entry)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(&self.line));
        match written {
            Ok(()) => self.entries += 1,
            Err(error) => self.fault = Some(error),
        }
    }

    fn count(&mut self, cue: &Cue) {
        let Some(case) = &cue.case else { return };
        let counts = match self.counts.get_mut(case) {
            Some(counts) => counts,
            None => self.counts.entry(Arc::clone(case)).or_default(),
        };
        match counts
            .iter_mut()
            .rev()
            .find(|count| count.0 == cue.stage && count.1 == cue.step)
        {
            Some(count) => count.2 = count.2.max(cue.request),
            None => counts.push(Count(cue.stage, cue.step, cue.request)),
        }
    }

    /// Ends the recording with what the run was and came to.
    ///
    /// # Errors
    /// Where writing fails, or failed before.
    pub fn end(&mut self, about: About, result: &RunResult) -> io::Result<()> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let mut recorded = Recorded {
            about,
            stopped: None,
            cases: std::mem::take(&mut self.counts),
            left_out: BTreeMap::new(),
        };
        recorded.complete(result);
        self.out.write_all(b"\n],\"_assay\":")?;
        serde_json::to_writer(&mut self.out, &recorded)?;
        self.out.write_all(b"}}\n")?;
        self.out.flush()
    }
}

/// A transport that writes down what another does.
#[derive(Debug)]
pub struct Recording<T> {
    inner: T,
    tape: Rc<RefCell<Tape>>,
}

impl<T: Transport> Recording<T> {
    /// Wraps a transport.
    pub fn new(inner: T, tape: Rc<RefCell<Tape>>) -> Self {
        Self { inner, tape }
    }

    async fn record(&self, cue: &Cue, request: &Request) -> Result<Exchange, TransportError> {
        let sent = self.inner.perform_for(cue, request).await;
        self.tape.borrow_mut().add(cue, request, &sent);
        sent
    }
}

impl<T: Transport> Transport for Recording<T> {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move { self.record(&Cue::probe(), request).await }.boxed_local()
    }

    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        self.record(cue, request).boxed_local()
    }

    fn is_live(&self) -> bool {
        self.inner.is_live()
    }

    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        self.inner.may_answer(cue, request)
    }
}
