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
    let comparison = Comparison::new(mode);
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
        text: text::diff(expected, &shown),
        places,
    }))
}

/// A comparison under way.
struct Comparison {
    mode: Mode,
    left: Cell<u64>,
}

impl Comparison {
    const fn new(mode: Mode) -> Self {
        Self {
            mode,
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
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(found)) => {
                (self.mode == Mode::Like || wanted.len() == found.len())
                    && wanted
                        .iter()
                        .all(|(name, wanted)| found.get(name).is_some_and(|found| self.holds(wanted, found)))
            }
            (Value::Array(wanted), Value::Array(found)) => self.arrays_hold(wanted, found),
            (Value::Number(wanted), Value::Number(found)) => number::same(wanted, found),
            _ => expected == actual,
        }
    }

    fn arrays_hold(&self, wanted: &[Value], found: &[Value]) -> bool {
        if self.mode == Mode::Same && wanted.len() != found.len() {
            return false;
        }
        if self.goes_by_place(wanted, found) {
            return wanted
                .iter()
                .zip(found)
                .all(|(wanted, found)| self.holds(wanted, found));
        }
        let partners = align::partners(wanted.len(), found.len(), |one, other| {
            self.holds(&wanted[one], &found[other])
        });
        wanted
            .iter()
            .zip(&partners)
            .all(|(wanted, partner)| partner.is_some() || self.is_placeholder(wanted))
    }

    /// Whether elements find their partners by their place: lists of plain values that have to be the same.
    fn goes_by_place(&self, wanted: &[Value], found: &[Value]) -> bool {
        self.mode == Mode::Same && !wanted.iter().chain(found).all(Value::is_object)
    }

    /// Whether an element says nothing: the null in a list of extensions beside a list of plain values.
    fn is_placeholder(&self, wanted: &Value) -> bool {
        self.mode == Mode::Like && wanted.is_null()
    }

    /// Tells the differences, and gives back what is there in the shape of what is expected.
    fn differences(&self, path: &Path, expected: &Value, actual: &Value, places: &mut Vec<Difference>) -> Value {
        if self.left.get() == 0 {
            return Value::Null;
        }
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(found)) => self.in_object(path, wanted, found, places),
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
            let mut partners = align::partners(wanted.len(), found.len(), |one, other| {
                self.holds(&wanted[one], &found[other])
            });
            align::pair_the_rest(wanted, found, &mut partners);
            partners
        };
        let mut shown = Vec::new();
        for (wanted, partner) in wanted.iter().zip(&partners) {
            match partner {
                Some(index) => shown.push(self.differences(&path.index(*index), wanted, &found[*index], places)),
                None if self.is_placeholder(wanted) => shown.push(Value::Null),
                None => places.push(Difference::NoElement {
                    path: path.clone(),
                    expected: wanted.clone(),
                }),
            }
        }
        if self.mode == Mode::Same {
            for (index, actual) in found.iter().enumerate() {
                if !partners.contains(&Some(index)) {
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

fn same_kind(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests;
