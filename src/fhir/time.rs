//! Dates and times: FHIR's partial dates as intervals, instants, and the dates of HTTP headers.

use std::time::SystemTime;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};

/// A stretch of time that holds its start but not its end.
///
/// Every FHIR date is one: `2024-05` is the whole of May 2024 (`search.html#date`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first moment of it.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Interval {
    /// All of time; what a Period without boundaries stands for.
    pub const ALWAYS: Self = Self {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a moment.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Reads a `date`, `dateTime` or `instant` of any precision, from `2024` to `2024-05-01T12:00:00.123+02:00`.
///
/// Minutes without seconds are understood, as in search values. A time without a zone is taken as UTC.
/// `None` for anything else, such as a month 13.
#[must_use]
pub fn parse_partial(text: &str) -> Option<Interval> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year: i16 = number(parts.next()?, 4)?;
    if year == 0 {
        return None;
    }
    let month = parts.next().map(|part| number(part, 2));
    let day = parts.next().map(|part| number(part, 2));
    if parts.next().is_some() {
        return None;
    }
    let (month, day) = (transpose(month)?, transpose(day)?);
    let first = Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
    let Some(time) = time else {
        let span = match (month, day) {
            (None, _) => Span::new().years(1),
            (_, None) => Span::new().months(1),
            _ => Span::new().days(1),
        };
        let start = at(first.to_datetime(Time::midnight()), Offset::UTC);
        // The last day of the year 9999 has no day after it.
        let end = first.checked_add(span).map_or(Timestamp::MAX, |date| {
            at(date.to_datetime(Time::midnight()), Offset::UTC)
        });
        return Some(Interval { start, end });
    };
    day?;
    let (clock, offset) = split_zone(time)?;
    let (time, width) = parse_clock(clock)?;
    let start = at(first.to_datetime(time), offset);
    let end = start.checked_add(width).unwrap_or(Timestamp::MAX);
    Some(Interval { start, end })
}

/// Reads an `instant`: a moment to the second or finer, with its zone. `None` for everything less.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let (_, time) = text.split_once('T')?;
    let has_zone = time.ends_with('Z') || time.contains(['+', '-']);
    // hh:mm:ss is the least.
    (has_zone && time.matches(':').count() >= 2 && time.get(5..6) == Some(":"))
        .then(|| parse_partial(text).map(|interval| interval.start))
        .flatten()
}

/// Writes an `instant` in UTC with milliseconds.
#[must_use]
pub fn format_instant(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The present moment, to the millisecond.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Writes an HTTP-date such as `Wed, 01 May 2024 12:00:00 GMT`, cutting fractions of seconds off (RFC 9110 section
/// 5.6.7). Moments before 1970 and after 9999 cannot be written; the nearest that can stands for them.
#[must_use]
pub fn format_http_date(moment: Timestamp) -> String {
    const LAST_SECOND: i64 = 253_402_300_799;
    let seconds = u64::try_from(moment.as_second().clamp(0, LAST_SECOND)).unwrap_or(0);
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}

/// Reads an HTTP-date in any of its three forms.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

fn transpose<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        None => Some(None),
        Some(None) => None,
        Some(value) => Some(value),
    }
}

fn number<T: std::str::FromStr>(digits: &str, length: usize) -> Option<T> {
    (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// The moment of a clock in a zone. A `Timestamp` ends two hours before the year 9999 does; what lies outside is its
/// first or last.
fn at(moment: DateTime, offset: Offset) -> Timestamp {
    let outside = if moment.year() > 0 {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    offset.to_timestamp(moment).unwrap_or(outside)
}

fn split_zone(time: &str) -> Option<(&str, Offset)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, Offset::UTC));
    }
    let Some(sign) = time.find(['+', '-']) else {
        return Some((time, Offset::UTC));
    };
    let (clock, zone) = (time.get(..sign)?, time.get(sign + 1..)?);
    let (hours, minutes) = zone.split_once(':')?;
    let (hours, minutes): (i32, i32) = (number(hours, 2)?, number(minutes, 2)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    let seconds = if time.as_bytes().get(sign) == Some(&b'-') {
        -seconds
    } else {
        seconds
    };
    Some((clock, Offset::from_seconds(seconds).ok()?))
}

