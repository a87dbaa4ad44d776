//! Evaluating: operators, paths and the three values of logic.

use std::borrow::Cow;
use std::cmp::Ordering;

use smallvec::smallvec;

use super::code::{Arithmetic, Code, Function, Logic, Order};
use super::item::{Item, Items, Node};
use super::{Focus, Stop, function};

impl<'a> Focus<'_, 'a> {
    /// What an expression finds; `this` is what it looks at.
    pub(super) fn evaluate(&self, code: &'a Code, this: &Items<'a>) -> Result<Items<'a>, Stop> {
        Ok(match code {
            Code::Nothing => Items::new(),
            Code::Boolean(found) => one(Item::Boolean(*found)),
            Code::Number(found) => one(Item::Number(*found)),
            Code::Text(found) => one(Item::text(found.as_str())),
            Code::This => this.clone(),
            Code::Resource => one(Item::Node(self.resource)),
            Code::RootResource => one(Item::Node(self.root)),
            Code::Context => one(Item::Node(self.node)),
            Code::Child(of, name) => {
                let mut found = Items::new();
                self.each_node(of, this, |node| {
                    node.step(name, &mut found);
                    true
                })?;
                self.spend(found.len())?;
                found
            }
            Code::OfType(of, name) => {
                let mut found = self.evaluate(of, this)?;
                found.retain(|item| item.is_a(name));
                found
            }
            Code::Call(function::SELECTING!(), ..) => function::select(self, code, this)?,
            Code::Union(left, right) => {
                let mut found = self.evaluate(left, this)?;
                found.extend(self.evaluate(right, this)?);
                self.distinct(found)?
            }
            Code::Index(of, index) => {
                let index = self.evaluate(index, this)?;
                let at = index
                    .first()
                    .and_then(Item::as_number)
                    .and_then(|at| usize::try_from(at).ok());
                let found = self.evaluate(of, this)?;
                at.and_then(|at| found.into_iter().nth(at)).into_iter().collect()
            }
            Code::ReplaceMatches(of, regex, by) => {
                let (text, by) = (self.text(of, this)?, self.text(by, this)?);
                match (text, by) {
                    (Some(text), Some(by)) => one(Item::text(regex.replace_all(&text, by.as_ref()).into_owned())),
                    _ => Items::new(),
                }
            }
            Code::Arithmetic(operator, left, right) => {
                let (left, right) = (self.single(left, this)?, self.single(right, this)?);
                let (Some(left), Some(right)) = (left, right) else {
                    return Ok(Items::new());
                };
                arithmetic(*operator, &left, &right)?
            }
            Code::Concatenate(left, right) => {
                let left = self.text(left, this)?.unwrap_or_default();
                let right = self.text(right, this)?.unwrap_or_default();
                one(Item::text(format!("{left}{right}")))
            }
            Code::Is(..)
            | Code::Matches(..)
            | Code::Logic(..)
            | Code::Equal(..)
            | Code::Order(..)
            | Code::In(..)
            | Code::Call(..) => self.truth(code, this)?.map(Item::Boolean).into_iter().collect(),
        })
    }

    /// What an expression says as a condition; `None` where it says nothing.
    pub(super) fn truth(&self, code: &'a Code, this: &Items<'a>) -> Result<Option<bool>, Stop> {
        match code {
            Code::Boolean(found) => Ok(Some(*found)),
            Code::Logic(logic, left, right) => self.logic(*logic, left, right, this),
            Code::Equal(wanted, left, right) => Ok(self.equal(left, right, this)?.map(|equal| equal == *wanted)),
            Code::Order(order, left, right) => self.order(*order, left, right, this),
            Code::In(item, list) => self.is_in(item, list, this),
            Code::Is(of, name) => Ok(self.single(of, this)?.map(|item| item.is_a(name))),
            Code::Matches(of, regex) => Ok(self.text(of, this)?.map(|text| regex.is_match(&text))),
            Code::Call(Function::Exists, of, criteria) if criteria.is_empty() => self.any(of, this).map(Some),
            Code::Call(Function::Empty, of, _) => Ok(Some(!self.any(of, this)?)),
            Code::Call(Function::Not, of, _) => Ok(self.truth(of, this)?.map(|found| !found)),
            Code::Call(function::SELECTING!(), ..) => truth_of(&function::select(self, code, this)?),
            Code::Call(function, of, arguments) => function::judge(self, *function, of, arguments, this),
            _ => truth_of(&self.evaluate(code, this)?),
        }
    }

    /// Whether an expression finds anything.
    pub(super) fn any(&self, code: &'a Code, this: &Items<'a>) -> Result<bool, Stop> {
        match code {
            Code::Child(of, name) => {
                let mut found = false;
                self.each_node(of, this, |node| {
                    let mut children = Items::new();
                    node.step(name, &mut children);
                    found = !children.is_empty();
                    !found
                })?;
                Ok(found)
            }
            Code::Call(Function::Where, of, criteria) => {
                for item in self.evaluate(of, this)? {
                    if self.truth(&criteria[0], &smallvec![item])? == Some(true) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(!self.evaluate(code, this)?.is_empty()),
        }
    }

    /// Calls a function with each node that an expression finds, until it says stop.
    fn each_node(&self, code: &'a Code, this: &Items<'a>, mut go: impl FnMut(Node<'a>) -> bool) -> Result<(), Stop> {
        let owned;
        let items = match code {
            Code::This => this,
            Code::Resource => {
                go(self.resource);
                return Ok(());
            }
            Code::Context => {
                go(self.node);
                return Ok(());
            }
            _ => {
                owned = self.evaluate(code, this)?;
                &owned
            }
        };
        for item in items {
            if let Item::Node(node) = item
                && !go(*node)
            {
                break;
            }
        }
        Ok(())
    }

    fn logic(&self, logic: Logic, left: &'a Code, right: &'a Code, this: &Items<'a>) -> Result<Option<bool>, Stop> {
        let first = self.truth(left, this);
        // What decides it alone.
        match (logic, &first) {
            (Logic::And, Ok(Some(false))) => return Ok(Some(false)),
            (Logic::Or, Ok(Some(true))) | (Logic::Implies, Ok(Some(false))) => return Ok(Some(true)),
            (Logic::Xor, Ok(None)) => return Ok(None),
            _ => {}
        }
        let second = self.truth(right, this);
        match (logic, &second) {
            (Logic::And, Ok(Some(false))) => return Ok(Some(false)),
            (Logic::Or | Logic::Implies, Ok(Some(true))) => return Ok(Some(true)),
            _ => {}
        }
        Ok(match (logic, first?, second?) {
            (Logic::Xor, Some(a), Some(b)) => Some(a != b),
            (Logic::Xor, ..) | (_, None, _) | (_, _, None) => None,
            (Logic::And, ..) => Some(true),
            // Or: both are false. Implies: true implies false.
            _ => Some(false),
        })
    }

    fn equal(&self, left: &'a Code, right: &'a Code, this: &Items<'a>) -> Result<Option<bool>, Stop> {
        let left = self.evaluate(left, this)?;
        if left.is_empty() {
            return Ok(None);
        }
        let right = self.evaluate(right, this)?;
        if right.is_empty() {
            return Ok(None);
        }
        if left.len() != right.len() {
            return Ok(Some(false));
        }
        let mut all = Some(true);
        for (left, right) in left.iter().zip(&right) {
            match left.equals(right)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => all = None,
            }
        }
        Ok(all)
    }

    fn order(&self, order: Order, left: &'a Code, right: &'a Code, this: &Items<'a>) -> Result<Option<bool>, Stop> {
        let (left, right) = (self.single(left, this)?, self.single(right, this)?);
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(None);
        };
        Ok(left.order(&right)?.map(|found| match order {
            Order::Less => found == Ordering::Less,
            Order::LessOrEqual => found != Ordering::Greater,
            Order::Greater => found == Ordering::Greater,
            Order::GreaterOrEqual => found != Ordering::Less,
        }))
    }

    fn is_in(&self, item: &'a Code, list: &'a Code, this: &Items<'a>) -> Result<Option<bool>, Stop> {
        let Some(item) = self.single(item, this)? else {
            return Ok(None);
        };
        self.list_has(list, &item, this).map(Some)
    }

    fn list_has(&self, list: &'a Code, item: &Item<'a>, this: &Items<'a>) -> Result<bool, Stop> {
        match list {
            Code::Union(left, right) => Ok(self.list_has(left, item, this)? || self.list_has(right, item, this)?),
            _ => self.has(&self.evaluate(list, this)?, item),
        }
    }

    /// Whether a collection has an item.
    pub(super) fn has(&self, items: &Items<'a>, wanted: &Item<'a>) -> Result<bool, Stop> {
        self.spend(items.len())?;
        for item in items {
            if item.equals(wanted)? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A collection without what occurs again.
    pub(super) fn distinct(&self, items: Items<'a>) -> Result<Items<'a>, Stop> {
        let mut kept = Items::new();
        for item in items {
            if !self.has(&kept, &item)? {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    /// The one thing that an expression finds, if any.
    pub(super) fn single(&self, code: &'a Code, this: &Items<'a>) -> Result<Option<Item<'a>>, Stop> {
        let mut found = self.evaluate(code, this)?;
        if found.len() > 1 {
            return Err(Stop::Failed("it finds several things where one is asked for"));
        }
        Ok(found.pop())
    }

    /// The one text that an expression finds, if any.
    pub(super) fn text(&self, code: &'a Code, this: &Items<'a>) -> Result<Option<Cow<'a, str>>, Stop> {
        let Some(found) = self.single(code, this)? else {
            return Ok(None);
        };
        match (found.as_text(), found.has_value()) {
            (Some(text), _) => Ok(Some(text)),
            (None, false) => Ok(None),
            (None, true) => Err(Stop::Unsupported),
        }
    }
}

/// A collection with one thing.
pub(super) fn one(item: Item<'_>) -> Items<'_> {
    smallvec![item]
}

/// A collection read as a condition (FHIRPath, singleton evaluation of collections).
pub(super) fn truth_of(items: &Items<'_>) -> Result<Option<bool>, Stop> {
    match items.as_slice() {
        [] => Ok(None),
        [item] => Ok(match (item.as_boolean(), item) {
            (Some(found), _) => Some(found),
            // A Boolean that is an extension only.
            (None, Item::Node(node)) if node.value.is_none() => None,
            _ => Some(true),
        }),
        _ => Err(Stop::Failed("it finds several things where a condition is asked for")),
    }
}

fn arithmetic<'a>(operator: Arithmetic, left: &Item<'a>, right: &Item<'a>) -> Result<Items<'a>, Stop> {
    let (Some(a), Some(b)) = (left.as_number(), right.as_number()) else {
        return match (operator, left.as_text(), right.as_text()) {
            (Arithmetic::Add, Some(a), Some(b)) => Ok(one(Item::text(format!("{a}{b}")))),
            _ => Err(Stop::Unsupported),
        };
    };
    let found = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
    };
    Ok(found.map(Item::Number).into_iter().collect())
}
