//! Dates of HTTP and of FHIR.

use std::time::UNIX_EPOCH;

use jiff::Timestamp;

/// The second of an HTTP-date, since 1970.
#[must_use]
pub fn http_date(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// The second of a FHIR instant, since 1970; fractions are dropped.
#[must_use]
pub fn instant(text: &str) -> Option<i64> {
    let timestamp: Timestamp = text.trim().parse().ok()?;
    Some(timestamp.as_millisecond().div_euclid(1000))
}

/// The second of an HTTP-date or an instant.
#[must_use]
pub fn seconds(text: &str) -> Option<i64> {
    http_date(text).or_else(|| instant(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_second() {
        let second = seconds("Fri, 13 Feb 2009 23:31:30 GMT");
        assert_eq!(second, Some(1_234_567_890));
        assert_eq!(seconds("2009-02-14T00:31:30.999+01:00"), second);
        for text in ["", "2009-02-13", "2009-02-13T23:31:30", "yesterday", "Fri, 13 Feb 2009"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
