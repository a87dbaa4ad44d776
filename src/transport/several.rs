//! The server under test, and other origins that the tester named.

use futures_util::future::LocalBoxFuture;
use url::Url;

use super::{Client, ClientError, Transport, TransportError};
use crate::exchange::{Exchange, Request};

/// A client for the base URL, and clients without any credentials for the origins of other URLs.
#[derive(Debug)]
pub struct Several {
    first: Client,
    others: Vec<(url::Origin, Client)>,
}

impl Several {
    /// Lets requests go to the origins of `others` too.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn new(first: Client, others: &[Url]) -> Result<Self, ClientError> {
        // Another path of the same origin is no other server.
        let others = others
            .iter()
            .filter(|url| url.origin().ascii_serialization() != first.origin());
        let others = others.map(|url| Ok((url.origin(), first.stranger_at(url)?)));
        let others = others.collect::<Result<_, ClientError>>()?;
        Ok(Self { first, others })
    }

    /// The client of a request: that of the base URL refuses every origin that nobody named.
    fn of(&self, request: &Request) -> &Client {
        if self.others.is_empty() {
            return &self.first;
        }
        let origin = Url::parse(&request.url).map(|url| url.origin());
        let named = self.others.iter().find(|(named, _)| Ok(named) == origin.as_ref());
        named.map_or(&self.first, |(_, client)| client)
    }
}

impl Transport for Several {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        self.of(request).perform(request)
    }
}
