//! Other behaviours for the server, from outside: what right code does is rewritten before or after it is done.
//!
//! Mutants break one rule each, variants none; both are lists of [`Rewrite`]s. They hook in at one place of `router`, so
//! that the code of the server stays that of a right one. What cannot be had from outside is a [`Switch`], which one
//! place in the server asks for.

mod answer;
mod asked;
mod meant;
mod switch;

pub(super) use answer::Answer;
pub(super) use asked::Asked;
pub(super) use meant::{found, meant};
pub(super) use switch::{Switch, Switches};

use serde_json::Value;

use super::Shared;

/// One change of what the server does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rewrite {
    /// Changes the request before the server sees it.
    Before(fn(&Shared, &mut Asked)),
    /// Answers in the server's place, so that nothing is done; `None` lets the server do its work.
    Instead(fn(&Shared, &Asked) -> Option<Answer>),
    /// Changes the answer to a request, after the server has done its work. The request is as it was sent.
    After(fn(&Shared, &Asked, &mut Answer)),
    /// Is looked at by the server itself.
    Switch(Switch),
}

/// Takes an element away from what is an object.
pub(super) fn remove(value: &mut Value, element: &str) {
    if let Some(members) = value.as_object_mut() {
        members.remove(element);
    }
}

/// The rewrites of one server. Empty in a right one, which then pays nothing for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Rewrites(Vec<Rewrite>);

impl Rewrites {
    /// These rewrites in their order, and the switches among them.
    pub fn of(all: impl Iterator<Item = Rewrite>) -> (Self, Switches) {
        let mut switches = Switches::default();
        let mut others = Vec::new();
        for rewrite in all {
            match rewrite {
                Rewrite::Switch(switch) => switches.turn_on(switch),
                other => others.push(other),
            }
        }
        (Self(others), switches)
    }

    /// Whether requests and answers pass untouched.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes a request, and finds out whether the server is to see it at all.
    pub fn before(&self, shared: &Shared, asked: &mut Asked) -> Option<Answer> {
        for rewrite in &self.0 {
            match rewrite {
                Rewrite::Before(change) => change(shared, asked),
                Rewrite::Instead(answer) => {
                    if let Some(answer) = answer(shared, asked) {
                        return Some(answer);
                    }
                }
                Rewrite::After(_) | Rewrite::Switch(_) => {}
            }
        }
        None
    }

    /// Changes an answer: the first rewrite has the last word, as it had the first.
    pub fn after(&self, shared: &Shared, asked: &Asked, answer: &mut Answer) {
        for rewrite in self.0.iter().rev() {
            if let Rewrite::After(change) = rewrite {
                change(shared, asked, answer);
            }
        }
    }
}
