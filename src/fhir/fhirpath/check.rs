//! What can be said about an expression before it is evaluated, in words of ours.

use octofhir_fhirpath::core::SourceLocation;
use octofhir_fhirpath::{ExpressionNode, FunctionRegistry};

use super::FhirPathError;
use super::text::PreparedText;

/// Finds calls of functions that do not exist, or with a number of arguments that they cannot have.
pub(super) fn functions(
    tree: &ExpressionNode,
    registry: &FunctionRegistry,
    prepared: &PreparedText,
    source: &str,
) -> Result<(), FhirPathError> {
    let mut waiting = vec![tree];
    while let Some(node) = waiting.pop() {
        let (name, arguments, location) = match node {
            ExpressionNode::FunctionCall(call) => (&call.name, &call.arguments, &call.location),
            ExpressionNode::MethodCall(call) => {
                waiting.push(&call.object);
                (&call.method, &call.arguments, &call.location)
            }
            _ => {
                waiting.extend(children(node));
                continue;
            }
        };
        waiting.extend(arguments);
        let offset = location
            .as_ref()
            .map_or_else(|| source.find(name.as_str()), |found| prepared.origin(found.offset));
        let error = |message: String| FhirPathError {
            offset,
            length: name.len(),
            ..FhirPathError::new(message)
        };
        let Some(metadata) = registry.get_metadata(name) else {
            return Err(error(unknown_function(name, registry)));
        };
        let signature = &metadata.signature;
        let given = arguments.len();
        if given < signature.min_params || signature.max_params.is_some_and(|most| given > most) {
            let wanted = match signature.max_params {
                Some(most) if most == signature.min_params => most.to_string(),
                Some(most) => format!("{} to {most}", signature.min_params),
                None => format!("at least {}", signature.min_params),
            };
            return Err(error(format!("`{name}()` takes {wanted} argument(s), {given} given")));
        }
    }
    Ok(())
}

fn unknown_function(name: &str, registry: &FunctionRegistry) -> String {
    let mut known: Vec<&str> = registry.list_functions().into_iter().map(String::as_str).collect();
    known.sort_unstable();
    let score = |known: &str| strsim::jaro_winkler(name, known);
    let nearest = known
        .into_iter()
        .max_by(|a, b| score(a).total_cmp(&score(b)))
        .filter(|found| score(found) > 0.8);
    let hint = nearest
        .map(|found| format!("; did you mean `{found}()`?"))
        .unwrap_or_default();
    format!("FHIRPath has no function `{name}()`{hint}")
}

fn children(node: &ExpressionNode) -> Vec<&ExpressionNode> {
    match node {
        ExpressionNode::PropertyAccess(found) => vec![&found.object],
        ExpressionNode::IndexAccess(found) => vec![&found.object, &found.index],
        ExpressionNode::BinaryOperation(found) => vec![&found.left, &found.right],
        ExpressionNode::UnaryOperation(found) => vec![&found.operand],
        ExpressionNode::Lambda(found) => vec![&found.body],
        ExpressionNode::Collection(found) => found.elements.iter().collect(),
        ExpressionNode::Parenthesized(inner) => vec![inner],
        ExpressionNode::TypeCast(found) => vec![&found.expression],
        ExpressionNode::TypeCheck(found) => vec![&found.expression],
        ExpressionNode::Filter(found) => vec![&found.base, &found.condition],
        ExpressionNode::Union(found) => vec![&found.left, &found.right],
        ExpressionNode::Path(found) => vec![&found.base],
        _ => Vec::new(),
    }
}

/// Puts the parser's complaint into words, with the place in the author's text.
///
/// The parser also says all the letters and signs that it could go on with, which helps nobody.
pub(super) fn syntax_error(
    message: &str,
    location: Option<&SourceLocation>,
    prepared: &PreparedText,
    source: &str,
) -> FhirPathError {
    let message = plain_message(message);
    let offset = location.and_then(|found| prepared.origin(found.offset));
    if offset.is_none() && message.contains("found end of input") {
        let message = "the expression ends where it should go on".to_owned();
        return FhirPathError::at(message, source.trim_end().len());
    }
    let rest = offset
        .map(|offset| source[offset..].trim_start())
        .filter(|rest| !rest.is_empty());
    let found = rest.map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        &rest[..end.max(rest.chars().next().map_or(0, char::len_utf8))]
    });
    match found {
        Some(found) => FhirPathError {
            offset,
            length: found.len(),
            ..FhirPathError::new(format!("`{found}` is not expected here"))
        },
        None => {
            let short = message.split(" expected ").next().unwrap_or(&message);
            FhirPathError {
                offset,
                ..FhirPathError::new(format!("this is no FHIRPath: {short}"))
            }
        }
    }
}

/// The engine's message without its error codes.
pub(super) fn plain_message(message: &str) -> String {
    let mut rest = message;
    while let Some((code, after)) = rest.split_once(": ") {
        if !(code.starts_with("FP") && code[2..].chars().all(|c| c.is_ascii_digit())) {
            break;
        }
        rest = after;
    }
    match rest.strip_prefix("Unknown variable: ") {
        Some(name) => format!("there is no variable `%{name}`"),
        None => rest.to_owned(),
    }
}
