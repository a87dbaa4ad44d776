//! Conversions of operands that FHIRPath makes by itself (`#conversion`) and the engine does not: a date and a dateTime
//! of a day, month or year are alike, a quantity of the unit 1 beside a number is a number, and an Integer beside a Decimal has a remainder. And what it refuses: a date and a bare number
//! have no sum, because nobody knows the unit.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::ast::BinaryOperator;
use octofhir_fhirpath::core::temporal::TemporalPrecision;
use octofhir_fhirpath::evaluator::operator_registry::{OperationEvaluator, OperatorMetadata, OperatorRegistry};
use octofhir_fhirpath::{Collection, EvaluationContext, EvaluationResult, FhirPathError as EngineError, FhirPathValue};

type Evaluated = Result<EvaluationResult, EngineError>;

/// Wraps the operators that compare, those that add, and `mod`.
pub(super) fn conversions(registry: &mut OperatorRegistry) {
    use BinaryOperator as B;
    let alike = [
        B::Equal,
        B::NotEqual,
        B::Equivalent,
        B::NotEquivalent,
        B::LessThan,
        B::LessThanOrEqual,
        B::GreaterThan,
        B::GreaterThanOrEqual,
        B::Modulo,
    ];
    for operator in alike {
        if let Some(inner) = registry.get_binary_operator(&operator).cloned() {
            registry.register_binary_operator(operator, Arc::new(Alike(inner)));
        }
    }
    for operator in [B::Add, B::Subtract] {
        if let Some(inner) = registry.get_binary_operator(&operator).cloned() {
            registry.register_binary_operator(operator, Arc::new(Adding(inner)));
        }
    }
}

/// An operator whose operands have to be of one type.
struct Alike(Arc<dyn OperationEvaluator>);

/// Brings two operands to one type, where FHIRPath does.
fn alike(a: Collection, b: Collection) -> (Collection, Collection) {
    match (a.first(), b.first()) {
        (Some(left), Some(right)) if a.len() == 1 && b.len() == 1 => {
            let (left, right) = (converted(left, right), converted(right, left));
            let one = |value: Option<FhirPathValue>, before: Collection| match value {
                Some(value) => Collection::single(value),
                None => before,
            };
            (one(left, a), one(right, b))
        }
        _ => (a, b),
    }
}

/// What a value becomes beside another one; `None` where it stays what it is.
fn converted(value: &FhirPathValue, beside: &FhirPathValue) -> Option<FhirPathValue> {
    match (value, beside) {
        // Where the dateTime has hours, the engine knows what to do.
        (FhirPathValue::DateTime(found, ..), FhirPathValue::Date(..)) if found.precision <= TemporalPrecision::Day => {
            Some(FhirPathValue::date(found.date()))
        }
        (
            FhirPathValue::Quantity {
                value,
                unit: Some(unit),
                calendar_unit: None,
                ..
            },
            FhirPathValue::Integer(..) | FhirPathValue::Decimal(..),
        ) if unit == "1" => Some(FhirPathValue::decimal(*value)),
        (FhirPathValue::Integer(whole, ..), FhirPathValue::Decimal(..)) => Some(FhirPathValue::decimal(*whole)),
        _ => None,
    }
}

#[async_trait]
impl OperationEvaluator for Alike {
    fn supports_sync(&self) -> bool {
        self.0.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        let (a, b) = alike(a, b);
        self.0.evaluate_sync(input, at, a, b)
    }

    async fn evaluate(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        let (a, b) = alike(a, b);
        self.0.evaluate(input, at, a, b).await
    }

    fn metadata(&self) -> &OperatorMetadata {
        self.0.metadata()
    }
}

/// An operator that adds or subtracts.
struct Adding(Arc<dyn OperationEvaluator>);

/// Refuses a time and a number without a unit.
fn has_unit(a: &Collection, b: &Collection) -> Result<(), EngineError> {
    let is_time = matches!(
        a.first(),
        Some(FhirPathValue::Date(..) | FhirPathValue::DateTime(..) | FhirPathValue::Time(..))
    );
    let is_bare = matches!(b.first(), Some(FhirPathValue::Integer(..) | FhirPathValue::Decimal(..)));
    if is_time && is_bare {
        let message = "a date or time and a number without a unit have no sum: write `7 days`";
        return Err(EngineError::evaluation_error(
            octofhir_fhirpath::core::error_code::FP0051,
            message,
        ));
    }
    Ok(())
}

#[async_trait]
impl OperationEvaluator for Adding {
    fn supports_sync(&self) -> bool {
        self.0.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        has_unit(&a, &b)?;
        self.0.evaluate_sync(input, at, a, b)
    }

    async fn evaluate(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        has_unit(&a, &b)?;
        self.0.evaluate(input, at, a, b).await
    }

    fn metadata(&self) -> &OperatorMetadata {
        self.0.metadata()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::fhir::FhirVersion;
    use crate::fhir::fhirpath::{Expression, Truth};

    #[test]
    fn operands_become_alike() {
        for (text, wanted) in [
            ("'2015-02-04'.toDateTime() = @2015-02-04", Truth::True),
            ("@2015-02-04 = '2015-02-04'.toDateTime()", Truth::True),
            ("@2015-02 < '2015-03'.toDateTime()", Truth::True),
            ("@2015-02-04 ~ @2015-02-05T", Truth::False),
            ("@2015-02-04 = @2015-02-04T10:00:00Z", Truth::Empty),
            ("1.0 'm' / 1.0 'm' = 1 '1'", Truth::True),
            ("2 > 1 '1'", Truth::True),
            ("1 = 1 'm'", Truth::False),
            ("-5.5 mod 2 = -1.5", Truth::True),
            ("5 mod 2.5 = 0 and 1 = 1.0 and 2 > 1.5", Truth::True),
            ("1 - 5 mod 2 = 0", Truth::True),
            ("(-7 div 2) = -3 and -7 mod 4 + 3 = 0", Truth::True),
        ] {
            let truth = Expression::compile(text)
                .unwrap()
                .is_true(FhirVersion::R5, &Value::Null, &[]);
            if wanted == Truth::False {
                assert!(matches!(truth, Ok(Truth::False | Truth::Empty)), "{text}: {truth:?}");
            } else {
                assert_eq!(truth, Ok(wanted), "{text}");
            }
        }
    }

    #[test]
    fn a_date_and_a_bare_number_have_no_sum() {
        for text in ["@1974-12-25 + 7", "@1974-12-25T10:00:00Z - 7.5", "@T10:00 + 1"] {
            let found = Expression::compile(text)
                .unwrap()
                .evaluate(FhirVersion::R4, &Value::Null, &[]);
            let message = found.unwrap_err().message;
            assert!(message.contains("without a unit"), "{text}: {message}");
        }
    }
}
