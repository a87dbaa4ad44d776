//! How two bodies differ: by path, for people and programs, and as a text.

mod align;
pub mod number;
pub mod path;
mod text;

use std::cell::Cell;

use serde_json::{Map, Value};

use self::path::Path;
use super::expectation::of_body;
use super::judged::{Between, cut, short};
use crate::suite::placeholder::Placeholder;
use crate::verdict::{Mismatch, Part};

/// How many nodes are looked at before a comparison is given up.
const BUDGET: u64 = 5_000_000;

/// How many differences are told one by one.
const TOLD: usize = 20;

/// How much of a value is shown.
const SHOWN: usize = 2000;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything that is expected is there; there may be more.
    Like,
    /// Both are the same. Elements of an array may be in another order, unless they are plain values.
    Same,
}

/// Two bodies that are too large, and too unlike, to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bodies are too large and too unlike to be compared")]
pub struct TooLarge;

/// One place at which two bodies differ.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A property is expected and not there.
    Missing {
        /// Where it should be.
        path: Path,
        /// What is expected.
        expected: Value,
    },
    /// An element is expected, and no element of the array is like it.
    NoElement {
        /// The array.
        path: Path,
        /// What is expected.
        expected: Value,
    },
    /// Something is there that is not expected.
    Extra {
        /// Where it is.
        path: Path,
        /// What is there.
        actual: Value,
    },
    /// Something else is there.
    Different {
        /// Where it is.
        path: Path,
        /// What is expected.
        expected: Value,
        /// What is there.
        actual: Value,
    },
}

/// How two bodies differ; at least in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    /// What paths begin with: the resource type, where there is one.
    pub root: String,
    /// The places, the smallest first.
    pub places: Vec<Difference>,
    /// A unified text diff of what is expected and of what is there in its place.
    pub text: Option<String>,
}

/// Compares two bodies. `None` where they do not differ.
///
/// # Errors
/// Where the comparison would take too long.
pub fn compare(expected: &Value, actual: &Value, mode: Mode) -> Result<Option<Differences>, TooLarge> {
    told(&Comparison::new(mode, false), expected, actual)
}

/// Compares with a body that may hold placeholders (`docs/suite-format.md#placeholders`). `None` where they do not differ.
///
/// # Errors
/// Where the comparison would take too long.
pub fn compare_with_placeholders(
    expected: &Value,
    actual: &Value,
    mode: Mode,
) -> Result<Option<Differences>, TooLarge> {
    told(&Comparison::new(mode, true), expected, actual)
}

fn told(comparison: &Comparison, expected: &Value, actual: &Value) -> Result<Option<Differences>, TooLarge> {
    let holds = comparison.holds(expected, actual);
    comparison.within_budget()?;
    if holds {
        return Ok(None);
    }
    let mut places = Vec::new();
    let shown = comparison.differences(&Path::default(), expected, actual, &mut places);
    comparison.within_budget()?;
    places.sort_by_cached_key(Difference::weight);
    Ok(Some(Differences {
        root: actual["resourceType"].as_str().unwrap_or_default().to_owned(),
        text: text::diff(&text::in_order(expected), &text::in_order(&shown)),
        places,
    }))
}

/// A comparison under way.
struct Comparison {
    mode: Mode,
    placeholders: bool,
    left: Cell<u64>,
}

impl Comparison {
    const fn new(mode: Mode, placeholders: bool) -> Self {
        Self {
            mode,
            placeholders,
            left: Cell::new(BUDGET),
        }
    }

    fn within_budget(&self) -> Result<(), TooLarge> {
        if self.left.get() == 0 { Err(TooLarge) } else { Ok(()) }
    }

    /// Counts one step; `false` where there is nothing left to spend.
    fn spend(&self) -> bool {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        left > 0
    }

