//! The last gate: what may not be sent does not leave, whatever the plan says.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use url::Url;

use super::client::is_loopback;
use super::{Cue, Transport, TransportError};
use crate::exchange::{Exchange, Permission, Request};

/// What may be sent to the server at a base URL: where nobody says more, writes go to this machine only.
#[must_use]
pub fn permission(read_only: bool, allow_writes: bool, base: &Url) -> Permission {
    if read_only {
        Permission::ReadOnly
    } else if allow_writes || is_loopback(base) {
        Permission::Everything
    } else {
        Permission::NoWrites
    }
}

/// A transport that sends only what is permitted.
#[derive(Debug)]
pub struct Guarded<T> {
    inner: T,
    permission: Permission,
    base: String,
}

impl<T: Transport> Guarded<T> {
    /// Wraps a transport to the server at `base`.
    pub fn new(inner: T, permission: Permission, base: &Url) -> Self {
        Self {
            inner,
            permission,
            base: base.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// What it wraps.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn refusal(&self, request: &Request) -> Option<TransportError> {
        let path = request.url.strip_prefix(&self.base).unwrap_or(&request.url);
        let why = self.permission.forbids(&request.method, path)?;
        Some(TransportError::NotAllowed {
            request: format!("{} {}", request.method, request.url),
            why: why.to_owned(),
        })
    }
}

impl<T: Transport> Transport for Guarded<T> {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        match self.refusal(request) {
            Some(refusal) => async move { Err(refusal) }.boxed_local(),
            None => self.inner.perform(request),
        }
    }

    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        match self.refusal(request) {
            Some(refusal) => async move { Err(refusal) }.boxed_local(),
            None => self.inner.perform_for(cue, request),
        }
    }

    fn is_live(&self) -> bool {
        self.inner.is_live()
    }

    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        self.inner.may_answer(cue, request)
    }
}
