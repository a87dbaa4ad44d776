//! What an evaluation holds in its hands: pieces of the body where they stand, and values that were computed.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};
use smallvec::SmallVec;

use super::Stop;
use super::shape::{Form, Shape};
use crate::fhir::time::{Interval, parse_partial};

/// A collection of FHIRPath. Most hold one thing or none.
pub(super) type Items<'a> = SmallVec<[Item<'a>; 2]>;

/// A piece of a body: a value, the companion that extends it, or both.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The value; `None` for a primitive that has extensions only.
    pub value: Option<&'a Value>,
    /// For a primitive, what `_name` says of it.
    pub companion: Option<&'a Value>,
    /// Its type.
    pub shape: &'static Shape,
}

/// One thing in a collection.
#[derive(Clone, Debug)]
pub(super) enum Item<'a> {
    Node(Node<'a>),
    Boolean(bool),
    Number(Decimal),
    Text(Cow<'a, str>),
    /// The first or last moment of a date.
    Moment(Moment),
    Amount(Amount<'a>),
}

/// The first or last moment that a date may mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    at: Timestamp,
    /// What it may be moved by where the zone is not known.
    slack: SignedDuration,
}

impl Moment {
    /// Two dates without a zone are of the same one, whichever that is.
    fn order(self, other: Self) -> Ordering {
        if self.slack.is_zero() == other.slack.is_zero() {
            return self.at.cmp(&other.at);
        }
        let at = |moment: Self| moment.at.checked_add(moment.slack).unwrap_or(moment.at);
        at(self).cmp(&at(other))
    }
}

/// A quantity: what it counts, and in which unit.
#[derive(Clone, Debug)]
pub(super) struct Amount<'a> {
    pub(super) value: Decimal,
    unit: (Option<&'a str>, Option<&'a str>),
}

/// What an item is worth when it is compared.
enum Scalar<'b> {
    Boolean(bool),
    Number(Decimal),
    Text(&'b str),
    Date(&'b str),
    Moment(Moment),
    Amount,
    Whole(&'b Value),
    Nothing,
}

impl<'a> Node<'a> {
    /// A node of a form, or of the type that a resource says it has.
    pub fn of(form: &Form, value: Option<&'a Value>, companion: Option<&'a Value>) -> Self {
        let shape = form.shape();
        match (form.of.name, value) {
            ("Resource" | "DomainResource", Some(resource)) => Self::resource(resource, shape),
            _ => Self {
                value,
                companion,
                shape,
            },
        }
    }

    /// A resource, typed by its own word.
    pub fn resource(value: &'a Value, otherwise: &'static Shape) -> Self {
        let name = value.get("resourceType").and_then(Value::as_str);
        let shape = name
            .and_then(|name| Shape::find(otherwise.release, name))
            .unwrap_or(otherwise);
        Self {
            value: Some(value),
            companion: None,
            shape,
        }
    }

    /// The object whose properties are its children.
    pub fn object(&self) -> Option<&'a Map<String, Value>> {
        let holder = if self.shape.is_primitive {
            self.companion
        } else {
            self.value
        };
        holder.and_then(Value::as_object)
    }

    /// Calls a function with each child of a name.
    pub(super) fn step(&self, name: &str, found: &mut Items<'a>) {
        let Some(object) = self.object() else { return };
        if self.shape.name.is_empty() {
            let Some(value) = object.get(name) else { return };
            each(Some(value), None, |value, companion| {
                found.push(Item::Node(Node {
                    value,
                    companion,
                    shape: self.shape,
                }));
            });
        }
        for form in self.shape.element(name) {
            let value = object.get(form.property);
            let companion = if form.companion.is_empty() {
                None
            } else {
                object.get(form.companion)
            };
            each(value, companion, |value, companion| {
                found.push(Item::Node(Node::of(form, value, companion)))
            });
        }
    }

    /// All its children.
    pub(super) fn children(&self, found: &mut Items<'a>) {
        for (name, value) in self.object().into_iter().flatten() {
            let Some((form, is_companion)) = self.shape.property(name) else {
                continue;
            };
            let object = self.object();
            let other = |name: &str| object.and_then(|object| object.get(name));
            let (value, companion) = match (is_companion, form.companion.is_empty()) {
                // Both are one child; it comes with the value.
                (true, _) if other(form.property).is_some() => continue,
                (true, _) => (None, Some(value)),
                (false, true) => (Some(value), None),
                (false, false) => (Some(value), other(form.companion)),
            };
            each(value, companion, |value, companion| {
                found.push(Item::Node(Node::of(form, value, companion)))
            });
        }
    }

    fn is_date(&self) -> bool {
        matches!(self.shape.name, "date" | "dateTime" | "instant")
    }

    fn amount(&self) -> Option<Amount<'a>> {
        let object = self.object().filter(|_| self.shape.is_a("Quantity"))?;
        let text = |name| object.get(name).and_then(Value::as_str);
        let value = object.get("value")?.as_number().and_then(decimal)?;
        let unit = match text("code") {
            Some(code) => (text("system"), Some(code)),
            None => (None, text("unit")),
        };
        Some(Amount { value, unit })
    }
}