    /// Whether what is there satisfies what is expected.
    fn holds(&self, expected: &Value, actual: &Value) -> bool {
        if !self.spend() {
            return false;
        }
        if let Some(placeholder) = self.placeholder(expected) {
            return self.is_filled(&placeholder, actual);
        }
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(found)) => {
                let all = wanted.iter().all(|(name, wanted)| match found.get(name) {
                    Some(found) => self.holds(wanted, found),
                    None => self.may_be_missing(wanted),
                });
                all && (self.mode == Mode::Like || found.keys().all(|name| wanted.contains_key(name)))
            }
            (Value::Array(wanted), Value::Array(found)) => self.arrays_hold(wanted, found),
            (Value::Number(wanted), Value::Number(found)) => number::same(wanted, found),
            _ => expected == actual,
        }
    }

    /// The placeholder that something expected is. One that is none was told by lint.
    fn placeholder<'a>(&self, expected: &'a Value) -> Option<Placeholder<'a>> {
        if self.placeholders {
            Placeholder::of(expected)?.ok()
        } else {
            None
        }
    }

    fn may_be_missing(&self, expected: &Value) -> bool {
        matches!(self.placeholder(expected), Some(Placeholder::Optional(_)))
    }

    /// Whether what is there may stand for a placeholder.
    fn is_filled(&self, placeholder: &Placeholder<'_>, actual: &Value) -> bool {
        match placeholder {
            Placeholder::Any(kind) => kind.is(actual),
            Placeholder::OneOf(values) => values.iter().any(|value| self.holds(value, actual)),
            Placeholder::Includes(parts) => actual.as_str().is_some_and(|text| {
                let text = text.to_lowercase();
                parts.iter().all(|part| text.contains(&part.to_lowercase()))
            }),
            Placeholder::Count(count) => actual.as_array().is_some_and(|items| items.len() == *count),
            Placeholder::Optional(inside) => self.holds(inside, actual),
        }
    }

    fn arrays_hold(&self, wanted: &[Value], found: &[Value]) -> bool {
        if self.goes_by_place(wanted, found) {
            return wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| self.holds(wanted, found));
        }
        if self.mode == Mode::Same && wanted.len() < found.len() {
            return false;
        }
        let partners = self.partners(wanted, found);
        let has_all = wanted
            .iter()
            .zip(&partners)
            .all(|(wanted, partner)| partner.is_some() || self.may_stay_alone(wanted));
        has_all && (self.mode == Mode::Like || partners.iter().flatten().count() == found.len())
    }

    fn partners(&self, wanted: &[Value], found: &[Value]) -> Vec<Option<usize>> {
        align::partners(
            wanted.len(),
            found.len(),
            |one| !self.may_stay_alone(&wanted[one]),
            |one, other| self.holds(&wanted[one], &found[other]),
            || self.left.get() == 0,
        )
    }

    /// Whether elements find their partners by their place: lists of plain values that have to be the same.
    fn goes_by_place(&self, wanted: &[Value], found: &[Value]) -> bool {
        let may_vary = wanted.iter().any(|wanted| self.may_be_missing(wanted));
        self.mode == Mode::Same && !may_vary && !wanted.iter().chain(found).all(Value::is_object)
    }

    /// Whether an element needs no partner: it is optional, or the null in a list of extensions beside a list of plain values.
    fn may_stay_alone(&self, wanted: &Value) -> bool {
        self.mode == Mode::Like && wanted.is_null() || self.may_be_missing(wanted)
    }

    /// Tells the differences, and gives back what is there in the shape of what is expected.
    fn differences(&self, path: &Path, expected: &Value, actual: &Value, places: &mut Vec<Difference>) -> Value {
        if self.left.get() == 0 {
            return Value::Null;
        }
        if let Some(Placeholder::Optional(inside)) = self.placeholder(expected) {
            return self.differences(path, inside, actual, places);
        }
        match (expected, actual) {
            _ if self.placeholder(expected).is_some() && self.holds(expected, actual) => expected.clone(),
            (Value::Object(wanted), Value::Object(found)) if self.placeholder(expected).is_none() => {
                self.in_object(path, wanted, found, places)
            }
            (Value::Array(wanted), Value::Array(found)) => self.in_array(path, wanted, found, places),
            _ if self.holds(expected, actual) => expected.clone(),
            _ => {
                places.push(Difference::Different {
                    path: path.clone(),
                    expected: expected.clone(),
                    actual: actual.clone(),
                });
                actual.clone()
            }
        }
    }

    fn in_object(
        &self,
        path: &Path,
        wanted: &Map<String, Value>,
        found: &Map<String, Value>,
        places: &mut Vec<Difference>,
    ) -> Value {
        let mut shown = Map::new();
        for (name, wanted) in wanted {
            let path = path.name(name);
            match found.get(name) {
                Some(found) => {
                    shown.insert(name.clone(), self.differences(&path, wanted, found, places));
                }
                None if self.may_be_missing(wanted) => {}
                None => places.push(Difference::Missing {
                    path,
                    expected: wanted.clone(),
                }),
            }
        }
        if self.mode == Mode::Same {
            for (name, actual) in found.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                places.push(Difference::Extra {
                    path: path.name(name),
                    actual: actual.clone(),
                });
                shown.insert(name.clone(), actual.clone());
            }
        }
        Value::Object(shown)
    }

    fn in_array(&self, path: &Path, wanted: &[Value], found: &[Value], places: &mut Vec<Difference>) -> Value {
        let partners: Vec<Option<usize>> = if self.goes_by_place(wanted, found) {
            (0..wanted.len())
                .map(|index| (index < found.len()).then_some(index))
                .collect()
        } else {
            let mut partners = self.partners(wanted, found);
            if self.left.get() == 0 {
                return Value::Null;
            }
            align::pair_the_rest(wanted, found, &mut partners);
            partners
        };
        let mut shown = Vec::new();
        for (wanted, partner) in wanted.iter().zip(&partners) {
            match partner {
                Some(index) => shown.push(self.differences(&path.index(*index), wanted, &found[*index], places)),
                None if self.may_be_missing(wanted) => {}
                None if self.may_stay_alone(wanted) => shown.push(Value::Null),
                None => places.push(Difference::NoElement {
                    path: path.clone(),
                    expected: wanted.clone(),
                }),
            }
        }
        if self.mode == Mode::Same {
            let mut has_partner = vec![false; found.len()];
            for index in partners.iter().flatten() {
                has_partner[*index] = true;
            }
            for (index, actual) in found.iter().enumerate() {
                if !has_partner[index] {
                    places.push(Difference::Extra {
                        path: path.index(index),
                        actual: actual.clone(),
                    });
                    shown.push(actual.clone());
                }
            }
        }
        Value::Array(shown)
    }
}

