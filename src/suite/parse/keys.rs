//! The keys of the suite format. What is not in these tables is an error, and the JSON Schema is made of them.

use super::table::Choice::{Any, One, OneOfFirst, Some as AtLeastOne};
use super::table::Shape::{
    Claim, Count, Data, Either, Flag, List, Named, OneOrMany, Pattern, Status, Table as Of, TableAndNamed, Text, TextOrNothing,
    True, Word,
};
use super::table::{Key, Shape, Table, key, required};

/// The releases, by name.
pub const RELEASE: Shape = Word(&["DSTU2", "R4", "R4B", "R5", "R6"]);
const RELEASES: Shape = OneOrMany(&RELEASE);
const FHIRPATH: Shape = Text;
const DURATION: Shape = Pattern("^[0-9]+(ms|s)$");
const STEPS: Shape = List(&Of(&STEP));
const VARIABLES: Shape = Named(&Text);

/// The whole file.
pub const SUITE: Table = Table {
    name: "suite",
    noun: "a suite",
    docs: "One file is one suite, and one suite is one section of the specification.",
    choice: Any,
    keys: &[
        required("suite", Pattern("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"), "The name of the suite, such as `http.update`."),
        required("title", Text, "What it covers, in a sentence."),
        required("fhir", RELEASES, "The releases for which it holds."),
        key("tags", OneOrMany(&Text), "Words to filter by."),
        key("fixtures", Named(&Text), "Names for JSON files with resource bodies; paths are relative to this file."),
        key("given", Named(&Of(&GIVEN)), "Variables that a tester gives with `--var NAME=VALUE`: `${name}` in text, `%name` in FHIRPath."),
        key("variables", VARIABLES, "Text constants: `${name}` in text, `%name` in FHIRPath."),
        required("cases", List(&Of(&CASE)), "The cases, each an independent story."),
    ],
};

/// A given variable.
pub const GIVEN: Table = Table {
    name: "given",
    noun: "a given variable",
    docs: "What a tester gives to a run; a case that needs it is skipped where it is neither given nor found.",
    choice: Any,
    keys: &[
        required("title", Text, "What it is, so that a tester knows what to give: `the id of a Patient that exists`."),
        key("holds", Word(&["text", "resource", "url"]), "What kind of value it is; `text` where this is left out."),
        key("find", Of(&FIND), "How it is found where nobody gives it."),
        key("secret", Flag, "Whether reports show `***` in its place."),
    ],
};

/// How a given variable is found.
pub const FIND: Table = Table {
    name: "find",
    noun: "`find`",
    docs: "A request, and what of its answer is the value.",
    choice: Any,
    keys: &[
        required("get", Text, "The URL after `[base]`, for a GET: `Patient?_count=1`."),
        required("fhirpath", FHIRPATH, "A FHIRPath on the body; its first value is taken."),
    ],
};

/// A case.
pub const CASE: Table = Table {
    name: "case",
    noun: "a case",
    docs: "One independent story.",
    choice: Any,
    keys: &[
        required("id", Pattern("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"), "The name in the suite, in kebab-case; the full name is `suite::id`."),
        required("title", Text, "What happens, in a sentence."),
        key("fhir", RELEASES, "Narrows the releases of the suite."),
        key("tags", OneOrMany(&Text), "Words to filter by."),
        key("needs", TableAndNamed(&NEEDS, &Of(&RESOURCE_NEEDS)), "What the CapabilityStatement has to claim; otherwise the case is inapplicable."),
        key("types", Either(&[Word(&["asked", "claimed"]), List(&Text)]), "Resource types to expand the case over; `asked` for those of --types (Patient without it), `claimed` for all that the server claims."),
        key("variables", VARIABLES, "Text constants of this case."),
        key("setup", STEPS, "Steps that arrange. Each has to succeed and to yield its captures; otherwise the case is an error."),
        required("steps", STEPS, "Steps that are judged."),
        key("cleanup", STEPS, "Steps that tidy up beyond what is deleted anyway; they judge nothing."),
        key("keep", Flag, "Whether what the case creates stays on the server."),
    ],
};

const CODES: Shape = Claim(&OneOrMany(&Text));

