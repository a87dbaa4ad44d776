//! Whole runs over TLS: HTTP/2 with all that only it can do, and certificates of both sides.

#[path = "secure/certificates.rs"]
mod certificates;
#[path = "support/h2.rs"]
mod h2;
#[path = "secure/http2.rs"]
mod http2;
mod support;
#[path = "support/tls.rs"]
mod tls;
