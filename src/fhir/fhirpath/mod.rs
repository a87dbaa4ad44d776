//! FHIRPath behind a small face: compile once, evaluate on JSON, without anything asynchronous to see.
//!
//! The engine is `octofhir-fhirpath`; it is seen in this folder only, so that it can be replaced.

mod check;
pub mod direct;
mod empty;
mod gather;
mod implicit;
mod meter;
mod metered;
mod provider;
mod quantity;
mod regex;
mod text;
mod value;

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;
use octofhir_fhirpath::core::trace::TraceProvider;
use octofhir_fhirpath::{Collection, CompiledPlan, EvaluationContext, FhirPathEngine, parser};
use serde_json::Value;

use self::provider::Types;
use self::text::PreparedText;
use super::FhirVersion;
use super::model::Model;

/// What is wrong with an expression, or with evaluating it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FhirPathError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// The byte of the expression's text at which it is wrong, where that is known.
    pub offset: Option<usize>,
    /// How many bytes from there belong to it; at least 1.
    pub length: usize,
    /// Whether the evaluation was given up because it would take too long: it says nothing about the body then.
    pub given_up: bool,
}

impl FhirPathError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            offset: None,
            length: 1,
            given_up: false,
        }
    }

    fn given_up(why: meter::GivenUp) -> Self {
        Self {
            given_up: true,
            ..Self::new(why.to_string())
        }
    }

    fn at(message: impl Into<String>, offset: usize) -> Self {
        Self {
            offset: Some(offset),
            ..Self::new(message)
        }
    }
}

/// What an expression says when it is read as a condition (FHIRPath, singleton evaluation of collections).
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// It found `true`.
    True,
    /// It found `false`.
    False,
    /// It found nothing, which is not true.
    Empty,
    /// It found something that is no single Boolean: what it found. Never true.
    NotBoolean(Vec<Value>),
}

impl Truth {
    /// Whether the condition holds.
    #[must_use]
    pub fn is_true(&self) -> bool {
        matches!(self, Self::True)
    }
}

impl Truth {
    fn of(mut found: Vec<Value>) -> Self {
        match (found.len(), found.pop()) {
            (1, Some(Value::Bool(true))) => Self::True,
            (1, Some(Value::Bool(false))) => Self::False,
            (_, None) => Self::Empty,
            (_, Some(last)) => {
                found.push(last);
                Self::NotBoolean(found)
            }
        }
    }
}

/// The engine takes `%resource` for what it is asked about; a constraint means the resource around that.
const RESOURCE: &str = "aroundResource";
const ROOT: &str = "rootResource";

/// What it costs to ask the engine at all, and what each of its steps costs, in steps of the direct road.
const COST_OF_ASKING: usize = 100;
const COST_OF_STEP: usize = 10;

/// An element of a resource, as a constraint looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its type: `HumanName`, `Patient.contact`.
    pub type_name: &'a str,
    /// The element, which is also `%context`.
    pub value: &'a Value,
    /// `%resource`, in what [`Expression::compile_constraint`] made: the resource that it belongs to.
    pub resource: &'a Value,
    /// `%rootResource`: the resource that contains that one, or itself.
    pub root: &'a Value,
    /// What is left of the steps that all evaluations of the body may take together, as the direct road counts them.
    pub budget: &'a Cell<usize>,
}

