//! What went over the wire: plain data, the same for a live run, a recording and a report.

pub mod body;
pub mod curl;
pub mod headers;
pub mod permission;
pub mod redact;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use body::Body;
pub use curl::curl;
pub use headers::Headers;
pub use permission::{Permission, Write};

/// One request and what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub response: Response,
    /// How long it took.
    pub timing: Timing,
}

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The method, in upper case.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers, in order. Those with secrets hold `***`.
    pub headers: Headers,
    /// The body.
    #[serde(default, skip_serializing_if = "Body::is_empty")]
    pub body: Body,
}

/// A response as it was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The headers, in order.
    pub headers: Headers,
    /// The body, after content codings were taken off.
    #[serde(default, skip_serializing_if = "Body::is_empty")]
    pub body: Body,
}

/// When and how long, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// From the start of the run to the sending of the request.
    pub started_us: u64,
    /// From the sending of the request to the response's headers.
    pub first_byte_us: u64,
    /// From the sending of the request to the end of the response.
    pub total_us: u64,
    /// How many times it was sent, with retries; at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub attempts: u32,
}

impl Timing {
    /// The whole time of the exchange.
    #[must_use]
    pub const fn total(&self) -> Duration {
        Duration::from_micros(self.total_us)
    }
}

const fn one() -> u32 {
    1
}

// Serde calls it by reference.
const fn is_one(attempts: &u32) -> bool {
    *attempts == 1
}