fn parse_clock(clock: &str) -> Option<(Time, SignedDuration)> {
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 2)?;
    let minute = number(parts.next()?, 2)?;
    let seconds = parts.next();
    if parts.next().is_some() {
        return None;
    }
    let Some(seconds) = seconds else {
        return Some((Time::new(hour, minute, 0, 0).ok()?, SignedDuration::from_secs(60)));
    };
    let (whole, fraction) = match seconds.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (seconds, None),
    };
    // A leap second is read as the second before it: the time scale here has none.
    let second = number::<i8>(whole, 2)?;
    let second = if second == 60 { 59 } else { second };
    let Some(fraction) = fraction else {
        return Some((Time::new(hour, minute, second, 0).ok()?, SignedDuration::from_secs(1)));
    };
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = &fraction[..fraction.len().min(9)];
    let unit = 10_i32.pow(9 - u32::try_from(digits.len()).ok()?);
    let nanoseconds = digits.parse::<i32>().ok()? * unit;
    Some((
        Time::new(hour, minute, second, nanoseconds).ok()?,
        SignedDuration::from_nanos(i64::from(unit)),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn precision_becomes_width() {
        for (text, start, end) in [
            ("2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2024-12-31", "2024-12-31T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("2024-05-01T10:30+02:00", "2024-05-01T08:30:00Z", "2024-05-01T08:31:00Z"),
            ("2024-05-01T10:30:05", "2024-05-01T10:30:05Z", "2024-05-01T10:30:06Z"),
            (
                "2024-05-01T10:30:05.12-05:00",
                "2024-05-01T15:30:05.12Z",
                "2024-05-01T15:30:05.13Z",
            ),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", "2017-01-01T00:00:00Z"),
        ] {
            let interval = parse_partial(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(interval.start, start.parse().unwrap(), "{text}");
            assert_eq!(interval.end, end.parse().unwrap(), "{text}");
        }
        for end_of_time in ["9999", "9999-12-31", "9999-12-31T23:59:59Z"] {
            assert_eq!(parse_partial(end_of_time).unwrap().end, Timestamp::MAX, "{end_of_time}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "notadate",
            "24",
            "2024-13",
            "2024-02-30",
            "2024-5-1",
            "2024-05-01T",
            "2024-05T10:00:00Z",
            "2024-05-01T25:00:00Z",
            "2024-05-01T10",
            "2024-05-01T10:00:00.Z",
            "2024-05-01T10:00:00+2:00",
            "2024-05-01T10:00:00+15:00",
            "0000",
            "-2024",
            "2024-",
            "2024-05-01 10:00:00Z",
            "2024-05-01T10:00:00Zé",
        ] {
            assert_eq!(parse_partial(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_has_seconds_and_a_zone() {
        let moment = parse_instant("2024-05-01T12:00:00.123+02:00").unwrap();
        assert_eq!(format_instant(moment), "2024-05-01T10:00:00.123Z");
        assert_eq!(
            format_instant(parse_instant("2024-05-01T12:00:00Z").unwrap()),
            "2024-05-01T12:00:00.000Z"
        );
        for text in [
            "2024",
            "2024-05-01",
            "2024-05-01T12:00Z",
            "2024-05-01T12:00:00",
            "2024-05-01T12:00+02:00",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn http_dates_are_cut_to_the_second() {
        let moment = "2024-05-01T12:00:00.999Z".parse().unwrap();
        let text = format_http_date(moment);
        assert_eq!(text, "Wed, 01 May 2024 12:00:00 GMT");
        assert_eq!(parse_http_date(&text), Some("2024-05-01T12:00:00Z".parse().unwrap()));
        assert_eq!(
            parse_http_date("Wednesday, 01-May-24 12:00:00 GMT"),
            parse_http_date(&text)
        );
        assert_eq!(parse_http_date("2024-05-01"), None);
        assert_eq!(format_http_date(Timestamp::MAX), "Thu, 30 Dec 9999 22:00:00 GMT");
        assert!(format_http_date(Timestamp::MIN).starts_with("Thu, 01 Jan 1970"));
    }

    #[test]
    fn intervals_contain_and_overlap() {
        let (may, day) = (parse_partial("2024-05").unwrap(), parse_partial("2024-05-31").unwrap());
        assert!(may.contains(&day) && !day.contains(&may) && may.overlaps(&day));
        assert!(!may.overlaps(&parse_partial("2024-06").unwrap()));
        assert!(Interval::ALWAYS.contains(&may));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse_partial(&text);
            let _ = parse_instant(&text);
        }

        #[test]
        fn instants_survive_the_round_trip(milliseconds in 0_i64..4_000_000_000_000) {
            let moment = Timestamp::from_millisecond(milliseconds).unwrap();
            prop_assert_eq!(parse_instant(&format_instant(moment)), Some(moment));
        }
    }
}
