//! What the direct road runs: the parser's tree, cut down to what it knows. An expression with anything else in it has no
//! code, and goes to the engine.

use octofhir_fhirpath::ExpressionNode;
use octofhir_fhirpath::ast::{BinaryOperator, LiteralValue, UnaryOperator};
use regex::Regex;
use rust_decimal::Decimal;

/// An expression that can be evaluated directly.
#[derive(Debug)]
pub(super) enum Code {
    Nothing,
    Boolean(bool),
    Number(Decimal),
    Text(String),
    This,
    Resource,
    RootResource,
    Context,
    Child(Box<Code>, String),
    OfType(Box<Code>, String),
    Is(Box<Code>, String),
    Matches(Box<Code>, Regex),
    ReplaceMatches(Box<Code>, Regex, Box<Code>),
    Call(Function, Box<Code>, Vec<Code>),
    Index(Box<Code>, Box<Code>),
    Union(Box<Code>, Box<Code>),
    Logic(Logic, Box<Code>, Box<Code>),
    Equal(bool, Box<Code>, Box<Code>),
    Order(Order, Box<Code>, Box<Code>),
    In(Box<Code>, Box<Code>),
    Arithmetic(Arithmetic, Box<Code>, Box<Code>),
    Concatenate(Box<Code>, Box<Code>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
    Xor,
    Implies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
}

/// The functions that are known, each with the fewest and the most arguments.
macro_rules! functions {
    ($($name:ident $text:literal $least:literal $most:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function { $($name,)* }

        impl Function {
            fn find(name: &str, arguments: usize) -> Option<Self> {
                match name {
                    $($text if ($least..=$most).contains(&arguments) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

functions! {
    All "all" 1 1,
    AllFalse "allFalse" 0 0,
    AllTrue "allTrue" 0 0,
    AnyTrue "anyTrue" 0 0,
    Children "children" 0 0,
    Combine "combine" 1 1,
    Comparable "comparable" 1 1,
    Contains "contains" 1 1,
    Count "count" 0 0,
    Descendants "descendants" 0 0,
    Distinct "distinct" 0 0,
    Empty "empty" 0 0,
    EndsWith "endsWith" 1 1,
    Exists "exists" 0 1,
    Extension "extension" 1 1,
    First "first" 0 0,
    HasValue "hasValue" 0 0,
    HighBoundary "highBoundary" 0 0,
    Iif "iif" 2 3,
    Intersect "intersect" 1 1,
    IsDistinct "isDistinct" 0 0,
    Last "last" 0 0,
    Length "length" 0 0,
    LowBoundary "lowBoundary" 0 0,
    Not "not" 0 0,
    Repeat "repeat" 1 1,
    Resolve "resolve" 0 0,
    Select "select" 1 1,
    StartsWith "startsWith" 1 1,
    Substring "substring" 1 2,
    Tail "tail" 0 0,
    ToInteger "toInteger" 0 0,
    ToString "toString" 0 0,
    Where "where" 1 1,
}

/// Translates a parsed expression; `None` for one that the direct road does not know.
pub(super) fn translate(node: &ExpressionNode) -> Option<Code> {
    Some(match node {
        ExpressionNode::Literal(found) => literal(&found.value)?,
        ExpressionNode::Identifier(found) => head(&found.name),
        ExpressionNode::Variable(found) => variable(&found.name)?,
        ExpressionNode::PropertyAccess(found) => Code::Child(boxed(&found.object)?, plain(&found.property).to_owned()),
        ExpressionNode::FunctionCall(found) => call(Code::This, &found.name, &found.arguments)?,
        ExpressionNode::MethodCall(found) => call(translate(&found.object)?, &found.method, &found.arguments)?,
        ExpressionNode::IndexAccess(found) => Code::Index(boxed(&found.object)?, boxed(&found.index)?),
        ExpressionNode::Parenthesized(inner) => translate(inner)?,
        ExpressionNode::TypeCheck(found) => Code::Is(boxed(&found.expression)?, type_name(&found.target_type)?),
        ExpressionNode::TypeCast(found) => Code::OfType(boxed(&found.expression)?, type_name(&found.target_type)?),
        ExpressionNode::Union(found) => Code::Union(boxed(&found.left)?, boxed(&found.right)?),
        ExpressionNode::Collection(found) if found.elements.is_empty() => Code::Nothing,
        ExpressionNode::UnaryOperation(found) => match (&found.operator, translate(&found.operand)?) {
            (UnaryOperator::Negate, Code::Number(number)) => Code::Number(-number),
            _ => return None,
        },
        ExpressionNode::BinaryOperation(found) => binary(found.operator, boxed(&found.left)?, boxed(&found.right)?)?,
        _ => return None,
    })
}

fn boxed(node: &ExpressionNode) -> Option<Box<Code>> {
    translate(node).map(Box::new)
}

fn plain(name: &str) -> &str {
    name.trim_matches('`')
}

fn literal(value: &LiteralValue) -> Option<Code> {
    Some(match value {
        LiteralValue::String(found) => Code::Text(found.clone()),
        LiteralValue::Integer(found) => Code::Number(Decimal::from(*found)),
        LiteralValue::Decimal(found) => Code::Number(*found),
        LiteralValue::Boolean(found) => Code::Boolean(*found),
        _ => return None,
    })
}

/// A name at the head of a path is an element, or the type of the thing that the path begins at.
fn head(name: &str) -> Code {
    let name = plain(name).to_owned();
    if name.starts_with(|first: char| first.is_ascii_uppercase()) {
        Code::OfType(Box::new(Code::This), name)
    } else {
        Code::Child(Box::new(Code::This), name)
    }
}

fn variable(name: &str) -> Option<Code> {
    let system = |url: &str| Some(Code::Text(url.to_owned()));
    match name {
        "this" => Some(Code::This),
        "resource" => Some(Code::Resource),
        "rootResource" => Some(Code::RootResource),
        "context" => Some(Code::Context),
        "ucum" => system("http://unitsofmeasure.org"),
        "sct" => system("http://snomed.info/sct"),
        "loinc" => system("http://loinc.org"),
        _ => None,
    }
}

fn type_name(written: &str) -> Option<String> {
    let name = written
        .strip_prefix("FHIR.")
        .or_else(|| written.strip_prefix("System."))
        .unwrap_or(written);
    (!name.contains('.')).then(|| plain(name).to_owned())
}

/// The type that an argument names.
fn type_argument(arguments: &[ExpressionNode]) -> Option<String> {
    match arguments {
        [ExpressionNode::Identifier(found)] => type_name(&found.name),
        [ExpressionNode::PropertyAccess(found)] => match &*found.object {
            ExpressionNode::Identifier(namespace) if matches!(namespace.name.as_str(), "FHIR" | "System") => {
                type_name(&found.property)
            }
            _ => None,
        },
        _ => None,
    }
}

fn call(input: Code, name: &str, arguments: &[ExpressionNode]) -> Option<Code> {
    let input = Box::new(input);
    match name {
        "is" => return Some(Code::Is(input, type_argument(arguments)?)),
        "as" | "ofType" => return Some(Code::OfType(input, type_argument(arguments)?)),
        // Its arguments say what is written to a log; there is none.
        "trace" => return Some(*input),
        "matches" | "replaceMatches" => {
            let Code::Text(pattern) = translate(arguments.first()?)? else {
                return None;
            };
            // FHIRPath's expressions are in single line mode; an empty one means something of its own.
            let regex = Regex::new(&format!("(?s){pattern}"))
                .ok()
                .filter(|_| !pattern.is_empty())?;
            return match (name, arguments) {
                ("matches", [_]) => Some(Code::Matches(input, regex)),
                ("replaceMatches", [_, by]) => Some(Code::ReplaceMatches(input, regex, boxed(by)?)),
                _ => None,
            };
        }
        _ => {}
    }
    let function = Function::find(name, arguments.len())?;
    let arguments = arguments.iter().map(translate).collect::<Option<_>>()?;
    Some(Code::Call(function, input, arguments))
}

fn binary(operator: BinaryOperator, left: Box<Code>, right: Box<Code>) -> Option<Code> {
    Some(match operator {
        BinaryOperator::And => Code::Logic(Logic::And, left, right),
        BinaryOperator::Or => Code::Logic(Logic::Or, left, right),
        BinaryOperator::Xor => Code::Logic(Logic::Xor, left, right),
        BinaryOperator::Implies => Code::Logic(Logic::Implies, left, right),
        BinaryOperator::Equal => Code::Equal(true, left, right),
        BinaryOperator::NotEqual => Code::Equal(false, left, right),
        BinaryOperator::LessThan => Code::Order(Order::Less, left, right),
        BinaryOperator::LessThanOrEqual => Code::Order(Order::LessOrEqual, left, right),
        BinaryOperator::GreaterThan => Code::Order(Order::Greater, left, right),
        BinaryOperator::GreaterThanOrEqual => Code::Order(Order::GreaterOrEqual, left, right),
        BinaryOperator::In => Code::In(left, right),
        BinaryOperator::Contains => Code::In(right, left),
        BinaryOperator::Union => Code::Union(left, right),
        BinaryOperator::Add => Code::Arithmetic(Arithmetic::Add, left, right),
        BinaryOperator::Subtract => Code::Arithmetic(Arithmetic::Subtract, left, right),
        BinaryOperator::Multiply => Code::Arithmetic(Arithmetic::Multiply, left, right),
        BinaryOperator::Concatenate => Code::Concatenate(left, right),
        _ => return None,
    })
}
