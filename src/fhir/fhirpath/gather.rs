//! `select()` and `aggregate()`, which spend for each thing that they gather when they gather it.
//!
//! The engine's own gather all of `entry.select(%resource.entry)` before anybody sees it, which is as many things as there
//! are entries, squared. And its `$total` of several things becomes a collection in a collection in a collection, one deeper
//! for each item, until the stack is too small for comparing it.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::ast::ExpressionNode;
use octofhir_fhirpath::evaluator::AsyncNodeEvaluator;
use octofhir_fhirpath::evaluator::function_registry::{FunctionMetadata, LazyFunctionEvaluator};
use octofhir_fhirpath::{Collection, EvaluationContext, EvaluationResult, FhirPathValue};

use super::meter::spend;
use super::metered::{Evaluated, made};

/// What an item of an input is evaluated in.
fn around(context: &EvaluationContext, index: usize, item: &FhirPathValue) -> EvaluationContext {
    let around = context.create_child_context(Collection::single(item.clone()));
    around.set_this(item.clone());
    around.set_index(index);
    around
}

/// `select()` (FHIRPath, `#selectprojection-expression--collection`).
pub(super) struct Select {
    pub(super) inner: Arc<dyn LazyFunctionEvaluator>,
}

#[async_trait]
impl LazyFunctionEvaluator for Select {
    async fn evaluate_borrowed(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: &[ExpressionNode],
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Evaluated {
        let [projection] = arguments else {
            return self.inner.evaluate_borrowed(input, context, arguments, evaluator).await;
        };
        let mut found = Vec::new();
        for (index, item) in input.iter().enumerate() {
            spend(1)?;
            let around = around(context, index, item);
            let projected = made(evaluator.evaluate(projection, &around).await)?;
            found.extend(projected.value.iter().cloned());
        }
        Ok(EvaluationResult {
            value: Collection::from(found),
        })
    }

    async fn evaluate(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: Vec<ExpressionNode>,
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Evaluated {
        self.evaluate_borrowed(input, context, &arguments, evaluator).await
    }

    fn metadata(&self) -> &FunctionMetadata {
        self.inner.metadata()
    }
}

/// `aggregate()` (FHIRPath, `#aggregateaggregator--expression--init--value--value`).
pub(super) struct Aggregate {
    pub(super) inner: Arc<dyn LazyFunctionEvaluator>,
}

/// The things of a collection, without collections in it.
fn flat(items: &Collection) -> Vec<FhirPathValue> {
    let mut found = Vec::with_capacity(items.len());
    for item in items.iter() {
        match item {
            FhirPathValue::Collection(inner) => found.extend(flat(inner)),
            _ => found.push(item.clone()),
        }
    }
    found
}

#[async_trait]
impl LazyFunctionEvaluator for Aggregate {
    async fn evaluate_borrowed(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: &[ExpressionNode],
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Evaluated {
        let (aggregator, start) = match arguments {
            [aggregator] => (aggregator, None),
            [aggregator, start] => (aggregator, Some(start)),
            _ => return self.inner.evaluate_borrowed(input, context, arguments, evaluator).await,
        };
        let mut items = input.iter().enumerate();
        let mut total = match start {
            Some(start) if !input.is_empty() => flat(&evaluator.evaluate(start, context).await?.value),
            // As the engine has it: the first item is where it begins.
            _ => items.next().into_iter().map(|(_, item)| item.clone()).collect(),
        };
        for (index, item) in items {
            spend(1)?;
            let around = around(context, index, item);
            around.set_total(match total.as_slice() {
                [one] => one.clone(),
                _ => FhirPathValue::Collection(Collection::from(total)),
            });
            total = flat(&made(evaluator.evaluate(aggregator, &around).await)?.value);
        }
        Ok(EvaluationResult {
            value: Collection::from(total),
        })
    }

    async fn evaluate(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: Vec<ExpressionNode>,
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Evaluated {
        self.evaluate_borrowed(input, context, &arguments, evaluator).await
    }

    fn metadata(&self) -> &FunctionMetadata {
        self.inner.metadata()
    }
}