/// `needs`, but for the resource types in it.
pub const NEEDS: Table = Table {
    name: "needs",
    noun: "`needs`",
    docs: "What a case asks of CapabilityStatement.rest: resource types, `*` or `${type}`, and these.",
    choice: Any,
    keys: &[
        key("interaction", Claim(&OneOrMany(&Word(SYSTEM_INTERACTIONS))), "`rest.interaction`: all of them."),
        key("format", CODES, "`CapabilityStatement.format`: all of them, as code or media type."),
        key("patchFormat", CODES, "`CapabilityStatement.patchFormat`: all of them."),
    ],
};

/// Codes of `rest.interaction`.
pub const SYSTEM_INTERACTIONS: &[&str] = &["transaction", "batch", "search-system", "history-system"];
/// Codes of `rest.resource.interaction`.
pub const TYPE_INTERACTIONS: &[&str] = &[
    "read", "vread", "update", "patch", "delete", "delete-history", "delete-history-version", "history-instance", "history-type", "create", "search-type",
];
/// Codes of `rest.resource.versioning`.
pub const VERSIONING: &[&str] = &["no-version", "versioned", "versioned-update"];
/// Codes of `rest.resource.conditionalRead`.
pub const CONDITIONAL_READ: &[&str] = &["not-supported", "modified-since", "not-match", "full-support"];
/// Codes of `rest.resource.conditionalDelete`.
pub const CONDITIONAL_DELETE: &[&str] = &["not-supported", "single", "multiple"];

/// What is asked of a resource type.
pub const RESOURCE_NEEDS: Table = Table {
    name: "resource-needs",
    noun: "a resource type in `needs`",
    docs: "What a case asks of CapabilityStatement.rest.resource, in its own names.",
    choice: Any,
    keys: &[
        key("interaction", Claim(&OneOrMany(&Word(TYPE_INTERACTIONS))), "All of these interactions."),
        key("searchParam", CODES, "All of these search parameters, by name."),
        key("versioning", Claim(&OneOrMany(&Word(VERSIONING))), "One of these."),
        key("readHistory", Flag, "Absent counts as false."),
        key("updateCreate", Flag, "Absent counts as false."),
        key("conditionalCreate", Flag, "Absent counts as false."),
        key("conditionalRead", Claim(&OneOrMany(&Word(CONDITIONAL_READ))), "One of these; absent counts as not-supported."),
        key("conditionalUpdate", Flag, "Absent counts as false."),
        key("conditionalDelete", Claim(&OneOrMany(&Word(CONDITIONAL_DELETE))), "One of these; absent counts as not-supported."),
        key("conditionalPatch", Flag, "Absent counts as false."),
    ],
};

/// How many keys of [`STEP`] say what is done.
pub const ACTIONS: usize = 14;

/// A step. Its first keys say what is done.
pub const STEP: Table = Table {
    name: "step",
    noun: "a step",
    docs: "One interaction, or one `assert`. The first key says what is done.",
    choice: OneOfFirst(ACTIONS),
    keys: &[
        key("read", Text, "GET an instance: `read: Patient/${id}`."),
        key("vread", Text, "GET a version: `vread: Patient/${id}/_history/${v1}`."),
        key("history", Text, "GET a history, of an instance, a type or the system: `history: Patient/${id}/_history`."),
        key("capabilities", Text, "GET the CapabilityStatement: `capabilities: metadata`."),
        key("search", Text, "GET a search, or POST to `_search` where the step has a `form`: `search: Patient?name=x`."),
        key("create", Text, "POST a resource: `create: Patient`."),
        key("update", Text, "PUT a resource: `update: Patient/${id}`."),
        key("patch", Text, "PATCH a resource: `patch: Patient/${id}`."),
        key("delete", Text, "DELETE a resource: `delete: Patient/${id}`."),
        key("batch", Text, "POST a Bundle to the base: `batch: ''`."),
        key("transaction", Text, "POST a Bundle to the base: `transaction: ''`."),
        key("operation", Text, "POST with a `body`, else GET: `operation: Patient/$x`."),
        key("request", Pattern("^[A-Z][A-Z0-9_-]*( .*)?$"), "A raw request: `request: OPTIONS Patient/${id}`. The URL is sent as it is written."),
        key("assert", List(&Of(&ASSERTION)), "No exchange: expectations over variables."),
        key("note", Text, "Why this step is here; shown in reports."),
        key("headers", Named(&TextOrNothing), "More request headers; `~` takes a default one away."),
        key("body", BODY, "What is sent."),
        key("form", Named(&OneOrMany(&Text)), "Sent as application/x-www-form-urlencoded, by POST to `_search`."),
        key("capture", Named(&OneOrMany(&Of(&CAPTURE))), "Variables to take from the response, before `expect` is judged."),
        key("expect", List(&Of(&EXPECTATION)), "What has to hold, under the requirements that ask for it."),
        key("assume", Of(&ASSUME), "Where it does not hold, the rest of the case is inapplicable. For what no server can declare."),
        key("if", FHIRPATH, "FHIRPath over variables; where it is not true the step is left out."),
        key("regardless", Flag, "Judged even though an earlier write went wrong."),
        key("wait", DURATION, "A pause before the step, at most `10s`. For time stamps, never for an index."),
        key("repeat", Count(1, 1000), "Perform the step so many times; `${n}` and `%n` count from 1."),
        key("for-each", Named(&FHIRPATH), "Perform the step for each value of a FHIRPath: `{ id: '%ids' }`."),
        key("follow", Of(&FOLLOW), "Perform the step, then GET that Bundle link again and again."),
        key("eventually", DURATION, "Repeat a read or search until `expect` and `assume` hold, for at most so long."),
        key("keep", Flag, "Whether what this step creates stays on the server."),
        key("tag", Flag, "`false`: the body does not get the run's tag."),
    ],
};

