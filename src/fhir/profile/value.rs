//! `fixed[x]` and `pattern[x]` (`elementdefinition.html`).

use serde_json::{Number, Value};

use super::element::ValueRule;

impl ValueRule {
    /// Whether a value is as the rule asks.
    pub(super) fn holds(&self, value: &Value) -> bool {
        if self.fixed {
            is_fixed(&self.value, value)
        } else {
            has_pattern(&self.value, value)
        }
    }
}

/// Whether a value is exactly another one: nothing more, nothing less, arrays in their order. Numbers are compared as numbers.
pub(super) fn is_fixed(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .all(|(name, value)| found.get(name).is_some_and(|found| is_fixed(value, found)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| is_fixed(wanted, found))
        }
        (Value::Number(wanted), Value::Number(found)) => same_number(wanted, found),
        _ => wanted == found,
    }
}

/// Whether a value holds at least what a pattern has. Every item of an array in the pattern has its equal in the value,
/// wherever that stands; more may be there.
pub(super) fn has_pattern(pattern: &Value, found: &Value) -> bool {
    match (pattern, found) {
        (Value::Object(pattern), Value::Object(found)) => pattern
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| has_pattern(value, found))),
        (Value::Array(pattern), Value::Array(found)) => pattern
            .iter()
            .all(|wanted| found.iter().any(|found| has_pattern(wanted, found))),
        (Value::Number(wanted), Value::Number(found)) => same_number(wanted, found),
        _ => pattern == found,
    }
}

/// Whether two numbers are equal, however they are written: 1.0 is 1.00.
fn same_number(one: &Number, other: &Number) -> bool {
    let decimal = |number: &Number| {
        let text = number.to_string();
        text.parse::<rust_decimal::Decimal>()
            .or_else(|_| rust_decimal::Decimal::from_scientific(&text))
            .ok()
    };
    one == other || matches!((decimal(one), decimal(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fixed_is_exact_and_a_pattern_is_a_part() {
        let wanted = json!({"coding": [{"system": "s", "code": "c"}]});
        let more = json!({"text": "t", "coding": [{"code": "x"}, {"system": "s", "code": "c", "display": "d"}]});
        assert!(is_fixed(&wanted, &wanted) && !is_fixed(&wanted, &more));
        assert!(has_pattern(&wanted, &more) && !has_pattern(&more, &wanted));
        assert!(!has_pattern(
            &wanted,
            &json!({"coding": [{"system": "s"}, {"code": "c"}]})
        ));
    }

    #[test]
    fn numbers_are_equal_however_they_are_written() {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(is_fixed(&number("1.0"), &number("1.00")) && is_fixed(&number("1e2"), &number("100")));
        assert!(!is_fixed(&number("1.0"), &number("1.01")) && !is_fixed(&number("1"), &json!("1")));
        assert!(!is_fixed(&number("1e400"), &number("2e400")));
    }
}
