//! Access tokens while a run goes on: fetched once for all cases in flight, renewed before they expire, and once more
//! where the server refuses one that it took before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::Url;

use super::problem::shown;
use super::{Granted, OAuth, Secrets, SmartConfiguration, TokenError};
use crate::exchange::{Exchange, Request};
use crate::transport::client::is_loopback;
use crate::transport::retry::{is_idempotent, wait_asked_for};
use crate::transport::{ClientError, Transport, TransportError};

/// Makes a transport without credentials for the origin of a URL.
pub type Reach<'a> = dyn Fn(&Url) -> Result<Box<dyn Transport>, ClientError> + 'a;

/// A token is renewed so long before its end, or after four fifths of its life, whichever is later.
const MARGIN: Duration = Duration::from_secs(30);
/// No token is renewed sooner, whatever its server says of its life.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);
/// How long a failure is told again before the endpoint is asked again.
const FAILURE_HOLDS: Duration = Duration::from_secs(5);
/// How often the token endpoint is asked at a time, where it is not there or asks to wait.
const ATTEMPTS: u32 = 3;
/// How long it may ask to wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// After so many renewals that did not help, a 401 is taken to speak of something else than the token.
const VAIN_RENEWALS: u8 = 2;

/// The source of access tokens of one FHIR server.
pub struct Tokens {
    oauth: OAuth,
    base: Url,
    secrets: Secrets,
    state: Mutex<State>,
    /// Renewals after a 401 that did not help, in a row.
    vain: AtomicU8,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    failed: Option<(Instant, TokenError)>,
    smart: Option<SmartConfiguration>,
    fetched: u64,
}

#[derive(Clone)]
struct Token {
    granted: Arc<Granted>,
    /// The how-manieth it is.
    number: u64,
    renew_at: Option<Instant>,
}

impl Tokens {
    pub(super) fn new(oauth: OAuth, base: Url, secrets: Secrets) -> Self {
        Self {
            oauth,
            base,
            secrets,
            state: Mutex::default(),
            vain: AtomicU8::new(0),
        }
    }

    /// How tokens are asked for.
    #[must_use]
    pub const fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    /// What the FHIR server says of its authorization, if it was asked.
    pub async fn smart_configuration(&self) -> Option<SmartConfiguration> {
        self.state.lock().await.smart.clone()
    }

    /// The URL of the token endpoint: the one that was given, or what the FHIR server says.
    ///
    /// # Errors
    /// Where the server does not say it.
    pub async fn endpoint(&self, reach: &Reach<'_>) -> Result<Url, TokenError> {
        let mut state = self.state.lock().await;
        self.endpoint_of(&mut state, reach).await
    }

