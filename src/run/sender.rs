//! Sending: each request of a run has its place and an id that the server's logs can be searched for.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::exchange::{Exchange, Request};
use crate::transport::{Cue, Stage, Transport, TransportError};

/// The header that tells a server which request this is (`http.html#custom`).
const REQUEST_ID: &str = "X-Request-Id";

/// Sends the requests of one case, or those of the end of the run.
pub struct Sender<'a> {
    transport: &'a dyn Transport,
    /// Where the next request belongs, with the number of the one before it.
    cue: RefCell<Cue>,
    /// What the ids of its requests begin with; `None`: they get none.
    ids: Option<String>,
    /// How many requests were sent.
    sent: Cell<u32>,
}

impl<'a> Sender<'a> {
    /// A sender for a case, or without one for the end of the run. `ids` is what the ids of its requests begin with: letters,
    /// digits and dashes, which every server takes.
    #[must_use]
    pub fn new(transport: &'a dyn Transport, case: Option<Arc<str>>, ids: Option<String>) -> Self {
        let stage = if case.is_some() { Stage::Setup } else { Stage::End };
        Self {
            transport,
            cue: RefCell::new(Cue {
                case,
                stage,
                step: 0,
                request: 0,
                attempt: 1,
            }),
            ids,
            sent: Cell::new(0),
        }
    }

    /// What is sent from now on belongs to this step.
    pub fn begin(&self, stage: Stage, step: u32) {
        let mut cue = self.cue.borrow_mut();
        cue.stage = stage;
        cue.step = step;
        cue.request = 0;
    }

    /// Sends a request as the next of its step.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn perform(&self, request: &Request) -> Result<Exchange, TransportError> {
        let cue = self.next();
        self.cue.borrow_mut().request = cue.request;
        self.sent.set(self.sent.get() + 1);
        match self.identified(request) {
            Some(identified) => self.transport.perform_for(&cue, &identified).await,
            None => self.transport.perform_for(&cue, request).await,
        }
    }

    /// The request with the id that was sent last; where it has one of its own, or none at all, as it is.
    #[must_use]
    pub fn identified(&self, request: &Request) -> Option<Request> {
        // A step that sets or removes the header means it.
        if request.headers.get(REQUEST_ID).is_some() {
            return None;
        }
        let ids = self.ids.as_ref()?;
        let mut request = request.clone();
        request
            .headers
            .push(REQUEST_ID, format!("{ids}-{:04}", self.sent.get()));
        Some(request)
    }

    /// Whether there is a server at the other end, so that it helps to wait.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.transport.is_live()
    }

    /// Whether a recording has an answer to this request, should it be sent next.
    #[must_use]
    pub fn may_answer(&self, request: &Request) -> bool {
        self.transport.may_answer(&self.next(), request)
    }

    fn next(&self) -> Cue {
        let mut cue = self.cue.borrow().clone();
        cue.request += 1;
        cue
    }
}
