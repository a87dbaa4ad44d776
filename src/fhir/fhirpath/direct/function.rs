//! The functions: those that find things, and those that say yes or no.

use std::borrow::Cow;
use std::collections::HashSet;

use rust_decimal::Decimal;
use serde_json::Value;
use smallvec::smallvec;

use super::code::{Code, Function};
use super::evaluate::one;
use super::item::{Item, Items, Node};
use super::{Focus, Stop};

/// The functions that find things; all others judge.
macro_rules! SELECTING {
    () => {
        super::code::Function::Children
            | super::code::Function::Combine
            | super::code::Function::Count
            | super::code::Function::Descendants
            | super::code::Function::Distinct
            | super::code::Function::Extension
            | super::code::Function::First
            | super::code::Function::HighBoundary
            | super::code::Function::Iif
            | super::code::Function::Intersect
            | super::code::Function::Last
            | super::code::Function::Length
            | super::code::Function::LowBoundary
            | super::code::Function::Repeat
            | super::code::Function::Resolve
            | super::code::Function::Select
            | super::code::Function::Substring
            | super::code::Function::Tail
            | super::code::Function::ToInteger
            | super::code::Function::ToString
            | super::code::Function::Where
    };
}
pub(super) use SELECTING;

/// Evaluates a call of a function that finds things.
pub(super) fn select<'a>(focus: &Focus<'_, 'a>, code: &'a Code, this: &Items<'a>) -> Result<Items<'a>, Stop> {
    let Code::Call(function, of, arguments) = code else {
        return Err(Stop::Unsupported);
    };
    let input = focus.evaluate(of, this)?;
    let argument = arguments.first();
    Ok(match (function, argument) {
        (Function::Count, _) => one(Item::Number(Decimal::from(input.len()))),
        (Function::First, _) => input.into_iter().take(1).collect(),
        (Function::Last, _) => input.into_iter().next_back().into_iter().collect(),
        (Function::Tail, _) => input.into_iter().skip(1).collect(),
        (Function::Distinct, _) => focus.distinct(input)?,
        (Function::Where, Some(criterion)) => {
            let mut found = Items::new();
            for item in input {
                if focus.truth(criterion, &smallvec![item.clone()])? == Some(true) {
                    found.push(item);
                }
            }
            found
        }
        (Function::Select, Some(projection)) => {
            let mut found = Items::new();
            for item in input {
                found.extend(focus.evaluate(projection, &smallvec![item])?);
            }
            found
        }
        (Function::Repeat, Some(projection)) => repeat(focus, input, projection)?,
        (Function::Children, _) => {
            let mut found = Items::new();
            nodes(&input).for_each(|node| node.children(&mut found));
            focus.spend(found.len())?;
            found
        }
        (Function::Descendants, _) => descendants(focus, &input)?,
        (Function::Combine, Some(other)) => {
            let mut found = input;
            found.extend(focus.evaluate(other, this)?);
            found
        }
        (Function::Intersect, Some(other)) => {
            let (other, mut found) = (focus.evaluate(other, this)?, Items::new());
            for item in input {
                if focus.has(&other, &item)? && !focus.has(&found, &item)? {
                    found.push(item);
                }
            }
            found
        }
        (Function::Iif, Some(condition)) => {
            let branch = if focus.truth(condition, &input)? == Some(true) {
                arguments.get(1)
            } else {
                arguments.get(2)
            };
            match branch {
                Some(branch) => focus.evaluate(branch, &input)?,
                None => Items::new(),
            }
        }
        (Function::Extension, Some(url)) => {
            let url = focus.text(url, this)?;
            let mut found = Items::new();
            nodes(&input).for_each(|node| node.step("extension", &mut found));
            found.retain(|item| {
                let Item::Node(Node { value: Some(value), .. }) = item else {
                    return false;
                };
                url.is_some() && value.get("url").and_then(Value::as_str) == url.as_deref()
            });
            found
        }
        (Function::Resolve, _) => resolve(focus, input)?,
        (Function::LowBoundary | Function::HighBoundary, _) => match single(input)? {
            Some(item) => item
                .boundary(*function == Function::HighBoundary)?
                .into_iter()
                .collect(),
            None => Items::new(),
        },
        (Function::Length, _) => {
            let text = text(input)?;
            text.map(|text| Item::Number(Decimal::from(text.chars().count())))
                .into_iter()
                .collect()
        }
        (Function::Substring, Some(start)) => {
            let number = |code| -> Result<_, Stop> {
                let found = focus.single(code, this)?.and_then(|item| item.as_number());
                Ok(found.map(|number| i64::try_from(number).unwrap_or(-1)))
            };
            let start = number(start)?;
            let length = arguments.get(1).map(number).transpose()?.flatten();
            match (text(input)?, start.and_then(|start| usize::try_from(start).ok())) {
                (Some(text), Some(start)) if start < text.chars().count() => {
                    let most = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
                    one(Item::text(text.chars().skip(start).take(most).collect::<String>()))
                }
                _ => Items::new(),
            }
        }
        (Function::ToInteger, _) => match single(input)? {
            Some(item) => to_integer(&item).map(Item::Number).into_iter().collect(),
            None => Items::new(),
        },
        (Function::ToString, _) => match single(input)? {
            Some(item) => to_text(&item)?.map(Item::text).into_iter().collect(),
            None => Items::new(),
        },
        _ => return Err(Stop::Unsupported),
    })
}

