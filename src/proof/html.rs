//! The whole kill matrix as a page that needs nothing else.

use minijinja::value::Serde;
use minijinja::{Environment, context};

use super::Proof;

/// The page. What servers said is escaped, and nothing in it could run or load anything.
#[must_use]
pub fn write(proof: &Proof) -> String {
    let mut environment = Environment::new();
    // The name ends in `.html`, so that every value is escaped.
    let added = environment.add_template("page.html", include_str!("page.html"));
    let page = added.and_then(|()| environment.get_template("page.html"));
    page.and_then(|page| page.render(context! { proof => Serde(proof), sentence => proof.sentence() }))
        .unwrap_or_else(|error| format!("<!doctype html><p>the page cannot be made: {error}</p>"))
}
