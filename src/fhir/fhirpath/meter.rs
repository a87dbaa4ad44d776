//! What one evaluation by the engine may cost: steps, so that the same body always ends alike, and time, for what steps
//! do not see.
//!
//! The engine has no limit of its own. A body of 100,000 entries and an expression that looks at each of them from each of
//! them would hold a run for hours, or take all memory there is. An evaluation runs on one thread from its beginning to
//! its end, so the count of its steps belongs to the thread; [`super::metered`] spends from it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use octofhir_fhirpath::FhirPathError as EngineError;
use octofhir_fhirpath::core::error_code::FP0061;

/// How many steps an evaluation may take; the direct road goes by the same number.
pub(super) const MOST_STEPS: usize = super::direct::MOST_STEPS;

/// How long an evaluation may take. Steps end nearly all that is hostile long before. Tests are built without optimization,
/// and a slow machine runs many at a time.
const MOST_TIME: Duration = Duration::from_secs(if cfg!(test) { 40 } else { 5 });

/// Why an evaluation was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// It asks for too many steps.
    Steps(usize),
    /// It takes too long.
    Time,
}

impl std::fmt::Display for GivenUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Steps(most) => write!(f, "it was given up: on this body it takes more than {most} steps"),
            Self::Time => write!(
                f,
                "it was given up: on this body it takes more than {} s",
                MOST_TIME.as_secs()
            ),
        }
    }
}

#[derive(Clone, Copy)]
struct Meter {
    most: usize,
    left: usize,
    until: Option<Instant>,
    /// Whether `|` may compare what was found.
    unites: bool,
    /// How many dates and times the steps have led to.
    times: usize,
    given_up: Option<GivenUp>,
}

impl Meter {
    /// That of a thread on which nothing is evaluated.
    const IDLE: Self = Self {
        most: usize::MAX,
        left: usize::MAX,
        until: None,
        unites: false,
        times: 0,
        given_up: None,
    };
}

thread_local! {
    static METER: Cell<Meter> = const { Cell::new(Meter::IDLE) };
}

/// What came of an evaluation under a meter.
pub(super) struct Metered<T> {
    /// What it returned, which says nothing where it was given up.
    pub(super) returned: T,
    /// The steps it took.
    pub(super) steps: usize,
    /// Why it was given up.
    pub(super) given_up: Option<GivenUp>,
}

/// Runs an evaluation with so many steps to spend. `unites` says whether it uses `|`.
pub(super) fn metered<T>(most: usize, unites: bool, run: impl FnOnce() -> T) -> Metered<T> {
    within(MOST_TIME, most, unites, run)
}

fn within<T>(time: Duration, most: usize, unites: bool, run: impl FnOnce() -> T) -> Metered<T> {
    /// Puts back what was there before, also where the engine panics.
    struct Back(Meter);
    impl Drop for Back {
        fn drop(&mut self) {
            METER.set(self.0);
        }
    }
    let back = Back(METER.replace(Meter {
        most,
        left: most,
        until: Some(Instant::now() + time),
        unites,
        ..Meter::IDLE
    }));
    let returned = run();
    let meter = METER.get();
    drop(back);
    Metered {
        returned,
        steps: meter.most - meter.left,
        given_up: meter.given_up,
    }
}

/// Takes steps from what is left.
///
/// # Errors
/// Where nothing is left, or the time is over: then every further step fails, too.
pub(super) fn spend(steps: usize) -> Result<(), EngineError> {
    let mut meter = METER.get();
    if meter.given_up.is_none() {
        if steps > meter.left {
            meter.given_up = Some(GivenUp::Steps(meter.most));
        } else if meter.until.is_some_and(|until| Instant::now() > until) {
            meter.given_up = Some(GivenUp::Time);
        }
        meter.left = meter.left.saturating_sub(steps);
        METER.set(meter);
    }
    match meter.given_up {
        Some(why) => Err(EngineError::evaluation_error(FP0061, why.to_string())),
        None => Ok(()),
    }
}

/// Takes steps for dates and times that were found: the engine's `|` compares each of them with each other.
///
/// # Errors
/// As [`spend()`].
pub(super) fn spend_on_times(count: usize) -> Result<(), EngineError> {
    let mut meter = METER.get();
    if !meter.unites || count == 0 {
        return Ok(());
    }
    let pairs = meter.times.saturating_mul(count);
    meter.times += count;
    METER.set(meter);
    spend(pairs / super::metered::COMPARISONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ends_what_steps_do_not_see() {
        let metered = within(Duration::ZERO, 100, false, || {
            std::thread::sleep(Duration::from_millis(1));
            [spend(1).is_err(), spend(1).is_err()]
        });
        assert_eq!(metered.returned, [true, true]);
        assert_eq!(metered.given_up, Some(GivenUp::Time));
        assert!(spend(1).is_ok(), "what comes after it has its own time");
    }
}