/// Evaluates a call of a function that says yes or no.
pub(super) fn judge<'a>(
    focus: &Focus<'_, 'a>,
    function: Function,
    of: &'a Code,
    arguments: &'a [Code],
    this: &Items<'a>,
) -> Result<Option<bool>, Stop> {
    let input = focus.evaluate(of, this)?;
    Ok(Some(match (function, arguments.first()) {
        (Function::All, Some(criterion)) => {
            for item in input {
                if focus.truth(criterion, &smallvec![item])? != Some(true) {
                    return Ok(Some(false));
                }
            }
            true
        }
        (Function::Exists, Some(criterion)) => {
            for item in input {
                if focus.truth(criterion, &smallvec![item])? == Some(true) {
                    return Ok(Some(true));
                }
            }
            false
        }
        (Function::AllTrue, _) => input.iter().all(|item| item.as_boolean() == Some(true)),
        (Function::AllFalse, _) => input.iter().all(|item| item.as_boolean() == Some(false)),
        (Function::AnyTrue, _) => input.iter().any(|item| item.as_boolean() == Some(true)),
        (Function::HasValue, _) => input.len() == 1 && input[0].has_value(),
        (Function::IsDistinct, _) => is_distinct(focus, &input)?,
        (Function::Comparable, Some(other)) => {
            let (Some(left), Some(right)) = (single(input)?, focus.single(other, this)?) else {
                return Ok(None);
            };
            return Ok(left.comparable(&right));
        }
        (Function::StartsWith | Function::EndsWith | Function::Contains, Some(part)) => {
            let (Some(whole), Some(part)) = (text(input)?, focus.text(part, this)?) else {
                return Ok(None);
            };
            match function {
                Function::StartsWith => whole.starts_with(&*part),
                Function::EndsWith => whole.ends_with(&*part),
                _ => whole.contains(&*part),
            }
        }
        _ => return Err(Stop::Unsupported),
    }))
}

fn nodes<'i, 'a>(items: &'i Items<'a>) -> impl Iterator<Item = Node<'a>> + 'i {
    items.iter().filter_map(|item| match item {
        Item::Node(node) => Some(*node),
        _ => None,
    })
}

fn single<'a>(mut items: Items<'a>) -> Result<Option<Item<'a>>, Stop> {
    if items.len() > 1 {
        return Err(Stop::Failed("a function gets several things where it takes one"));
    }
    Ok(items.pop())
}

fn text<'a>(items: Items<'a>) -> Result<Option<Cow<'a, str>>, Stop> {
    let Some(item) = single(items)? else { return Ok(None) };
    match (item.as_text(), item.has_value()) {
        (Some(text), _) => Ok(Some(text)),
        (None, false) => Ok(None),
        (None, true) => Err(Stop::Unsupported),
    }
}

fn descendants<'a>(focus: &Focus<'_, 'a>, input: &Items<'a>) -> Result<Items<'a>, Stop> {
    let mut found = Items::new();
    let mut level = input.clone();
    while !level.is_empty() {
        let mut next = Items::new();
        nodes(&level).for_each(|node| node.children(&mut next));
        focus.spend(next.len())?;
        found.extend(next.iter().cloned());
        level = next;
    }
    Ok(found)
}

fn repeat<'a>(focus: &Focus<'_, 'a>, input: Items<'a>, projection: &'a Code) -> Result<Items<'a>, Stop> {
    let mut found = Items::new();
    let mut waiting = input;
    while !waiting.is_empty() {
        let mut next = Items::new();
        for item in waiting {
            next.extend(focus.evaluate(projection, &smallvec![item])?);
        }
        focus.spend(next.len() + 1)?;
        found.extend(next.iter().cloned());
        waiting = next;
    }
    Ok(found)
}

fn resolve<'a>(focus: &Focus<'_, 'a>, input: Items<'a>) -> Result<Items<'a>, Stop> {
    let mut found = Items::new();
    for item in input {
        let reference = match &item {
            Item::Node(node) if !node.shape.is_primitive => node
                .value
                .and_then(|value| value.get("reference"))
                .and_then(Value::as_str)
                .map(Cow::Borrowed),
            _ => item.as_text(),
        };
        let Some(reference) = reference else { continue };
        match focus.resolver.resolve(&reference) {
            Some(resource) => found.push(Item::Node(Node::resource(resource, focus.resource.shape))),
            None => return Err(Stop::Unresolved(reference.into_owned())),
        }
    }
    Ok(found)
}

fn is_distinct(focus: &Focus<'_, '_>, input: &Items<'_>) -> Result<bool, Stop> {
    let texts: Option<Vec<_>> = input.iter().map(Item::as_text).collect();
    if let Some(texts) = texts {
        let mut seen = HashSet::new();
        return Ok(texts.into_iter().all(|text| seen.insert(text)));
    }
    for (index, item) in input.iter().enumerate() {
        focus.spend(index)?;
        for other in &input[..index] {
            if item.equals(other)? == Some(true) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn to_integer(item: &Item<'_>) -> Option<Decimal> {
    match item.as_number() {
        Some(number) => (number.scale() == 0).then_some(number),
        None => item.as_text()?.parse::<i64>().ok().map(Decimal::from),
    }
}

fn to_text<'a>(item: &Item<'a>) -> Result<Option<Cow<'a, str>>, Stop> {
    if let Some(text) = item.as_text() {
        return Ok(Some(text));
    }
    if let Some(number) = item.as_number() {
        return Ok(Some(number.to_string().into()));
    }
    match (item.as_boolean(), item.has_value()) {
        (Some(found), _) => Ok(Some(found.to_string().into())),
        (None, false) => Ok(None),
        _ => Err(Stop::Unsupported),
    }
}
