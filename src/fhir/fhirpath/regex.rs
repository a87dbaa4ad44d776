//! Regular expressions in which the dot matches a line break too, as FHIRPath has it (`#matchesregex-string--boolean`,
//! single line mode); the engine's dot does not.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::evaluator::function_registry::{
    FunctionEvaluatorWrapper, FunctionMetadata, PureFunctionEvaluator,
};
use octofhir_fhirpath::{Collection, EvaluationResult, FhirPathError, FhirPathValue, FunctionRegistry};

/// Puts the functions with a regular expression into single line mode.
pub(super) fn single_line(registry: &mut FunctionRegistry) {
    for name in ["matches", "matchesFull", "replaceMatches"] {
        if let Some(FunctionEvaluatorWrapper::Pure(inner)) = registry.get_function_wrapper(name).cloned() {
            registry.register_pure_function(Arc::new(SingleLine { inner }));
        }
    }
}

struct SingleLine {
    inner: Arc<dyn PureFunctionEvaluator>,
}

/// The arguments with the first one, the regular expression, in single line mode.
fn with_mode(arguments: &[Collection]) -> Vec<Collection> {
    let mut arguments = arguments.to_vec();
    if let Some(first) = arguments.first_mut() {
        let regex = match first.first() {
            // An empty one means something of its own (`replaceMatches`).
            Some(FhirPathValue::String(regex, ..)) if first.len() == 1 && !regex.is_empty() => format!("(?s){regex}"),
            _ => return arguments,
        };
        *first = Collection::single(FhirPathValue::string(regex));
    }
    arguments
}

#[async_trait]
impl PureFunctionEvaluator for SingleLine {
    fn prepare(&self, arguments: &[Collection]) -> Option<Arc<dyn PureFunctionEvaluator>> {
        Some(Arc::new(Self {
            inner: self.inner.prepare(&with_mode(arguments))?,
        }))
    }

    fn supports_sync(&self) -> bool {
        self.inner.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, arguments: Vec<Collection>) -> Result<EvaluationResult, FhirPathError> {
        self.inner.evaluate_sync(input, with_mode(&arguments))
    }

    async fn evaluate(&self, input: Collection, arguments: Vec<Collection>) -> Result<EvaluationResult, FhirPathError> {
        self.inner.evaluate(input, with_mode(&arguments)).await
    }

    fn metadata(&self) -> &FunctionMetadata {
        self.inner.metadata()
    }
}