/// Calls a function with each value of a property and its companion.
pub(crate) fn each<'a>(
    value: Option<&'a Value>,
    companion: Option<&'a Value>,
    mut found: impl FnMut(Option<&'a Value>, Option<&'a Value>),
) {
    let there = |value: Option<&'a Value>| value.filter(|value| !value.is_null());
    match (value, companion) {
        (Some(Value::Array(values)), companion) => {
            let companions = companion.and_then(Value::as_array);
            for (index, value) in values.iter().enumerate() {
                let pair = (there(Some(value)), there(companions.and_then(|all| all.get(index))));
                if pair.0.is_some() || pair.1.is_some() {
                    found(pair.0, pair.1);
                }
            }
        }
        (value, Some(Value::Array(companions))) if value.is_none() => {
            companions
                .iter()
                .filter(|one| !one.is_null())
                .for_each(|one| found(None, Some(one)));
        }
        (value, companion) => {
            let pair = (there(value), there(companion));
            if pair.0.is_some() || pair.1.is_some() {
                found(pair.0, pair.1);
            }
        }
    }
}

/// A number with all its digits; `None` for one that no decimal holds.
pub(super) fn decimal(number: &Number) -> Option<Decimal> {
    if let Some(whole) = number.as_i64() {
        return Some(Decimal::from(whole));
    }
    let text = number.as_str();
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
}

impl<'a> Item<'a> {
    pub(super) fn text(value: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(value.into())
    }

    fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Boolean(found) => Scalar::Boolean(*found),
            Self::Number(found) => Scalar::Number(*found),
            Self::Text(found) => Scalar::Text(found),
            Self::Moment(at) => Scalar::Moment(*at),
            Self::Amount(_) => Scalar::Amount,
            Self::Node(node) => match node.value {
                None => Scalar::Nothing,
                Some(Value::Bool(found)) => Scalar::Boolean(*found),
                Some(Value::Number(found)) => decimal(found).map_or(Scalar::Nothing, Scalar::Number),
                Some(Value::String(found)) if node.is_date() => Scalar::Date(found),
                Some(Value::String(found)) => Scalar::Text(found),
                Some(value) => Scalar::Whole(value),
            },
        }
    }

    /// Its text, if it is one.
    pub(super) fn as_text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(found) => Some(found.clone()),
            Self::Node(Node {
                value: Some(Value::String(found)),
                ..
            }) => Some(Cow::Borrowed(found)),
            _ => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<Decimal> {
        match self.scalar() {
            Scalar::Number(found) => Some(found),
            _ => None,
        }
    }

    pub(super) fn as_boolean(&self) -> Option<bool> {
        match self.scalar() {
            Scalar::Boolean(found) => Some(found),
            _ => None,
        }
    }

    pub(super) fn has_value(&self) -> bool {
        match self {
            Self::Node(node) => node.shape.is_primitive && node.value.is_some(),
            _ => true,
        }
    }

    /// Whether it is of a type.
    pub(super) fn is_a(&self, name: &str) -> bool {
        match self {
            Self::Node(node) => node.shape.is_a(name),
            Self::Boolean(_) => matches!(name, "Boolean" | "boolean"),
            Self::Number(found) if found.scale() == 0 => matches!(name, "Integer" | "integer"),
            Self::Number(_) => matches!(name, "Decimal" | "decimal"),
            Self::Text(_) => matches!(name, "String" | "string"),
            Self::Moment(_) => name == "DateTime",
            Self::Amount(_) => name == "Quantity",
        }
    }

    /// Whether two things are the same (FHIRPath, `#equality`); `None` where they are too vague to say.
    pub(super) fn equals(&self, other: &Self) -> Result<Option<bool>, Stop> {
        Ok(match (self.scalar(), other.scalar()) {
            (Scalar::Nothing, _) | (_, Scalar::Nothing) => None,
            (Scalar::Boolean(a), Scalar::Boolean(b)) => Some(a == b),
            (Scalar::Number(a), Scalar::Number(b)) => Some(a == b),
            (Scalar::Text(a), Scalar::Text(b)) => Some(a == b),
            (Scalar::Date(a), Scalar::Date(b)) if a == b => Some(true),
            (Scalar::Date(_), _) | (_, Scalar::Date(_)) | (Scalar::Moment(..), _) => return Err(Stop::Unsupported),
            (Scalar::Whole(a), Scalar::Whole(b)) => Some(std::ptr::eq(a, b) || a == b),
            (Scalar::Amount, _) | (_, Scalar::Amount) => return Err(Stop::Unsupported),
            _ => Some(false),
        })
    }

    /// Which of two things is less; `None` where they overlap or cannot be compared.
    pub(super) fn order(&self, other: &Self) -> Result<Option<Ordering>, Stop> {
        Ok(match (self.scalar(), other.scalar()) {
            (Scalar::Number(a), Scalar::Number(b)) => Some(a.cmp(&b)),
            (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
            (Scalar::Date(a), Scalar::Date(b)) => order_of_dates(a, b),
            (Scalar::Moment(a), Scalar::Moment(b)) => Some(a.order(b)),
            (Scalar::Nothing, _) | (_, Scalar::Nothing) => None,
            _ => match (self.amount(), other.amount()) {
                (Some(a), Some(b)) => (a.unit == b.unit).then(|| a.value.cmp(&b.value)),
                _ => return Err(Stop::Unsupported),
            },
        })
    }

    pub(super) fn amount(&self) -> Option<Amount<'a>> {
        match self {
            Self::Amount(found) => Some(found.clone()),
            Self::Node(node) => node.amount(),
            _ => None,
        }
    }

    /// The least (or greatest) that it may mean: FHIRPath's `lowBoundary()` and `highBoundary()`.
    pub(super) fn boundary(&self, high: bool) -> Result<Option<Self>, Stop> {
        if let Scalar::Date(text) = self.scalar() {
            return Ok(parse_partial(text).map(|found| {
                let last = found
                    .end
                    .checked_sub(SignedDuration::from_nanos(1))
                    .unwrap_or(found.end);
                let slack = match (is_zoned(text), high) {
                    (true, _) => SignedDuration::ZERO,
                    (false, true) => LATEST_ZONE,
                    (false, false) => -EARLIEST_ZONE,
                };
                Self::Moment(Moment {
                    at: if high { last } else { found.start },
                    slack,
                })
            }));
        }
        let spread = |value: Decimal| {
            let half = Decimal::new(5, (value.scale() + 1).min(Decimal::MAX_SCALE));
            let moved = if high {
                value.checked_add(half)
            } else {
                value.checked_sub(half)
            };
            moved.unwrap_or(value)
        };
        match (self.scalar(), self.amount()) {
            (Scalar::Number(value), _) => Ok(Some(Self::Number(spread(value)))),
            (_, Some(amount)) => Ok(Some(Self::Amount(Amount {
                value: spread(amount.value),
                ..amount
            }))),
            _ => Err(Stop::Unsupported),
        }
    }

    /// Whether two quantities have the same unit.
    pub(super) fn comparable(&self, other: &Self) -> Option<bool> {
        Some(self.amount()?.unit == other.amount()?.unit)
    }
}

fn is_zoned(text: &str) -> bool {
    text.split_once('T')
        .is_some_and(|(_, time)| time.ends_with('Z') || time.contains(['+', '-']))
}

/// How much earlier than in UTC a day may begin, and how much later it may end.
const EARLIEST_ZONE: SignedDuration = SignedDuration::from_hours(14);
const LATEST_ZONE: SignedDuration = SignedDuration::from_hours(12);

/// What an interval may be in any zone of the world.
fn widened(found: Interval) -> Interval {
    Interval {
        start: found.start.checked_sub(EARLIEST_ZONE).unwrap_or(found.start),
        end: found.end.checked_add(LATEST_ZONE).unwrap_or(found.end),
    }
}

/// Dates that overlap are neither before nor after each other, unless they are the same.
fn order_of_dates(a: &str, b: &str) -> Option<Ordering> {
    let (mut first, mut second) = (parse_partial(a)?, parse_partial(b)?);
    if first == second && is_zoned(a) == is_zoned(b) {
        return Some(Ordering::Equal);
    }
    match (is_zoned(a), is_zoned(b)) {
        (true, false) => second = widened(second),
        (false, true) => first = widened(first),
        _ => {}
    }
    if first.end <= second.start {
        Some(Ordering::Less)
    } else if second.end <= first.start {
        Some(Ordering::Greater)
    } else {
        None
    }
}
