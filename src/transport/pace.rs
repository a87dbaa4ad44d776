//! No more requests in a time than a shared server can bear.

use std::fmt;
use std::num::ParseFloatError;
use std::str::FromStr;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::{Cue, Transport, TransportError};
use crate::exchange::{Exchange, Request};

/// How many requests in how much time: the time between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Duration);

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RateError {
    #[error("write a number and a unit: 5/s, 30/m or 100/h")]
    Form,
    #[error("the number is wrong: {0}")]
    Number(#[from] ParseFloatError),
    #[error("it has to be more than nothing, and no more than a million in a second")]
    Range,
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, unit) = text.split_once('/').ok_or(RateError::Form)?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(RateError::Form),
        };
        let number: f64 = number.trim().parse()?;
        let between = Duration::try_from_secs_f64(seconds / number).map_err(|_| RateError::Range)?;
        if number > 0.0 && between >= Duration::from_micros(1) && between <= Duration::from_secs(3600) {
            Ok(Self(between))
        } else {
            Err(RateError::Range)
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one request every {} s", self.0.as_secs_f64())
    }
}

/// A transport that waits before it sends, so that a rate is kept.
#[derive(Debug)]
pub struct Paced<T> {
    inner: T,
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl<T: Transport> Paced<T> {
    /// Wraps a transport. Requests go out one by one, none before its time.
    pub fn new(inner: T, rate: Rate) -> Self {
        // A rate is never nothing; should it be, one a second does no harm.
        let quota = Quota::with_period(rate.0).unwrap_or_else(|| Quota::per_second(std::num::NonZeroU32::MIN));
        Self {
            inner,
            limiter: RateLimiter::direct(quota.allow_burst(std::num::NonZeroU32::MIN)),
            clock: DefaultClock::default(),
        }
    }

    async fn turn(&self) {
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
    }
}

impl<T: Transport> Transport for Paced<T> {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move {
            self.turn().await;
            self.inner.perform(request).await
        }
        .boxed_local()
    }

    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move {
            self.turn().await;
            self.inner.perform_for(cue, request).await
        }
        .boxed_local()
    }

    fn is_live(&self) -> bool {
        self.inner.is_live()
    }

    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        self.inner.may_answer(cue, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_time() {
        let between = |text: &str| text.parse::<Rate>().map(|rate| rate.0);
        assert_eq!(between("5/s"), Ok(Duration::from_millis(200)));
        assert_eq!(between("30/m"), Ok(Duration::from_secs(2)));
        assert_eq!(between("0.5/s"), Ok(Duration::from_secs(2)));
        for text in [
            "", "5", "5/d", "/s", "x/s", "0/s", "-1/s", "nan/s", "inf/s", "1e9/s", "0.1/h",
        ] {
            assert!(between(text).is_err(), "{text}");
        }
    }
}
