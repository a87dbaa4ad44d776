//! How long it took: the distribution of answers by interaction, the suites, the slowest cases.

use indexmap::IndexMap;
use serde::Serialize;

use super::matrix::counts;
use crate::report::overview::time_of_cases;
use crate::report::text::{clean, count, duration, line};
use crate::verdict::{CaseResult, RunResult, SuiteResult, Tally};

/// How many cases the list of the slowest has.
const SLOWEST: usize = 10;
/// How many bars a distribution has.
const BARS: usize = 24;
/// How high the highest bar is.
const HEIGHT: u64 = 28;

#[derive(Serialize)]
pub(super) struct Timings {
    interactions: Vec<Latency>,
    shortest: String,
    longest: String,
    suites: Vec<SuiteRow>,
    slowest: Vec<(String, String)>,
}

/// How long the answers to one interaction took.
#[derive(Serialize)]
struct Latency {
    name: String,
    number: String,
    median: String,
    p90: String,
    p99: String,
    longest: String,
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    x: usize,
    y: u64,
    height: u64,
}

#[derive(Serialize)]
struct SuiteRow {
    id: String,
    title: String,
    file: String,
    counts: Vec<String>,
    duration: String,
}

impl Timings {
    pub fn of(result: &RunResult) -> Self {
        let latencies = latencies(result);
        let all = || latencies.values().flatten().copied();
        let (shortest, longest) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
        Self {
            interactions: latencies
                .iter()
                .map(|(name, times)| Latency::of(name, times, shortest, longest))
                .collect(),
            shortest: duration(shortest),
            longest: duration(longest),
            suites: result.suites.iter().map(SuiteRow::of).collect(),
            slowest: slowest(result),
        }
    }
}

/// The whole time of each exchange by interaction, sorted, those with the most exchanges first. The interaction is what
/// the suite calls the step; a step that writes its own request goes by its method.
fn latencies(result: &RunResult) -> IndexMap<String, Vec<u64>> {
    let mut times: IndexMap<String, Vec<u64>> = IndexMap::new();
    for step in result.cases().flat_map(|case| &case.steps) {
        let first = step.title.split(' ').next().unwrap_or_default();
        for exchange in &step.exchanges {
            let name = if first.starts_with(|c: char| c.is_ascii_lowercase()) {
                line(first, 40).into_owned()
            } else {
                format!("other {}", line(&exchange.request.method, 40))
            };
            times.entry(name).or_default().push(exchange.timing.total_us);
        }
    }
    for times in times.values_mut() {
        times.sort_unstable();
    }
    times.sort_by(|a, left, b, right| right.len().cmp(&left.len()).then_with(|| a.cmp(b)));
    times
}

impl Latency {
    /// `times` is sorted and not empty.
    fn of(name: &str, times: &[u64], shortest: u64, longest: u64) -> Self {
        Self {
            name: name.to_owned(),
            number: count(times.len() as u64),
            median: duration(quantile(times, 50)),
            p90: duration(quantile(times, 90)),
            p99: duration(quantile(times, 99)),
            longest: duration(quantile(times, 100)),
            bars: bars(times, shortest, longest),
        }
    }
}

/// The smallest time that so many of a hundred do not exceed.
fn quantile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// How many answers fall into each of the intervals between the shortest and the longest, which grow by one factor: the
/// same axis for every interaction.
fn bars(times: &[u64], shortest: u64, longest: u64) -> Vec<Bar> {
    let (low, high) = ((shortest.max(1) as f64).ln(), (longest.max(2) as f64).ln());
    let mut numbers = [0_u64; BARS];
    for &time in times {
        let part = ((time.max(1) as f64).ln() - low) / (high - low).max(f64::MIN_POSITIVE);
        numbers[((part * BARS as f64) as usize).min(BARS - 1)] += 1;
    }
    let most = numbers.iter().copied().max().unwrap_or(0).max(1);
    let bar = |(index, &number): (usize, &u64)| {
        let height = (number * HEIGHT).div_ceil(most);
        (number > 0).then_some(Bar {
            x: index * 5,
            y: HEIGHT - height,
            height,
        })
    };
    numbers.iter().enumerate().filter_map(bar).collect()
}

impl SuiteRow {
    fn of(suite: &SuiteResult) -> Self {
        let tally: Tally = suite.cases.iter().map(|case| case.verdict).collect();
        Self {
            id: clean(suite.id.as_str()).into_owned(),
            title: line(&suite.title, 200).into_owned(),
            file: clean(&suite.file).into_owned(),
            counts: counts(&tally),
            duration: duration(time_of_cases(suite)),
        }
    }
}

fn slowest(result: &RunResult) -> Vec<(String, String)> {
    let mut cases: Vec<&CaseResult> = result.cases().filter(|case| case.duration_us > 0).collect();
    let slower = |a: &&CaseResult, b: &&CaseResult| b.duration_us.cmp(&a.duration_us);
    if cases.len() > SLOWEST {
        cases.select_nth_unstable_by(SLOWEST, slower);
        cases.truncate(SLOWEST);
    }
    cases.sort_by(slower);
    let view = |case: &CaseResult| (clean(case.id.as_str()).into_owned(), duration(case.duration_us));
    cases.into_iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times: Vec<u64> = (1..=10).collect();
        assert_eq!(
            [50, 90, 99, 100].map(|percent| quantile(&times, percent)),
            [5, 9, 10, 10]
        );
        assert_eq!([50, 99].map(|percent| quantile(&[7], percent)), [7, 7]);
    }

    #[test]
    fn every_answer_is_in_a_bar() {
        let bars = bars(&[100, 100, 100_000], 100, 100_000);
        let places: Vec<_> = bars.iter().map(|bar| (bar.x, bar.y, bar.height)).collect();
        assert_eq!(places, [(0, 0, 28), (115, 14, 14)]);
        assert_eq!(super::bars(&[0, 0], 0, 0).len(), 1);
        assert_eq!(super::bars(&[5], 5, 5).len(), 1);
    }
}
