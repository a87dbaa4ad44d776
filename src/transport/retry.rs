//! Asking again: after a failed connection, and when the server asks to wait.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::unanswered::is_lasting;
use super::{Cue, Transport, TransportError};
use crate::exchange::{Exchange, Request};

/// How long and how often a request is asked again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How many times a request whose connection failed is sent again, where that is harmless.
    pub retries: u32,
    /// The first pause between them; each further one is twice as long.
    pub pause: Duration,
    /// How long one request waits in all for a server that asks to wait (429, 503).
    pub budget: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            retries: 2,
            pause: Duration::from_millis(150),
            budget: Duration::from_secs(60),
        }
    }
}

/// A transport that asks again. Every exchange counts its attempts.
pub struct Retrying<T> {
    inner: T,
    patience: Patience,
    /// Until when the server asked everybody to wait.
    quiet_until: Rc<Cell<Option<Instant>>>,
    notice: Box<dyn Fn(String)>,
}

impl<T: Transport> Retrying<T> {
    /// Wraps a transport. `notice` is told, in a sentence, when the server asks to wait.
    pub fn new(inner: T, patience: Patience, notice: impl Fn(String) + 'static) -> Self {
        Self {
            inner,
            patience,
            quiet_until: Rc::default(),
            notice: Box::new(notice),
        }
    }

    async fn persist(&self, cue: &Cue, request: &Request) -> Result<Exchange, TransportError> {
        let mut waited = Duration::ZERO;
        let mut failures = 0;
        let mut cue = cue.clone();
        loop {
            if let Some(until) = self.quiet_until.get() {
                let pause = until.saturating_duration_since(Instant::now());
                if waited + pause <= self.patience.budget {
                    waited += pause;
                    tokio::time::sleep(pause).await;
                }
            }
            match self.inner.perform_for(&cue, request).await {
                Err(error) if failures < self.patience.retries && may_repeat(request, &error) => {
                    tokio::time::sleep(self.patience.pause * 2_u32.pow(failures)).await;
                    failures += 1;
                }
                Err(error) => return Err(error),
                Ok(mut exchange) => match wait_asked_for(&exchange, cue.attempt) {
                    Some(pause) if waited.saturating_add(pause) <= self.patience.budget && cue.attempt < 20 => {
                        if self.quiet_until.get().is_none_or(|until| until < Instant::now()) {
                            (self.notice)(format!(
                                "the server answered {} and asks to wait {} s",
                                exchange.response.status,
                                pause.as_secs_f32()
                            ));
                        }
                        self.quiet_until.set(Some(Instant::now() + pause));
                    }
                    _ => {
                        // The transport below may have sent it more than once itself.
                        exchange.timing.attempts += cue.attempt - 1;
                        return Ok(exchange);
                    }
                },
            }
            cue.attempt += 1;
        }
    }
}

impl<T: Transport> Transport for Retrying<T> {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move { self.persist(&Cue::probe(), request).await }.boxed_local()
    }

    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        self.persist(cue, request).boxed_local()
    }

    fn is_live(&self) -> bool {
        self.inner.is_live()
    }

    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        self.inner.may_answer(cue, request)
    }
}

/// Whether a second sending is harmless: nothing was sent, or the server did nothing of it, or the method is idempotent (RFC 9110, 9.2.2).
fn may_repeat(request: &Request, error: &TransportError) -> bool {
    match error {
        TransportError::Connect { cause, .. } | TransportError::Lost(cause) if is_lasting(cause) => false,
        TransportError::Connect { .. } | TransportError::Refused(_) => true,
        TransportError::Lost(_) => is_idempotent(&request.method),
        _ => false,
    }
}

