//! Why no answer came, of what the HTTP library says, with the way out where there is one.

use std::error::Error;

use super::{ClientOptions, TransportError};

/// What an error of the library means for a request to `origin`.
pub(super) fn unanswered(error: &reqwest::Error, origin: &str, options: &ClientOptions) -> TransportError {
    if error.is_connect() {
        TransportError::Connect {
            origin: origin.to_owned(),
            cause: hinted(deepest(error), options),
        }
    } else if error.is_timeout() {
        TransportError::Silent(options.first_byte)
    } else if error.is_builder() {
        TransportError::Malformed(deepest(error))
    } else if let Some(refusal) = refusal(error) {
        TransportError::Refused(refusal)
    } else {
        TransportError::Lost(hinted(deepest(error), options))
    }
}

/// The innermost cause, which is the one that says something.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// How an HTTP/2 server said that it did nothing of a request, where it did: by refusing its stream, or by going away before
/// it (RFC 9113, 8.7). The library says that a server went away only of requests that came after the last that it took.
fn refusal(error: &reqwest::Error) -> Option<String> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>())?;
    let reason = error.reason()?;
    if error.is_remote() && error.is_go_away() {
        Some(format!("it closes the connection (GOAWAY, {reason:?})"))
    } else if error.is_remote() && error.is_reset() && reason == h2::Reason::REFUSED_STREAM {
        Some(format!("it takes no more at a time ({reason:?})"))
    } else {
        None
    }
}

/// Whether a second try would come to the same: TLS says no to a certificate, or there is no TLS.
pub(super) fn is_lasting(cause: &str) -> bool {
    ["invalid peer certificate", "received fatal alert", "InvalidContentType"]
        .iter()
        .any(|part| cause.contains(part))
}

/// A cause, with what may be done about it where it is a matter of certificates.
fn hinted(cause: String, options: &ClientOptions) -> String {
    let says = |part: &str| cause.contains(part);
    let is_refused = says("received fatal alert")
        && [
            "CertificateRequired",
            "UnknownCA",
            "BadCertificate",
            "CertificateUnknown",
            "CertificateExpired",
        ]
        .iter()
        .any(|alert| says(alert));
    let hint = if is_refused {
        match options.identity {
            None => "the server wants a client certificate: --client-cert",
            Some(_) => "the server does not take the client certificate of --client-cert",
        }
    } else if says("InvalidContentType") {
        "the server does not speak TLS there: is it http:// and not https://?"
    } else if !says("invalid peer certificate") {
        return cause;
    } else if says("UnknownIssuer") {
        match options.certificates.is_empty() {
            true => {
                "nobody whom this machine trusts signed the server's certificate: --ca FILE names the authority that did"
            }
            false => {
                "neither an authority of --ca nor one that this machine trusts signed the server's certificate, or the server \
                 leaves out the certificates between"
            }
        }
    } else if says("CaUsedAsEndEntity") {
        "the server shows the certificate of an authority (CA:TRUE) as its own: it needs one that is signed by it"
    } else if says("certificate expired") || says("Expired") {
        "the server's certificate has to be renewed, or the clock of this machine is ahead"
    } else if says("not valid yet") || says("NotValidYet") {
        "the clock of this machine is behind, or the server's certificate came too early"
    } else if says("not valid for name") || says("NotValidForName") {
        "the base URL has to name the server as its certificate does"
    } else {
        return cause;
    };
    format!("{cause}; {hint}")
}