/// `follow`.
pub const FOLLOW: Table = Table {
    name: "follow",
    noun: "`follow`",
    docs: "A Bundle link to follow.",
    choice: Any,
    keys: &[
        required("link", Text, "The relation of the link, `next` mostly."),
        required("at-most", Count(1, 1000), "How many pages at most, with the first."),
    ],
};

const BODY: Shape = Either(&[Text, Of(&BODY_TABLE)]);

/// A body that is not just the name of a fixture.
pub const BODY_TABLE: Table = Table {
    name: "body",
    noun: "a body",
    docs: "A fixture or captured resource with changes, or a body written in place.",
    choice: OneOfFirst(4),
    keys: &[
        key("fixture", Text, "The name of a fixture; in an expanded case also `smallest`, `sample` or `changed`."),
        key("captured", Text, "A variable that holds a resource."),
        key("json", Data, "Written here as YAML data."),
        key("text", Text, "Sent byte for byte."),
        key("set", Named(&Data), "Element names or JSON Pointers, and what to put there."),
        key("remove", OneOrMany(&Text), "Element names or JSON Pointers to take away."),
    ],
};

/// Where a variable is taken from.
pub const CAPTURE: Table = Table {
    name: "capture",
    noun: "a capture",
    docs: "Where a variable is taken from.",
    choice: One,
    keys: &[
        key("location", Word(&["type", "id", "version", "url"]), "A part of the Location header."),
        key("etag", Word(&["version"]), "The opaque tag inside the ETag header."),
        key("header", Text, "The text of a header."),
        key("fhirpath", FHIRPATH, "A FHIRPath on the body; may yield several values."),
        key("body", Word(&["resource"]), "The whole body, as JSON."),
        key("link", Text, "The URL of a Bundle link with this relation."),
        key("status", Word(&["code"]), "The status, as a number."),
    ],
};

const REQUIREMENT: Key = key("requirement", OneOrMany(&Text), "An id of the catalogue, or a list: the same answer is asked for by each.");
const STATUS_KEY: Key = key("status", STATUS, "The status.");
const HEADERS: Key = key("headers", Named(&HEADER), "Header names and what they have to be.");
const BODY_KEY: Key = key("body", Of(&BODY_MATCHER), "What the body has to be.");
const CONDITION: Key = key("if", FHIRPATH, "FHIRPath over variables and the response; judged only where it is true.");
const AT_MOST: Key = key("at-most", Word(&["warning", "note"]), "How bad it is at most where broken, whatever the level; with `because`.");
const BECAUSE: Key = key("because", Text, "The judgement, in a sentence; shown with a finding.");
const FHIR: Key = key("fhir", RELEASES, "The releases in which this holds, where they differ inside a case.");

/// An expectation of a step.
pub const EXPECTATION: Table = Table {
    name: "expectation",
    noun: "an expectation",
    docs: "A partial response, and the requirement that asks for it.",
    choice: Any,
    keys: &[
        REQUIREMENT,
        STATUS_KEY,
        HEADERS,
        BODY_KEY,
        key("any-of", List(&Of(&PARTIAL)), "Alternatives: at least one has to hold whole."),
        CONDITION,
        AT_MOST,
        BECAUSE,
        FHIR,
    ],
};