/// A compiled FHIRPath expression. It can be shared between threads and is compiled at most once per release.
pub struct Expression {
    source: String,
    prepared: PreparedText,
    plans: [OnceLock<Arc<CompiledPlan>>; FhirVersion::ALL.len()],
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl Clone for Expression {
    fn clone(&self) -> Self {
        let prepared = self.prepared.clone();
        Self {
            source: self.source.clone(),
            prepared,
            plans: self.plans.clone(),
        }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expression {}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When the text is no FHIRPath, or calls a function that does not exist or with the wrong number of arguments.
    pub fn compile(source: &str) -> Result<Self, FhirPathError> {
        let prepared = PreparedText::prepare(source)?;
        let plan = compile_for(FhirVersion::R4, &prepared, source)?;
        check::functions(
            plan.ast(),
            engine(FhirVersion::R4).get_function_registry(),
            &prepared,
            source,
        )?;
        let plans = std::array::from_fn(|_| OnceLock::new());
        let expression = Self {
            source: source.to_owned(),
            prepared,
            plans,
        };
        let _ = expression.plans[FhirVersion::R4 as usize].set(plan);
        Ok(expression)
    }

    /// The text it was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables it uses (`x` for `%x`), each with the byte at which it stands in the text.
    pub fn variables(&self) -> impl Iterator<Item = (&str, usize)> {
        self.prepared
            .variables
            .iter()
            .map(|(name, offset)| (name.as_str(), *offset))
    }

    /// Evaluates it on a body.
    ///
    /// A variable whose value is an array is a collection; null and an empty array are the empty collection. Text stays
    /// text: a time in a variable is compared as `meta.lastUpdated >= %before.toDateTime()`.
    /// `%resource`, `%context`, `%rootResource`, `%ucum`, `%sct` and `%loinc` need not be given.
    ///
    /// # Errors
    /// When FHIRPath says that the evaluation is an error, a variable is not given, or it takes too long.
    pub fn evaluate(
        &self,
        release: FhirVersion,
        body: &Value,
        variables: &[(&str, Value)],
    ) -> Result<Vec<Value>, FhirPathError> {
        self.evaluate_on(&Subject::new(release, body)?, variables)
    }

    /// Evaluates it on a body that is prepared already, because several expressions look at it.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn evaluate_on(&self, subject: &Subject, variables: &[(&str, Value)]) -> Result<Vec<Value>, FhirPathError> {
        self.run(subject, variables).map(|found| value::to_json(&found))
    }

    /// Evaluates it as a condition.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn is_true(
        &self,
        release: FhirVersion,
        body: &Value,
        variables: &[(&str, Value)],
    ) -> Result<Truth, FhirPathError> {
        self.is_true_on(&Subject::new(release, body)?, variables)
    }

    /// Evaluates it as a condition on a body that is prepared already.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn is_true_on(&self, subject: &Subject, variables: &[(&str, Value)]) -> Result<Truth, FhirPathError> {
        self.evaluate_on(subject, variables).map(Truth::of)
    }

    /// Compiles a constraint of a definition, for [`Expression::is_true_at`].
    ///
    /// # Errors
    /// As [`Expression::compile`].
    pub fn compile_constraint(source: &str) -> Result<Self, FhirPathError> {
        Self::compile(&source.replace("%resource", &format!("%{RESOURCE}")))
    }

    /// Evaluates it as a condition on an element of a resource, as a constraint of a definition is.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn is_true_at(&self, release: FhirVersion, place: &Place<'_>) -> Result<Truth, FhirPathError> {
        if place.budget.get() == 0 {
            return Err(FhirPathError::given_up(meter::GivenUp::Steps(0)));
        }
        let uses = |wanted: &str| self.variables().any(|(name, _)| name == wanted);
        let (resource, root) = (uses(RESOURCE), uses(ROOT));
        // The engine works on copies of what it looks at. The same resource is copied for each of its elements.
        let copied = [(true, place.value), (resource, place.resource), (root, place.root)];
        let sizes = copied.into_iter().filter(|(is_used, _)| *is_used);
        let cost = sizes.fold(COST_OF_ASKING, |cost, (_, value)| cost + value::size(value));
        let left = place.budget.get().saturating_sub(cost);
        place.budget.set(left);
        let model = Model::for_release(release);
        let subject = Subject {
            release,
            root: value::to_typed(place.value, place.type_name, model)?,
        };
        let mut variables = Vec::new();
        if resource {
            variables.push((RESOURCE, place.resource.clone()));
        }
        let mut around = Vec::new();
        if root {
            around.push((ROOT, place.root));
        }
        let most = meter::MOST_STEPS.min(left / COST_OF_STEP);
        let (found, steps) = self.run_within(&subject, &variables, &around, most);
        // What takes too long is hopeless for the other elements, too.
        let is_hopeless = found.as_ref().is_err_and(|error| error.given_up);
        place.budget.set(if is_hopeless {
            0
        } else {
            left.saturating_sub(steps * COST_OF_STEP)
        });
        Ok(Truth::of(value::to_json(&found?)))
    }

    fn run(&self, subject: &Subject, variables: &[(&str, Value)]) -> Result<Collection, FhirPathError> {
        self.run_within(subject, variables, &[], meter::MOST_STEPS).0
    }

    /// Evaluates with `%resource` and its like replaced, in so many steps at most. Returns those it took, too.
    fn run_within(
        &self,
        subject: &Subject,
        variables: &[(&str, Value)],
        around: &[(&str, &Value)],
        most: usize,
    ) -> (Result<Collection, FhirPathError>, usize) {
        let prepared = self.plan(subject.release).and_then(|plan| {
            let context = self.context(subject, variables, around)?;
            Ok((plan, context))
        });
        let (plan, context) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return (Err(error), 0),
        };
        let engine = engine(subject.release);
        let unites = self.prepared.text.contains('|');
        let metered = meter::metered(most, unites, || finish(engine.evaluate_plan(plan, &context)));
        let found = match (metered.given_up, metered.returned) {
            (Some(why), _) => Err(FhirPathError::given_up(why)),
            (None, Some(Ok(found))) => Ok(found.value),
            (None, Some(Err(error))) => Err(FhirPathError::new(check::plain_message(&error.to_string()))),
            // It ends without an answer only where it was given up.
            (None, None) => Err(FhirPathError::new("the engine gave no answer")),
        };
        (found, metered.steps)
    }

    fn plan(&self, release: FhirVersion) -> Result<&Arc<CompiledPlan>, FhirPathError> {
        let kept = &self.plans[release as usize];
        match kept.get() {
            Some(plan) => Ok(plan),
            None => {
                let plan = compile_for(release, &self.prepared, &self.source)?;
                Ok(kept.get_or_init(|| plan))
            }
        }
    }

    fn context(
        &self,
        subject: &Subject,
        variables: &[(&str, Value)],
        around: &[(&str, &Value)],
    ) -> Result<EvaluationContext, FhirPathError> {
        let engine = engine(subject.release);
        let context = EvaluationContext::new(
            subject.root.clone(),
            engine.get_model_provider(),
            None,
            None,
            Some(Arc::new(NoTrace)),
        );
        if let Some(root) = subject.root.first() {
            context.set_variable(ROOT.to_owned(), root.clone());
        }
        let model = Model::for_release(subject.release);
        for (name, found) in around {
            if let Some(found) = value::to_subject(found, model)?.first() {
                context.set_variable((*name).to_owned(), found.clone());
            }
        }
        for (name, found) in variables {
            context.set_variable((*name).to_owned(), value::to_variable(found, model)?);
        }
        Ok(context)
    }
}

