//! Functions that say something of an empty collection, as FHIRPath has it (`#existence`, `#combining`): `{}.all(x)` is true.
//! The engine's functions know that; the engine does not ask them.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::ast::ExpressionNode;
use octofhir_fhirpath::evaluator::AsyncNodeEvaluator;
use octofhir_fhirpath::evaluator::function_registry::{
    FunctionEvaluatorWrapper, FunctionMetadata, LazyFunctionEvaluator, NullPropagationStrategy, PureFunctionEvaluator,
};
use octofhir_fhirpath::{Collection, EvaluationContext, EvaluationResult, FhirPathError, FunctionRegistry};

/// The functions whose result is not empty where their input is.
const NAMES: [&str; 11] = [
    "all",
    "allTrue",
    "anyTrue",
    "isDistinct",
    "subsetOf",
    "supersetOf",
    "union",
    "hasValue",
    "now",
    "today",
    "timeOfDay",
];

/// Lets these functions see an empty input.
pub(super) fn let_through(registry: &mut FunctionRegistry) {
    for name in NAMES {
        match registry.get_function_wrapper(name).cloned() {
            Some(FunctionEvaluatorWrapper::Pure(inner)) => {
                let metadata = heedless(inner.metadata());
                registry.register_pure_function(Arc::new(Asked { inner, metadata }));
            }
            Some(FunctionEvaluatorWrapper::Lazy(inner)) => {
                let metadata = heedless(inner.metadata());
                registry.register_lazy_function(Arc::new(Asked { inner, metadata }));
            }
            _ => {}
        }
    }
}

fn heedless(metadata: &FunctionMetadata) -> FunctionMetadata {
    FunctionMetadata {
        null_propagation: NullPropagationStrategy::None,
        ..metadata.clone()
    }
}

/// A function that is asked even where its input is empty.
struct Asked<F: ?Sized> {
    inner: Arc<F>,
    metadata: FunctionMetadata,
}

#[async_trait]
impl PureFunctionEvaluator for Asked<dyn PureFunctionEvaluator> {
    fn prepare(&self, arguments: &[Collection]) -> Option<Arc<dyn PureFunctionEvaluator>> {
        Some(Arc::new(Self {
            inner: self.inner.prepare(arguments)?,
            metadata: self.metadata.clone(),
        }))
    }

    fn supports_sync(&self) -> bool {
        self.inner.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, arguments: Vec<Collection>) -> Result<EvaluationResult, FhirPathError> {
        self.inner.evaluate_sync(input, arguments)
    }

    async fn evaluate(&self, input: Collection, arguments: Vec<Collection>) -> Result<EvaluationResult, FhirPathError> {
        self.inner.evaluate(input, arguments).await
    }

    fn metadata(&self) -> &FunctionMetadata {
        &self.metadata
    }
}

#[async_trait]
impl LazyFunctionEvaluator for Asked<dyn LazyFunctionEvaluator> {
    async fn evaluate_borrowed(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: &[ExpressionNode],
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Result<EvaluationResult, FhirPathError> {
        self.inner.evaluate_borrowed(input, context, arguments, evaluator).await
    }

    async fn evaluate(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: Vec<ExpressionNode>,
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Result<EvaluationResult, FhirPathError> {
        self.inner.evaluate(input, context, arguments, evaluator).await
    }

    fn metadata(&self) -> &FunctionMetadata {
        &self.metadata
    }
}

#[cfg(test)]
mod tests {
    use crate::fhir::FhirVersion;
    use crate::fhir::fhirpath::{Expression, Truth};
    use serde_json::{Value, json};

    #[test]
    fn an_empty_collection_is_no_reason_to_say_nothing() {
        let patient = json!({ "resourceType": "Patient", "active": true });
        for text in [
            "name.all(family.exists())",
            "%none.all($this = 1)",
            "%none.allTrue()",
            "%none.anyTrue() = false",
            "%none.isDistinct()",
            "%none.subsetOf(%two)",
            "%two.supersetOf(%none)",
            "%none.supersetOf(%two) = false",
            "%none.union(%two).count() = 2",
            "name.family.hasValue() = false",
            "%none.iif(true, now() > @2000-01-01T00:00:00Z, false)",
            // And those that were right before stay so.
            "%none.first().empty() and %none.where(true).empty() and %none.matches('a').empty()",
            "active.all($this) and %two.all($this > 0) and %two.all($this > 1).not() and %two.isDistinct()",
        ] {
            let expression = Expression::compile(text).unwrap();
            let variables = [("none", Value::Array(vec![])), ("two", json!([1, 2]))];
            let truth = expression.is_true(FhirVersion::R4, &patient, &variables);
            assert_eq!(truth, Ok(Truth::True), "{text}");
        }
    }
}
