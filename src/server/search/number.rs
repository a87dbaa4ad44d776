//! Decimals as search compares them: exactly, and with the precision in which they are written (`search.html#number`).

use std::cmp::Ordering;

use crate::fhir::Prefix;

/// `mantissa * 10^exponent`. The digits are kept as written, since they tell the precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// Reads a number as JSON and FHIR write it. `None` for anything else, and for more than 30 digits or powers
    /// beyond 10^±60.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, power) = match text.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let (whole, fraction) = unsigned
            .split_once('.')
            .map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
        let fraction = match fraction {
            Some("") => return None,
            other => other.unwrap_or_default(),
        };
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || digits.len() > 30 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent = power.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let magnitude: i128 = digits.parse().ok()?;
        let mantissa = if unsigned.len() < number.len() {
            -magnitude
        } else {
            magnitude
        };
        (-60..=60).contains(&exponent).then_some(Self { mantissa, exponent })
    }

    /// Half a unit of the last digit below or above: what was written stands for all between the two.
    fn edge(self, above: bool) -> Self {
        let half = if above { 5 } else { -5 };
        Self {
            mantissa: self.mantissa.saturating_mul(10).saturating_add(half),
            exponent: self.exponent - 1,
        }
    }

    /// A tenth of its size below or above.
    fn tenth(self, above: bool) -> Self {
        let part = if above {
            self.mantissa.abs()
        } else {
            -self.mantissa.abs()
        };
        Self {
            mantissa: self.mantissa.saturating_mul(10).saturating_add(part),
            exponent: self.exponent - 1,
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |number: &Self| {
            let factor = 10_i128.checked_pow(number.exponent.abs_diff(exponent))?;
            number.mantissa.checked_mul(factor)
        };
        match (scaled(self), scaled(other)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // One of the two is so much larger that its sign and size decide.
            _ => {
                let float = |number: &Self| number.mantissa as f64 * 10_f64.powi(number.exponent);
                float(self).total_cmp(&float(other))
            }
        }
    }
}

/// Values from a lowest to a highest; an end that is missing is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub low: Option<Decimal>,
    pub high: Option<Decimal>,
}

impl Span {
    /// One number.
    pub const fn point(number: Decimal) -> Self {
        Self {
            low: Some(number),
            high: Some(number),
        }
    }

    /// Whether values compare to a searched number as a prefix says. The precision counts for `eq` and `ne` only.
    pub fn compares(&self, prefix: Prefix, number: Decimal) -> bool {
        let equal = || {
            let (lower, upper) = (number.edge(false), number.edge(true));
            self.low.is_some_and(|low| lower <= low) && self.high.is_some_and(|high| high < upper)
        };
        let reaches_above = |number: Decimal| self.high.is_none_or(|high| high > number);
        let reaches_below = |number: Decimal| self.low.is_none_or(|low| low < number);
        match prefix {
            Prefix::Equal => equal(),
            Prefix::NotEqual => !equal(),
            Prefix::GreaterThan => reaches_above(number),
            Prefix::LessThan => reaches_below(number),
            Prefix::GreaterOrEqual => self.high.is_none_or(|high| high >= number),
            Prefix::LessOrEqual => self.low.is_none_or(|low| low <= number),
            Prefix::StartsAfter => self.low.is_some_and(|low| low > number),
            Prefix::EndsBefore => self.high.is_some_and(|high| high < number),
            Prefix::Approximately => {
                let (lower, upper) = (number.tenth(false), number.tenth(true));
                equal() || (self.high.is_none_or(|high| high >= lower) && self.low.is_none_or(|low| low <= upper))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn precision_counts_for_equality() {
        for (searched, value, expected) in [
            ("100", "100", true),
            ("100", "99.5", true),
            ("100", "100.49", true),
            ("100", "100.5", false),
            ("100.00", "100.01", false),
            ("5.4", "5.40", true),
            ("5.40", "5.4", true),
            ("5.4", "5.35", true),
            ("5.4", "5.45", false),
            ("1e2", "149", true),
            ("-2", "-2.4", true),
            ("0", "0.0", true),
        ] {
            let span = Span::point(number(value));
            assert_eq!(
                span.compares(Prefix::Equal, number(searched)),
                expected,
                "{value} eq {searched}"
            );
            assert_eq!(
                span.compares(Prefix::NotEqual, number(searched)),
                !expected,
                "{value} ne {searched}"
            );
        }
    }

    #[test]
    fn prefixes_compare_points_and_ranges() {
        use Prefix::{Approximately, EndsBefore, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, StartsAfter};
        let point = Span::point(number("10"));
        let range = Span {
            low: Some(number("5")),
            high: Some(number("15")),
        };
        let open = Span {
            low: Some(number("5")),
            high: None,
        };
        for (span, prefix, searched, expected) in [
            (point, GreaterThan, "10", false),
            (point, GreaterThan, "9.9", true),
            (point, GreaterOrEqual, "10", true),
            (point, LessThan, "10", false),
            (point, LessOrEqual, "10.0", true),
            (point, StartsAfter, "9", true),
            (point, EndsBefore, "11", true),
            (point, Approximately, "11", true),
            (point, Approximately, "12", false),
            (range, GreaterThan, "10", true),
            (range, LessThan, "10", true),
            (range, StartsAfter, "10", false),
            (range, EndsBefore, "15.1", true),
            (open, GreaterThan, "1000000", true),
            (open, EndsBefore, "1000000", false),
        ] {
            assert_eq!(
                span.compares(prefix, number(searched)),
                expected,
                "{span:?} {prefix:?} {searched}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "x",
            "1.",
            ".5",
            "1e",
            "1,0",
            "--1",
            "+1",
            "1e999",
            "1234567890123456789012345678901",
            "NaN",
            "1-2",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_numbers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000, zeros in 0_usize..5) {
            let (left, right) = (number(&a.to_string()), number(&format!("{b}.{}", "0".repeat(zeros + 1))));
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
        }

        #[test]
        fn no_numbers_panic(mantissa in any::<i64>(), power in -60_i32..60, other in any::<i64>()) {
            if let (Some(a), Some(b)) = (Decimal::parse(&format!("{mantissa}e{power}")), Decimal::parse(&other.to_string())) {
                for prefix in [Prefix::Equal, Prefix::Approximately, Prefix::GreaterThan] {
                    let _ = Span::point(a).compares(prefix, b);
                }
            }
        }
    }
}