/// An expectation of an `assert`.
pub const ASSERTION: Table = Table {
    name: "assertion",
    noun: "an assertion",
    docs: "FHIRPaths over variables, and the requirement that asks for them.",
    choice: Any,
    keys: &[
        REQUIREMENT,
        required("fhirpath", OneOrMany(&FHIRPATH), "FHIRPaths over variables; each has to be true."),
        CONDITION,
        AT_MOST,
        BECAUSE,
        FHIR,
    ],
};

/// `assume`.
pub const ASSUME: Table = Table {
    name: "assume",
    noun: "`assume`",
    docs: "A partial response without which the rest of the case makes no sense.",
    choice: Any,
    keys: &[
        STATUS_KEY,
        HEADERS,
        BODY_KEY,
        required("because", Text, "Why the case is inapplicable where it does not hold."),
    ],
};

/// One of `any-of`.
pub const PARTIAL: Table = Table {
    name: "partial-response",
    noun: "an alternative",
    docs: "A partial response.",
    choice: AtLeastOne,
    keys: &[STATUS_KEY, HEADERS, BODY_KEY],
};

const STATUS_WORDS: Shape = OneOrMany(&Status);
const STATUS: Shape = Either(&[STATUS_WORDS, Of(&STATUS_TABLE)]);

/// A status that is not just a list.
pub const STATUS_TABLE: Table = Table {
    name: "status",
    noun: "a status",
    docs: "`{ not: ... }`, or `{ pass, note, warn, because }`.",
    choice: AtLeastOne,
    keys: &[
        key("not", STATUS_WORDS, "None of these."),
        key("pass", STATUS_WORDS, "What the requirement asks for."),
        key("note", STATUS_WORDS, "Passes, and is reported."),
        key("warn", STATUS_WORDS, "A warning."),
        key("because", Text, "The judgement, in a sentence."),
    ],
};

const HEADER: Shape = Either(&[OneOrMany(&Text), Of(&HEADER_TABLE)]);

/// A header that is not just a text or a list.
pub const HEADER_TABLE: Table = Table {
    name: "header",
    noun: "a header matcher",
    docs: "What a header has to be.",
    choice: One,
    keys: &[
        key("present", Flag, "The header is there, or not."),
        key("is", Text, "Equal."),
        key("not", OneOrMany(&Text), "Not equal."),
        key("one-of", List(&Text), "Equal to one of these."),
        key("matches", Text, "The regular expression is found in the text; anchor it with ^ and $."),
        key("includes", OneOrMany(&Text), "A comma-separated list has these tokens, without case."),
        key("media-type", OneOrMany(&Text), "Equal without parameters, or one of a list."),
        key("version", Text, "An ETag with this opaque tag."),
        key("reference", Text, "A URL, absolute or relative, that names this instance."),
        key("http-date", True, "An HTTP-date."),
        key("not-before", Text, "A date that is not before this one, to the second."),
        key("not-after", Text, "A date that is not after this one, to the second."),
    ],
};

/// What a body has to be.
pub const BODY_MATCHER: Table = Table {
    name: "body-matcher",
    noun: "a body matcher",
    docs: "What a body has to be; all of it has to hold.",
    choice: AtLeastOne,
    keys: &[
        key("empty", Flag, "There is no body, or one."),
        key("like", BODY, "The body holds at least all of this."),
        key("same-as", BODY, "Equal, but for `id`, `meta` and the narrative of the top level."),
        key("schema", Text, "Valid against the FHIR schema of that resource type."),
        key("fhirpath", OneOrMany(&FHIRPATH), "Each is true."),
        key("text", Of(&BODY_TEXT), "The body as text."),
    ],
};

/// What a body has to be, as text.
pub const BODY_TEXT: Table = Table {
    name: "body-text",
    noun: "a text matcher",
    docs: "What the body has to be as text.",
    choice: AtLeastOne,
    keys: &[
        key("is", Text, "Equal."),
        key("not", Text, "Not equal."),
        key("matches", Text, "The regular expression is found in it."),
    ],
};

/// Every table, for the JSON Schema and for hints about misplaced keys.
pub const ALL: &[&Table] = &[
    &SUITE, &GIVEN, &FIND, &CASE, &NEEDS, &RESOURCE_NEEDS, &STEP, &EXPECTATION, &FOLLOW, &BODY_TABLE, &CAPTURE, &ASSERTION, &ASSUME,
    &PARTIAL, &STATUS_TABLE, &HEADER_TABLE, &BODY_MATCHER, &BODY_TEXT,
];
