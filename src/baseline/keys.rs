//! The keys of a baseline, by which it is read and its JSON Schema is made.

use crate::suite::parse::table::Shape::{List, OneOrMany, Pattern, Table as Of, Text, True};
use crate::suite::parse::table::{Choice, Table, key, required};

/// The file.
pub const BASELINE: Table = Table {
    name: "baseline",
    noun: "a baseline",
    docs: "Failures that are known, so that a gate falls only on new ones.",
    choice: Choice::Any,
    keys: &[required("known", List(&Of(&ENTRY)), "The known failures.")],
};

/// A case or a requirement, by name.
pub const REQUIREMENTS: crate::suite::parse::table::Shape = OneOrMany(&Pattern("^[a-z0-9.-]+$"));

/// One known failure.
pub const ENTRY: Table = Table {
    name: "known-failure",
    noun: "a known failure",
    docs: "A case, a requirement, or requirements in a case, that are known to fail.",
    choice: Choice::Any,
    keys: &[
        key(
            "case",
            Pattern("^[^*?]+::[^*?]+$"),
            "The case, by its whole name: `http.update::life-of-a-patient`.",
        ),
        key(
            "requirement",
            REQUIREMENTS,
            "The broken requirement or requirements; with `case` only in that case, without it in any. Without it all that is wrong in the case is known.",
        ),
        key("unjudged", True, "It is known that the case cannot be judged."),
        required("reason", Text, "Why it is known, for people."),
        key(
            "issue",
            Text,
            "Where it is being worked on, such as the address of an issue.",
        ),
        key(
            "expires",
            Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
            "The last day on which it is known: `2026-12-31`.",
        ),
    ],
};
