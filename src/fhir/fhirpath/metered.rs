//! The engine's functions and operators, each of which spends steps of the [meter](super::meter): before it works for what
//! it will look at, and afterwards for what it made.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::ast::{BinaryOperator, ExpressionNode};
use octofhir_fhirpath::core::node::FhirNode;
use octofhir_fhirpath::evaluator::AsyncNodeEvaluator;
use octofhir_fhirpath::evaluator::function_registry::{
    FunctionEvaluatorWrapper, FunctionMetadata, LazyFunctionEvaluator, ProviderPureFunctionEvaluator,
    PureFunctionEvaluator,
};
use octofhir_fhirpath::evaluator::operator_registry::{OperationEvaluator, OperatorMetadata, OperatorRegistry};
use octofhir_fhirpath::{
    Collection, EvaluationContext, EvaluationResult, FhirPathError as EngineError, FhirPathValue, FunctionRegistry,
};

use super::gather::{Aggregate, Select};
use super::meter::{spend, spend_on_times};

pub(super) type Evaluated = Result<EvaluationResult, EngineError>;

/// So many comparisons of two small things cost as much as a step.
pub(super) const COMPARISONS: usize = 16;
/// So many bytes of text that are read or copied cost as much as a step.
const BYTES: usize = 64;

/// Lets every function spend.
pub(super) fn functions(registry: &mut FunctionRegistry) {
    let names: Vec<String> = registry.list_functions().into_iter().cloned().collect();
    for name in names {
        match registry.get_function_wrapper(&name).cloned() {
            Some(FunctionEvaluatorWrapper::Pure(inner)) => {
                registry.register_pure_function(Arc::new(Spending { inner }));
            }
            Some(FunctionEvaluatorWrapper::ProviderPure(inner)) => {
                registry.register_provider_pure_function(Arc::new(Spending { inner }));
            }
            Some(FunctionEvaluatorWrapper::Lazy(inner)) if name == "select" => {
                registry.register_lazy_function(Arc::new(Select { inner }));
            }
            Some(FunctionEvaluatorWrapper::Lazy(inner)) if name == "aggregate" => {
                registry.register_lazy_function(Arc::new(Aggregate { inner }));
            }
            Some(FunctionEvaluatorWrapper::Lazy(inner)) => {
                registry.register_lazy_function(Arc::new(Spending { inner }));
            }
            _ => {}
        }
    }
}

/// Lets every operator spend, but for `|`, which the engine does not look up: see [`spend_on_times`].
pub(super) fn operators(registry: &mut OperatorRegistry) {
    let binary: Vec<BinaryOperator> = registry.list_binary_operators().into_iter().copied().collect();
    for operator in binary {
        if let Some(inner) = registry.get_binary_operator(&operator).cloned() {
            registry.register_binary_operator(operator, Arc::new(Operator { inner, operator }));
        }
    }
}

/// The text of a collection of one.
fn text(of: &Collection) -> Option<&str> {
    match of.first() {
        Some(FhirPathValue::String(text, ..)) if of.len() == 1 => Some(text),
        _ => None,
    }
}

fn is_time(item: &FhirPathValue) -> bool {
    matches!(
        item,
        FhirPathValue::Date(..) | FhirPathValue::DateTime(..) | FhirPathValue::Time(..)
    )
}

/// The bytes of the texts of a collection.
fn bytes(of: &Collection) -> usize {
    let lengths = of.iter().map(|item| match item {
        FhirPathValue::String(text, ..) => text.len(),
        _ => 0,
    });
    lengths.sum()
}

/// What comparing with each item of a collection costs at most, in small things.
fn bulk(of: &Collection) -> usize {
    fn of_node(node: &FhirNode) -> usize {
        match node {
            FhirNode::Str(text) => 1 + text.len() / BYTES,
            FhirNode::Array(items) => 1 + items.iter().map(of_node).sum::<usize>(),
            FhirNode::Object(entries) => 1 + entries.iter().map(|(_, found)| of_node(found)).sum::<usize>(),
            _ => 1,
        }
    }
    let items = of.iter().map(|item| match item {
        FhirPathValue::String(text, ..) => 1 + text.len() / BYTES,
        // Two that differ do so soon, mostly.
        FhirPathValue::Resource(node, ..) => 1 + of_node(node) / 8,
        _ => 1,
    });
    items.sum()
}

/// The bytes that `repeat()` writes to know items again, where each item of a tree has to be known.
fn written(of: &Collection) -> usize {
    /// The size of a node, and the sum of the sizes of all nodes in it.
    fn of_node(node: &FhirNode) -> (usize, usize) {
        let add = |(size, sum): (usize, usize), (of_size, of_sum): (usize, usize)| (size + of_size, sum + of_sum);
        let (size, sum) = match node {
            FhirNode::Str(text) => (text.len(), 0),
            FhirNode::Array(items) => items.iter().map(of_node).fold((0, 0), add),
            FhirNode::Object(entries) => entries.iter().map(|(_, found)| of_node(found)).fold((0, 0), add),
            _ => (0, 0),
        };
        let size = size + 16;
        (size, sum.saturating_add(size))
    }
    let items = of.iter().map(|item| match item {
        FhirPathValue::Resource(node, ..) => of_node(node).1,
        _ => 0,
    });
    items.fold(0, usize::saturating_add)
}

