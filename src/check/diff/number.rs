//! Numbers, compared as decimals of any length.

use serde_json::Number;

/// Whether two numbers have the same value, however they are written: `1.0` is `1.00`, `10` is `1e1`.
#[must_use]
pub fn same(one: &Number, other: &Number) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    one == other || Decimal::parse(one).is_some_and(|one| Decimal::parse(other) == Some(one))
}

/// A decimal in its one normal form: digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (text, is_negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let dropped = i64::try_from(all.len() - digits.len()).ok()?;
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            // Zero has no sign and no exponent.
            return Some(Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let exponent = exponent
            .checked_sub(i64::try_from(fraction.len()).ok()?)?
            .checked_add(dropped)?;
        Some(Self {
            is_negative,
            digits: digits.to_owned(),
            exponent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_same(one: &str, other: &str) -> bool {
        same(&one.parse().unwrap(), &other.parse().unwrap())
    }

    #[test]
    fn the_value_counts_and_not_the_writing() {
        for (one, other) in [
            ("1.0", "1.00"),
            ("1", "1.0"),
            ("10", "1e1"),
            ("0.001", "1E-3"),
            ("-0", "0.0"),
            ("0e99999999999999999999", "0e99999999999999999999"),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.1"),
            ("1e400", "10e399"),
        ] {
            assert!(are_same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("1", "2"),
            ("1", "-1"),
            ("1", "10"),
            ("0.1", "0.10000000000000000001"),
            ("9007199254740993", "9007199254740992"),
            ("1e99999999999999999999", "1e99999999999999999998"),
        ] {
            assert!(!are_same(one, other), "{one} {other}");
        }
    }
}
