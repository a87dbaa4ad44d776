//! The keys of `system.yaml`. What is not in these tables is an error, and the JSON Schema is made of them.

use crate::suite::parse::keys::{BODY_MATCHER, BODY_TABLE, BODY_TEXT, HEADER_TABLE, PARTIAL, RELEASE, STATUS_TABLE, TYPE_INTERACTIONS};
use crate::suite::parse::table::Choice::Any;
use crate::suite::parse::table::Shape::{List, Named, OneOrMany, Pattern, Table as Of, Text, Word};
use crate::suite::parse::table::{Table, key, required};

/// The whole file.
pub const SYSTEM: Table = Table {
    name: "system",
    noun: "a system",
    docs: "One vendor's documented API.",
    choice: Any,
    keys: &[
        required("system", Pattern("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), "Its name, which is that of its folder."),
        required("title", Text, "What it is, in a sentence."),
        required("fhir", RELEASE, "The release that it speaks."),
        required("document", Text, "The document that it is described by."),
        required("base", Text, "What its base URL looks like, with names in braces for what differs: `https://example.org/{tenant}/r4`."),
        key("authorization", OneOrMany(&Word(&["none", "bearer", "basic", "client-credentials", "backend-services"])), "How clients prove who they are; secrets never stand here."),
        key("headers", Named(&Text), "Headers that every request has where a step says nothing else."),
        key("suites", OneOrMany(&Text), "Files beside this one, and names of suites inside the binary (`http.read`); without it every file beside this one."),
        key("types", OneOrMany(&Text), "The types over which cases about any type run; Patient without it."),
        key("writes", Named(&OneOrMany(&Word(TYPE_INTERACTIONS))), "What suites of the specification may write, by type; without it nothing."),
        key("deviations", List(&Of(&DEVIATION)), "Where the document says something else than the specification."),
        key("rules", List(&Of(&RULE)), "What the document promises, for its suites to cite."),
        key("emulation", Named(&Text), "What given variables are at the emulation."),
    ],
};

/// A documented deviation.
pub const DEVIATION: Table = Table {
    name: "deviation",
    noun: "a deviation",
    docs: "A rule of the specification that the document contradicts: judged by the document, and shown in every report.",
    choice: Any,
    keys: &[
        required("requirement", Text, "The rule: an id of the catalogue."),
        required("says", Text, "What the document says instead, in a sentence."),
        required("source", Text, "Where it says so."),
        required("response", Of(&PARTIAL), "What a response is like that does what the document says; any other breaks the rule as always."),
    ],
};

/// A rule of the document.
pub const RULE: Table = Table {
    name: "rule",
    noun: "a rule",
    docs: "One promise of the document.",
    choice: Any,
    keys: &[
        required("id", Pattern("^[a-z0-9-]+(\\.[a-z0-9-]+)+$"), "Its name, dotted; the first word is that of the system."),
        required("level", Word(&["SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT", "MAY"]), "How binding it is."),
        required("says", Text, "The promise, in a sentence."),
        required("source", Text, "Where the document says so."),
    ],
};

/// Every table, for the JSON Schema.
pub const ALL: &[&Table] = &[&SYSTEM, &DEVIATION, &RULE, &PARTIAL, &STATUS_TABLE, &HEADER_TABLE, &BODY_MATCHER, &BODY_TEXT, &BODY_TABLE];