    /// An access token, fetched where there is none that holds.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn granted(&self, reach: &Reach<'_>) -> Result<Arc<Granted>, TokenError> {
        Ok(self.current(None, reach).await?.granted)
    }

    /// Sends a request with a token, where it does not bring an Authorization header itself. A token that the server refuses
    /// is renewed once, and the request repeated where that is harmless.
    ///
    /// # Errors
    /// As `send`, and [`TransportError::NoToken`] where there is no token.
    pub(in crate::transport) async fn perform(
        &self,
        request: &Request,
        reach: &Reach<'_>,
        send: impl AsyncFn(&Request) -> Result<Exchange, TransportError>,
    ) -> Result<Exchange, TransportError> {
        if request.headers.get("authorization").is_some() {
            return send(request).await;
        }
        let no_token = |error: TokenError| TransportError::NoToken(error.to_string());
        let token = self.current(None, reach).await.map_err(no_token)?;
        let first = send(&token.on(request)).await?;
        if first.response.status != 401 {
            return Ok(first);
        }
        if self.vain.load(Ordering::Relaxed) >= VAIN_RENEWALS {
            return Ok(first);
        }
        let Ok(fresh) = self.current(Some(token.number), reach).await else {
            // The next request tells why there is none.
            return Ok(first);
        };
        if !may_repeat(request) {
            // Whether it helped is not known.
            if !says_invalid(&first) {
                self.vain.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(first);
        }
        let mut second = send(&fresh.on(request)).await?;
        second.timing.attempts += first.timing.attempts;
        if second.response.status == 401 {
            self.vain.fetch_add(1, Ordering::Relaxed);
        } else {
            self.vain.store(0, Ordering::Relaxed);
        }
        Ok(second)
    }

    /// The token that holds, and is another than the refused one. Whoever comes while it is fetched waits for it.
    async fn current(&self, refused: Option<u64>, reach: &Reach<'_>) -> Result<Token, TokenError> {
        let mut state = self.state.lock().await;
        if let Some(token) = &state.current
            && refused.is_none_or(|number| token.number > number)
            && token.renew_at.is_none_or(|at| Instant::now() < at)
        {
            return Ok(token.clone());
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < FAILURE_HOLDS
        {
            return Err(error.clone());
        }
        state.current = None;
        match self.fetch(&mut state, reach).await {
            Ok(granted) => {
                state.fetched += 1;
                let token = Token {
                    renew_at: granted.lifetime.map(|lifetime| Instant::now() + usable(lifetime)),
                    granted: Arc::new(granted),
                    number: state.fetched,
                };
                state.failed = None;
                state.current = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn endpoint_of(&self, state: &mut State, reach: &Reach<'_>) -> Result<Url, TokenError> {
        if let Some(url) = &self.oauth.token_url {
            return Ok(url.clone());
        }
        if state.smart.is_none() {
            let transport = reach(&self.base).map_err(|error| TokenError::Client(error.to_string()))?;
            state.smart = Some(SmartConfiguration::discover(&self.base, &*transport).await?);
        }
        match &state.smart {
            Some(smart) => Ok(smart.token_endpoint.clone()),
            None => Err(TokenError::Client("the token URL is not known".into())),
        }
    }

    async fn fetch(&self, state: &mut State, reach: &Reach<'_>) -> Result<Granted, TokenError> {
        let url = self.endpoint_of(state, reach).await?;
        let name = shown(&url);
        if url.scheme() == "http" && !is_loopback(&url) && !self.oauth.plain_http {
            return Err(TokenError::Insecure(name));
        }
        let transport = reach(&url).map_err(|error| TokenError::Client(error.to_string()))?;
        let mut attempt = 1;
        loop {
            // Each attempt has an assertion of its own: a server takes one only once.
            let (request, assertion) = self.oauth.request(&url)?;
            if let Some(assertion) = assertion {
                self.secrets.learn(&assertion);
            }
            let pause = match transport.perform(&request).await {
                Ok(exchange) => match wait_asked_for(&exchange, attempt) {
                    Some(pause) if attempt < ATTEMPTS && pause <= LONGEST_PAUSE => pause,
                    _ => return Granted::read(&name, &exchange.response, &self.secrets),
                },
                Err(error) if attempt < ATTEMPTS && error.is_outage() => Duration::from_millis(150) * attempt,
                Err(error) => return Err(TokenError::Unreached { url: name, error }),
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }
}

impl Token {
    /// A request with the token.
    fn on(&self, request: &Request) -> Request {
        let mut sent = request.clone();
        sent.headers.push("Authorization", self.granted.authorization());
        sent
    }
}

/// How much of a life is used.
fn usable(lifetime: Duration) -> Duration {
    let margin = MARGIN.min(lifetime / 5);
    lifetime.saturating_sub(margin).max(SHORTEST_LIFE)
}

/// Whether a server says that it was the token (RFC 6750, 3.1).
fn says_invalid(exchange: &Exchange) -> bool {
    let mut challenges = exchange.response.headers.all("www-authenticate");
    challenges.any(|challenge| challenge.contains("invalid_token"))
}

/// Whether a request may be sent again after a 401. It says that nothing was done (RFC 9110, 15.5.2), but that is for the
/// server to keep: what is not idempotent is not sent twice. A search by POST changes nothing.
fn may_repeat(request: &Request) -> bool {
    let path = request.url.split(['?', '#']).next().unwrap_or_default();
    is_idempotent(&request.method) || (request.method == "POST" && path.ends_with("/_search"))
}

#[cfg(test)]
mod tests;