/// What a function will do with its input, in steps.
fn work(name: &str, input: &Collection, arguments: &[Collection]) -> usize {
    let looked_at = 1 + input.len() / 8 + arguments.iter().map(Collection::len).sum::<usize>() / 8;
    let argument = |index: usize| arguments.get(index).and_then(text).unwrap_or_default();
    let given = text(input).unwrap_or_default();
    let own = match name {
        "intersect" | "exclude" | "subsetOf" | "supersetOf" => {
            let (count, size) = (input.len(), bulk(input));
            let pairs = |other: &Collection| count.saturating_mul(bulk(other)).min(size.saturating_mul(other.len()));
            arguments.first().map_or(0, pairs) / COMPARISONS
        }
        // What has no hash is compared with all the others.
        "distinct" | "isDistinct" | "union" => {
            let all = || arguments.iter().flat_map(Collection::iter).chain(input.iter());
            let times = all().filter(|item| is_time(item)).count();
            times.saturating_mul(all().count()) / COMPARISONS
        }
        "toChars" => given.len(),
        "split" => match argument(0) {
            "" => given.len(),
            by => given.matches(by).count(),
        },
        "replace" => {
            let (pattern, by) = (argument(0), argument(1));
            let most = given.len() / pattern.len().max(1) + 1;
            (given.len() + most.saturating_mul(by.len())) / BYTES
        }
        "replaceMatches" => (given.len() + given.len().saturating_mul(argument(1).len())) / BYTES,
        "join" => (bytes(input) + input.len().saturating_mul(argument(0).len())) / BYTES,
        _ => bytes(input) / BYTES,
    };
    own.saturating_add(looked_at)
}

/// Spends for what a function made.
pub(super) fn made(result: Evaluated) -> Evaluated {
    let result = result?;
    spend(result.value.len() + bytes(&result.value) / BYTES)?;
    spend_on_times(result.value.iter().filter(|item| is_time(item)).count())?;
    Ok(result)
}

struct Spending<F: ?Sized> {
    inner: Arc<F>,
}

#[async_trait]
impl PureFunctionEvaluator for Spending<dyn PureFunctionEvaluator> {
    fn prepare(&self, arguments: &[Collection]) -> Option<Arc<dyn PureFunctionEvaluator>> {
        let inner = self.inner.prepare(arguments)?;
        Some(Arc::new(Self { inner }))
    }

    fn supports_sync(&self) -> bool {
        self.inner.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, arguments: Vec<Collection>) -> Evaluated {
        spend(work(&self.metadata().name, &input, &arguments))?;
        made(self.inner.evaluate_sync(input, arguments))
    }

    fn evaluate_sync_borrowed(&self, input: Collection, arguments: &[Collection]) -> Evaluated {
        spend(work(&self.metadata().name, &input, arguments))?;
        made(self.inner.evaluate_sync_borrowed(input, arguments))
    }

    async fn evaluate(&self, input: Collection, arguments: Vec<Collection>) -> Evaluated {
        spend(work(&self.metadata().name, &input, &arguments))?;
        made(self.inner.evaluate(input, arguments).await)
    }

    fn metadata(&self) -> &FunctionMetadata {
        self.inner.metadata()
    }
}

#[async_trait]
impl ProviderPureFunctionEvaluator for Spending<dyn ProviderPureFunctionEvaluator> {
    async fn evaluate(&self, input: Collection, arguments: Vec<Collection>, context: &EvaluationContext) -> Evaluated {
        spend(work(&self.metadata().name, &input, &arguments))?;
        made(self.inner.evaluate(input, arguments, context).await)
    }

    fn metadata(&self) -> &FunctionMetadata {
        self.inner.metadata()
    }
}

#[async_trait]
impl LazyFunctionEvaluator for Spending<dyn LazyFunctionEvaluator> {
    fn prepare_no_args(&self) -> Option<Arc<dyn PureFunctionEvaluator>> {
        let inner = self.inner.prepare_no_args()?;
        Some(Arc::new(Spending { inner }))
    }

    async fn evaluate_borrowed(
        &self,
        input: Collection,
        context: &EvaluationContext,
        arguments: &[ExpressionNode],
        evaluator: AsyncNodeEvaluator<'_>,
    ) -> Evaluated {
        let own = match self.metadata().name.as_str() {
            "repeat" | "repeatAll" => written(&input) / BYTES,
            _ => bytes(&input) / BYTES,
        };
        spend(own.saturating_add(1 + input.len()))?;
        made(self.inner.evaluate_borrowed(input, context, arguments, evaluator).await)
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

struct Operator {
    inner: Arc<dyn OperationEvaluator>,
    operator: BinaryOperator,
}

impl Operator {
    fn work(&self, a: &Collection, b: &Collection) -> usize {
        use BinaryOperator as B;
        match self.operator {
            // In any order: each with each.
            B::Equivalent | B::NotEquivalent if a.len() > 1 && a.len() == b.len() => {
                1 + a.len().saturating_mul(bulk(b)) / COMPARISONS
            }
            B::Concatenate | B::Add => 1 + (bytes(a) + bytes(b)) / BYTES,
            _ => 1 + (a.len() + b.len()) / COMPARISONS,
        }
    }
}

#[async_trait]
impl OperationEvaluator for Operator {
    fn supports_sync(&self) -> bool {
        self.inner.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        spend(self.work(&a, &b))?;
        self.inner.evaluate_sync(input, at, a, b)
    }

    async fn evaluate(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        spend(self.work(&a, &b))?;
        self.inner.evaluate(input, at, a, b).await
    }

    fn metadata(&self) -> &OperatorMetadata {
        self.inner.metadata()
    }
}
