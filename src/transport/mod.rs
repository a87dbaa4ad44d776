//! Ways of performing an exchange.

pub mod auth;
pub mod client;
pub mod cue;
pub mod guard;
pub mod identity;
pub mod in_process;
pub mod pace;
pub mod probe;
pub mod retry;
pub mod several;
mod unanswered;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exchange::{Exchange, Request};

pub use auth::{AuthError, Credentials};
pub use client::{Client, ClientError, ClientOptions};
pub use cue::{Cue, Stage};
pub use guard::Guarded;
pub use identity::Identity;
pub use in_process::InProcess;
pub use pace::{Paced, Rate};
pub use probe::{ProbeError, Target};
pub use retry::{Patience, Retrying};
pub use several::Several;

/// Performs requests, one exchange each. It does not follow redirects and keeps no cookies.
pub trait Transport {
    /// Sends a request and reads the whole answer. A header with an empty value is not sent, and keeps the transport from
    /// adding one of that name itself (credentials, for example).
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>>;

    /// As [`Transport::perform`], and tells what the request is for. A transport that records or replays goes by that; one
    /// that wraps another hands it on.
    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        let _ = cue;
        self.perform(request)
    }

    /// Whether there is a server at the other end: where there is none, as in a replay, waiting is of no use.
    fn is_live(&self) -> bool {
        true
    }

    /// Whether a replay has an answer to this request. A server always may.
    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        let _ = (cue, request);
        true
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        (**self).perform(request)
    }

    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        (**self).perform_for(cue, request)
    }

    fn is_live(&self) -> bool {
        (**self).is_live()
    }

    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        (**self).may_answer(cue, request)
    }
}

/// Why a request got no answer that can be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransportError {
    /// No connection was made: nothing was sent.
    #[error("no connection to {origin}: {cause}")]
    Connect {
        /// Scheme, host and port.
        origin: String,
        /// What the system says.
        cause: String,
    },
    /// The server says that it did nothing of the request: sending it again is harmless (HTTP/2).
    #[error("the server refused the request before it did anything: {0}")]
    Refused(String),
    /// The connection was lost before an answer came.
    #[error("the connection was lost before an answer came: {0}")]
    Lost(String),
    /// No answer began in time.
    #[error("no answer within {}", seconds(*.0))]
    Silent(Duration),
    /// The answer did not end in time.
    #[error("the answer did not end within {}; {received} bytes of its body had come", seconds(*.limit))]
    Unfinished {
        /// The limit.
        limit: Duration,
        /// What had come.
        received: u64,
    },
    /// The answer broke off.
    #[error("the answer broke off after {received} bytes of its body: {cause}")]
    BrokenOff {
        /// What had come.
        received: u64,
        /// What the HTTP library says.
        cause: String,
    },
    /// The answer is longer than is read.
    #[error("the answer is longer than {} MB; nothing longer is read", .limit / 1_000_000)]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// The URL leads to another origin than the server under test.
    #[error("{url} leads away from {origin}; nothing is sent to other origins")]
    OtherOrigin {
        /// The URL.
        url: String,
        /// The origin of the base URL.
        origin: String,
    },
    /// There is no access token to send along: nothing was sent.
    #[error("there is no access token: {0}")]
    NoToken(String),
    /// The request cannot be written as HTTP.
    #[error("this is no HTTP request: {0}")]
    Malformed(String),
    /// A recording that is replayed has no answer to it.
    #[error("the recording has no answer to {place} ({request}): {why}")]
    NotRecorded {
        /// The place of the request in the run, in words.
        place: String,
        /// Method and URL.
        request: String,
        /// What the recording has instead.
        why: String,
    },
    /// A recording that nobody made of a whole run, such as the examples of a document, has no answer to it.
    #[error("the recording shows no answer to {0}")]
    NotShown(String),
    /// The run that was recorded ended before this request.
    #[error("{0}")]
    RecordingEnds(String),
    /// What may be sent does not include it.
    #[error("{request} was not sent: {why}")]
    NotAllowed {
        /// Method and URL.
        request: String,
        /// The rule that forbids it.
        why: String,
    },
}

impl TransportError {
    /// Whether the server itself seems to be gone, or the one that lets us in, as opposed to one answer that went wrong.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Refused(_) | Self::Lost(_) | Self::NoToken(_)
        )
    }

    /// Whether it is certain that the server did nothing of the request.
    #[must_use]
    pub const fn is_unsent(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Refused(_)
                | Self::NoToken(_)
                | Self::Malformed(_)
                | Self::OtherOrigin { .. }
                | Self::NotRecorded { .. }
                | Self::NotShown(_)
                | Self::RecordingEnds(_)
                | Self::NotAllowed { .. }
        )
    }
}

/// A duration as people say it: `30 s`, `1.5 s`.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