/// Runs an evaluation to its end on this thread. The engine waits for nothing outside, but it yields now and then to share
/// a runtime with others; there are no others here. `None` where it takes too long.
fn finish<F: Future>(evaluation: F) -> Option<F::Output> {
    // Inside a tokio runtime the engine's channels would count against the budget of the caller's task.
    let mut evaluation = std::pin::pin!(tokio::task::unconstrained(evaluation));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while meter::spend(1).is_ok() {
        if let std::task::Poll::Ready(output) = evaluation.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

/// A body that is prepared for several expressions.
#[derive(Clone, Debug)]
pub struct Subject {
    release: FhirVersion,
    root: Collection,
}

impl Subject {
    /// Prepares a body: a resource, any other JSON, or null for nothing.
    ///
    /// # Errors
    /// When it is nested too deeply.
    pub fn new(release: FhirVersion, body: &Value) -> Result<Self, FhirPathError> {
        Ok(Self {
            release,
            root: value::to_subject(body, Model::for_release(release))?,
        })
    }
}

/// `trace()` writes nowhere: standard error is the harness's.
#[derive(Debug)]
struct NoTrace;

impl TraceProvider for NoTrace {
    fn trace(&self, _: &str, _: usize, _: &str) {}
    fn trace_simple(&self, _: &str, _: &str) {}
    fn collect_traces(&self) -> Vec<String> {
        Vec::new()
    }
    fn clear_traces(&self) {}
}

fn compile_for(
    release: FhirVersion,
    prepared: &PreparedText,
    source: &str,
) -> Result<Arc<CompiledPlan>, FhirPathError> {
    engine(release).compile_plan(&prepared.text).map_err(|error| {
        let analysis = parser::parse_with_analysis(&prepared.text);
        let span = analysis.diagnostics.iter().find_map(|found| found.location.as_ref());
        check::syntax_error(&error.to_string(), span, prepared, source)
    })
}

/// The engine of a release, made on first use.
fn engine(release: FhirVersion) -> &'static FhirPathEngine {
    static ENGINES: [OnceLock<FhirPathEngine>; FhirVersion::ALL.len()] =
        [const { OnceLock::new() }; FhirVersion::ALL.len()];
    ENGINES[release as usize].get_or_init(|| {
        let mut operators = quantity::operators(release);
        metered::operators(&mut operators);
        let mut functions = quantity::functions(release);
        regex::single_line(&mut functions);
        empty::let_through(&mut functions);
        metered::functions(&mut functions);
        FhirPathEngine::new_with_registries(Arc::new(operators), Arc::new(functions), Types::new(release))
            .now_or_never()
            .and_then(Result::ok)
            .expect("the engine is built from what is in memory, without waiting or failing")
    })
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