impl Difference {
    /// Where it is.
    #[must_use]
    pub const fn path(&self) -> &Path {
        match self {
            Self::Missing { path, .. }
            | Self::NoElement { path, .. }
            | Self::Extra { path, .. }
            | Self::Different { path, .. } => path,
        }
    }

    /// How much there is to look at: small differences explain more.
    fn weight(&self) -> usize {
        let of = |value: &Value| {
            if value.is_object() || value.is_array() {
                value.to_string().len()
            } else {
                1
            }
        };
        match self {
            Self::Missing { expected, .. } => 10 + of(expected),
            Self::NoElement { expected, .. } => 20 + of(expected),
            Self::Extra { actual, .. } => 10 + of(actual),
            Self::Different { expected, actual, .. } => of(expected) + of(actual),
        }
    }

    /// The difference in a sentence.
    #[must_use]
    pub fn sentence(&self, root: &str) -> String {
        let at = self.path().fhirpath(root);
        let at = if at.is_empty() {
            "the body".to_owned()
        } else {
            format!("`{at}`")
        };
        match self {
            Self::Missing { .. } => format!("{at} is missing"),
            Self::NoElement { expected, .. } => format!("{at} has no `{}`", short(expected)),
            Self::Extra { actual, .. } => format!("{at} is there and should not be: `{}`", short(actual)),
            Self::Different { expected, actual, .. } if placeholder(expected).is_some() => {
                let wanted = placeholder(expected)
                    .map(|wanted| wanted.to_string())
                    .unwrap_or_default();
                format!("{at} is `{}`, not {}", short(actual), cut(&wanted, 200))
            }
            Self::Different { expected, actual, .. } if same_kind(expected, actual) => {
                format!("{at} is `{}`, not `{}`", short(actual), short(expected))
            }
            // `1` and `"1"` have to look different.
            Self::Different { expected, actual, .. } => {
                format!(
                    "{at} is `{}`, not `{}`",
                    cut(&actual.to_string(), 80),
                    cut(&expected.to_string(), 80)
                )
            }
        }
    }

    fn sides(&self) -> (String, Option<String>) {
        let text = |value: &Value| match value {
            Value::String(text) => cut(text, SHOWN),
            other => cut(&other.to_string(), SHOWN),
        };
        match self {
            Self::Missing { expected, .. } | Self::NoElement { expected, .. } => (text(expected), None),
            Self::Extra { actual, .. } => ("nothing".to_owned(), Some(text(actual))),
            Self::Different { expected, actual, .. } => (text(expected), Some(text(actual))),
        }
    }
}

impl Differences {
    /// The mismatch that a report shows.
    pub(super) fn into_mismatch(self) -> Box<Mismatch> {
        let Some(first) = self.places.first() else {
            return of_body("the body differs");
        };
        let more = match self.places.len() - 1 {
            0 => String::new(),
            1 => " (and 1 more difference)".to_owned(),
            count => format!(" (and {count} more differences)"),
        };
        let mut mismatch = of_body(first.sentence(&self.root) + &more);
        let (expected, actual) = first.sides();
        mismatch = mismatch.between(expected, actual);
        mismatch.part = Part::Body(first.path().pointer());
        if self.places.len() > 1 {
            mismatch.details = self
                .places
                .iter()
                .take(TOLD)
                .map(|place| place.sentence(&self.root))
                .collect();
            if self.places.len() > TOLD {
                mismatch.details.push(format!("and {} more", self.places.len() - TOLD));
            }
        }
        mismatch.diff = self.text;
        mismatch
    }
}

/// A placeholder; no element of FHIR has a name that begins with `$`.
fn placeholder(expected: &Value) -> Option<Placeholder<'_>> {
    Placeholder::of(expected)?.ok()
}

fn same_kind(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests;
