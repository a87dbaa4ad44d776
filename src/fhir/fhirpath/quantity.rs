//! Quantities of a body as operands.
//!
//! The engine turns a FHIR Quantity into a bare number and unit as soon as it is navigated to, by way of a binary
//! float: `value.system` and `value.comparator` are lost, and `value.value = 6.3` is false. So the engine is not told
//! that they are Quantities (see [`super::provider`]); they stay what they are, and become numbers with units only as
//! operands and as the input of functions that calculate.

use std::sync::Arc;

use async_trait::async_trait;
use octofhir_fhirpath::ast::{BinaryOperator, UnaryOperator};
use octofhir_fhirpath::core::node::FhirNode;
use octofhir_fhirpath::evaluator::function_registry::{
    FunctionEvaluatorWrapper, FunctionMetadata, PureFunctionEvaluator,
};
use octofhir_fhirpath::evaluator::operator_registry::{
    OperationEvaluator, OperatorMetadata, OperatorRegistry, create_standard_operator_registry,
};
use octofhir_fhirpath::{
    Collection, EvaluationContext, EvaluationResult, FhirPathError as EngineError, FhirPathValue, FunctionRegistry,
};

use crate::fhir::FhirVersion;
use crate::fhir::model::Model;

type Evaluated = Result<EvaluationResult, EngineError>;

/// The engine's operators, with quantities of a body as operands.
pub(super) fn operators(release: FhirVersion) -> OperatorRegistry {
    use BinaryOperator as B;
    let mut registry = create_standard_operator_registry();
    super::implicit::conversions(&mut registry);
    let compare = [B::Equal, B::NotEqual, B::Equivalent, B::NotEquivalent];
    let order = [B::LessThan, B::LessThanOrEqual, B::GreaterThan, B::GreaterThanOrEqual];
    let calculate = [
        B::Add,
        B::Subtract,
        B::Multiply,
        B::Divide,
        B::Modulo,
        B::IntegerDivide,
        B::In,
        B::Contains,
    ];
    for operator in compare.into_iter().chain(order).chain(calculate) {
        if let Some(inner) = registry.get_binary_operator(&operator).cloned() {
            registry.register_binary_operator(operator, Arc::new(WithQuantities { inner, release }));
        }
    }
    if let Some(inner) = registry.get_unary_operator(&UnaryOperator::Negate).cloned() {
        registry.register_unary_operator(UnaryOperator::Negate, Arc::new(WithQuantities { inner, release }));
    }
    registry
}

/// The engine's functions, with quantities of a body as input of those that calculate.
pub(super) fn functions(release: FhirVersion) -> FunctionRegistry {
    let mut registry = octofhir_fhirpath::create_function_registry();
    let calculating = [
        "abs",
        "ceiling",
        "floor",
        "round",
        "truncate",
        "sqrt",
        "exp",
        "ln",
        "toQuantity",
        "convertsToQuantity",
        "toString",
        "convertsToString",
        "lowBoundary",
        "highBoundary",
        "precision",
        "comparable",
        "sum",
        "min",
        "max",
        "avg",
    ];
    for name in calculating {
        if let Some(FunctionEvaluatorWrapper::Pure(inner)) = registry.get_function_wrapper(name).cloned() {
            registry.register_pure_function(Arc::new(WithQuantities { inner, release }));
        }
    }
    registry
}

struct WithQuantities<T: ?Sized> {
    release: FhirVersion,
    inner: Arc<T>,
}

impl<T: ?Sized> WithQuantities<T> {
    fn convert(&self, operand: Collection) -> Collection {
        if !operand.iter().any(|item| self.quantity(item).is_some()) {
            return operand;
        }
        let items = operand
            .iter()
            .map(|item| self.quantity(item).unwrap_or_else(|| item.clone()))
            .collect();
        Collection::from_values_with_ordering(items, operand.is_ordered())
    }

    fn quantity(&self, item: &FhirPathValue) -> Option<FhirPathValue> {
        let FhirPathValue::Resource(node, info, _) = item else {
            return None;
        };
        let name = info.name.as_deref().unwrap_or(&info.type_name);
        let name = name.strip_prefix("FHIR.").unwrap_or(name);
        // "Less than 5 mg" is not the quantity 5 mg.
        (Model::for_release(self.release).is_a(name, "Quantity") && node.get("comparator").is_none())
            .then(|| to_quantity(node))?
    }
}

fn to_quantity(node: &FhirNode) -> Option<FhirPathValue> {
    let FhirNode::Number(value) = node.get("value")? else {
        return None;
    };
    let text = value.to_string();
    let value = text
        .parse()
        .or_else(|_| rust_decimal::Decimal::from_scientific(&text))
        .ok()?;
    let field = |name| node.get(name).and_then(FhirNode::as_str).map(str::to_owned);
    let code = field("code");
    let unit = code.clone().or_else(|| field("unit"));
    Some(FhirPathValue::quantity_with_components(
        value,
        unit,
        code,
        field("system"),
    ))
}

#[async_trait]
impl OperationEvaluator for WithQuantities<dyn OperationEvaluator> {
    fn supports_sync(&self) -> bool {
        self.inner.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        self.inner.evaluate_sync(input, at, self.convert(a), self.convert(b))
    }

    async fn evaluate(&self, input: Collection, at: &EvaluationContext, a: Collection, b: Collection) -> Evaluated {
        self.inner.evaluate(input, at, self.convert(a), self.convert(b)).await
    }

    fn metadata(&self) -> &OperatorMetadata {
        self.inner.metadata()
    }
}

#[async_trait]
impl PureFunctionEvaluator for WithQuantities<dyn PureFunctionEvaluator> {
    fn supports_sync(&self) -> bool {
        self.inner.supports_sync()
    }

    fn evaluate_sync(&self, input: Collection, arguments: Vec<Collection>) -> Evaluated {
        let arguments = arguments.into_iter().map(|argument| self.convert(argument)).collect();
        self.inner.evaluate_sync(self.convert(input), arguments)
    }

    async fn evaluate(&self, input: Collection, arguments: Vec<Collection>) -> Evaluated {
        let arguments = arguments.into_iter().map(|argument| self.convert(argument)).collect();
        self.inner.evaluate(self.convert(input), arguments).await
    }

    fn metadata(&self) -> &FunctionMetadata {
        self.inner.metadata()
    }
}