/// Whether a method does the same once and twice (RFC 9110, 9.2.2).
pub(super) fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// How long a 429 or 503 asks to wait: seconds or an HTTP-date (RFC 9110, 10.2.3).
/// A 429 without Retry-After is given a second, then two, and so on; a 503 without it may be for ever.
pub(super) fn wait_asked_for(exchange: &Exchange, attempt: u32) -> Option<Duration> {
    let response = &exchange.response;
    if !matches!(response.status, 429 | 503) {
        return None;
    }
    match response.headers.get("retry-after").map(str::trim) {
        Some(text) => match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => {
                let date = httpdate::parse_http_date(text).ok()?;
                Some(date.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
            }
        },
        None => (response.status == 429).then(|| Duration::from_secs(1 << attempt.saturating_sub(1).min(5))),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::exchange::{Body, Headers, Response, Timing};

    /// Answers from a list; an error where the list says so.
    struct Scripted(RefCell<Vec<Answer>>);

    /// A status and its Retry-After.
    type Answer = Result<(u16, Option<&'static str>), TransportError>;

    impl Transport for Scripted {
        fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
            let answer = self.0.borrow_mut().remove(0).map(|(status, retry_after)| Exchange {
                request: request.clone(),
                response: Response {
                    status,
                    version: "HTTP/1.1".into(),
                    headers: retry_after.map(|text| ("Retry-After", text)).into_iter().collect(),
                    body: Body::Empty,
                },
                timing: Timing {
                    attempts: 1,
                    ..Timing::default()
                },
            });
            async move { answer }.boxed_local()
        }
    }

    fn asked(method: &str, script: Vec<Result<(u16, Option<&'static str>), TransportError>>) -> String {
        let patience = Patience {
            retries: 2,
            pause: Duration::from_millis(1),
            budget: Duration::from_secs(5),
        };
        let request = Request {
            method: method.into(),
            url: "http://localhost/Patient/1".into(),
            headers: Headers::new(),
            body: Body::Empty,
        };
        let transport = Retrying::new(Scripted(RefCell::new(script)), patience, |_| {});
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        match runtime.block_on(transport.perform(&request)) {
            Ok(exchange) => format!("{} after {}", exchange.response.status, exchange.timing.attempts),
            Err(error) => error.to_string(),
        }
    }

    fn refused() -> TransportError {
        TransportError::Connect {
            origin: "http://localhost".into(),
            cause: "Connection refused".into(),
        }
    }

    #[test]
    fn a_connection_that_fails_is_tried_again() {
        assert_eq!(asked("POST", vec![Err(refused()), Ok((201, None))]), "201 after 2");
        let thrice = vec![Err(refused()), Err(refused()), Err(refused())];
        assert_eq!(
            asked("GET", thrice),
            "no connection to http://localhost: Connection refused"
        );
    }

    #[test]
    fn a_certificate_that_is_refused_is_refused_once() {
        // A second answer is not asked for.
        let cause = "invalid peer certificate: UnknownIssuer";
        let untrusted = TransportError::Connect {
            origin: "https://localhost".into(),
            cause: cause.into(),
        };
        let told = asked("GET", vec![Err(untrusted), Ok((200, None))]);
        assert_eq!(told, format!("no connection to https://localhost: {cause}"));
        let alert = TransportError::Lost("received fatal alert: CertificateRequired".into());
        assert!(asked("GET", vec![Err(alert), Ok((200, None))]).starts_with("the connection was lost"));
    }

    #[test]
    fn only_idempotent_requests_are_sent_twice() {
        let lost = || Err(TransportError::Lost("reset".into()));
        assert_eq!(asked("GET", vec![lost(), Ok((200, None))]), "200 after 2");
        assert!(asked("POST", vec![lost(), Ok((201, None))]).starts_with("the connection was lost"));
        // Of these the server did nothing.
        let refused = || Err(TransportError::Refused("GOAWAY".into()));
        assert_eq!(
            asked("POST", vec![refused(), refused(), Ok((201, None))]),
            "201 after 3"
        );
    }

    #[test]
    fn a_server_that_asks_to_wait_is_waited_for_within_the_budget() {
        assert_eq!(
            asked("POST", vec![Ok((429, Some("0"))), Ok((201, None))]),
            "201 after 2"
        );
        assert_eq!(asked("GET", vec![Ok((503, Some("3600")))]), "503 after 1");
        assert_eq!(asked("GET", vec![Ok((503, None))]), "503 after 1");
        let for_ever = Some("18446744073709551615");
        assert_eq!(asked("GET", vec![Ok((429, None)), Ok((503, for_ever))]), "503 after 2");
        let past = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(
            asked("GET", vec![Ok((503, Some(past))), Ok((200, None))]),
            "200 after 2"
        );
    }
}
