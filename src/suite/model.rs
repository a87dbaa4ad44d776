//! Suites, cases and steps, as they were written.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::assertion::{Expectation, FhirPath, PartialResponse};
use super::given::GivenVariable;
use super::id::SuiteId;
use super::json_text::JsonText;
use super::template::Template;
use crate::fhir::{FhirVersion, Interaction};
use crate::source::{SourceFile, Span, Spanned};

/// One file of cases.
#[derive(Debug)]
pub struct Suite {
    /// Its name.
    pub id: Spanned<SuiteId>,
    /// What it covers, in a sentence.
    pub title: String,
    /// The releases for which it holds; never empty.
    pub fhir: Arc<[FhirVersion]>,
    /// Words to filter by.
    pub tags: Arc<[String]>,
    /// Resource bodies by the name that steps use.
    pub fixtures: IndexMap<String, Fixture>,
    /// What a tester can give, by name.
    pub given: Arc<IndexMap<String, Arc<GivenVariable>>>,
    /// Text constants.
    pub variables: Arc<IndexMap<String, Spanned<Template>>>,
    /// The cases, in order.
    pub cases: Vec<Arc<Case>>,
    /// The file, for places in reports.
    pub source: Arc<SourceFile>,
}

/// A resource body that is kept in a file.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The path as it was written, relative to the suite's file.
    pub path: Spanned<String>,
    /// Its JSON; strings may hold `${variables}`.
    pub body: Arc<Value>,
}

/// One independent story.
#[derive(Debug)]
pub struct Case {
    /// Its name in the suite; the full name is a [`CaseId`](super::CaseId).
    pub id: Spanned<String>,
    /// What happens, in a sentence.
    pub title: Arc<str>,
    /// The releases for which it holds: the suite's, narrowed by the case.
    pub fhir: Arc<[FhirVersion]>,
    /// The suite's words and its own.
    pub tags: Arc<[String]>,
    /// What the CapabilityStatement has to claim.
    pub needs: Needs,
    /// The resource types over which the case is expanded.
    pub types: Types,
    /// What a tester can give to its suite, by name.
    pub given: Arc<IndexMap<String, Arc<GivenVariable>>>,
    /// The suite's text constants, overridden by the case's.
    pub variables: Arc<IndexMap<String, Spanned<Template>>>,
    /// Steps that arrange; their failure is an Error.
    pub setup: Vec<Step>,
    /// Steps that are judged.
    pub steps: Vec<Step>,
    /// Steps that tidy up and judge nothing.
    pub cleanup: Vec<Step>,
    /// Whether what the case creates stays on the server.
    pub keep: bool,
    /// The fixtures of its suite, by name.
    pub fixtures: Arc<IndexMap<String, Fixture>>,
    /// The file of its suite.
    pub source: Arc<SourceFile>,
}

impl Case {
    /// Every expectation of the judged steps, in order.
    pub fn expectations(&self) -> impl Iterator<Item = &Expectation> {
        self.steps.iter().flat_map(|step| &step.expect)
    }
}

/// The resource types over which a case is expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Types {
    /// The case is not expanded.
    #[default]
    One,
    /// These, by name.
    Listed(Vec<Spanned<String>>),
    /// Every type that the CapabilityStatement claims and for which `needs` holds.
    Claimed,
    /// Those that the user asks for; Patient where nobody does.
    Asked,
}

/// What a case asks of `CapabilityStatement.rest`; everything has to be met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// By resource type, `*` or a text with `${type}`.
    pub resources: Vec<(Spanned<String>, ResourceNeeds)>,
    /// `rest.interaction`: all of them.
    pub interaction: Option<Box<Claim<Interaction>>>,
    /// `CapabilityStatement.format`: all of them, as a code (`json`) or as a media type.
    pub format: Option<Box<Claim<String>>>,
    /// `CapabilityStatement.patchFormat`: all of them.
    pub patch_format: Option<Box<Claim<String>>>,
}

/// What a case asks of one `CapabilityStatement.rest.resource`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceNeeds {
    /// All of them.
    pub interaction: Option<Box<Claim<Interaction>>>,
    /// Search parameters by name: all of them.
    pub search_param: Option<Box<Claim<String>>>,
    /// One of them.
    pub versioning: Option<Box<Claim<String>>>,
    /// Absent counts as `false`.
    pub read_history: Option<bool>,
    /// Absent counts as `false`.
    pub update_create: Option<bool>,
    /// Absent counts as `false`.
    pub conditional_create: Option<bool>,
    /// Absent counts as `false`.
    pub conditional_update: Option<bool>,
    /// Absent counts as `false`.
    pub conditional_patch: Option<bool>,
    /// One of them; absent counts as `not-supported`.
    pub conditional_read: Option<Box<Claim<String>>>,
    /// One of them; absent counts as `not-supported`.
    pub conditional_delete: Option<Box<Claim<String>>>,
}

/// Codes that have to be claimed, or must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<T> {
    /// Claimed: all of a list of capabilities, one of a list of alternatives.
    Is(Vec<T>),
    /// None of these may be claimed.
    Not(Vec<T>),
}

/// The fields of a form: names, each with its values.
pub type FormFields = Box<[(String, Vec<Template>)]>;

/// One interaction, or one `assert`.
#[derive(Debug)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Where the step's first key stands.
    pub span: Span,
    /// Why it is done; shown in reports.
    pub note: Option<Box<str>>,
    /// Headers beyond the default ones.
    pub headers: Box<[HeaderLine]>,
    /// The body.
    pub body: Option<Box<Body>>,
    /// The form of a search by POST: names and their values.
    pub form: Option<FormFields>,
    /// Variables to take from the response.
    pub capture: Box<[Capture]>,
    /// What has to hold.
    pub expect: Box<[Expectation]>,
    /// What has to hold for the rest of the case to be judged at all.
    pub assume: Option<Box<Assume>>,
    /// Where it is not true the step is left out.
    pub condition: Option<Box<FhirPath>>,
    /// Judged even though an earlier write went wrong.
    pub regardless: bool,
    /// A pause before the step.
    pub wait: Option<Duration>,
    /// How the step is performed more than once.
    pub repetition: Option<Box<Repetition>>,
    /// For how long a read is repeated until `expect` and `assume` hold.
    pub eventually: Option<Duration>,
    /// Whether what the step creates stays on the server.
    pub keep: bool,
    /// Whether the body gets the run's tag.
    pub tag: bool,
}

impl Step {
    /// The HTTP method of its requests; `None` where it makes none.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        Some(match &self.action {
            Action::Assert => return None,
            Action::Request { method, .. } => method,
            Action::Interaction { interaction, .. } => match interaction {
                Interaction::Create | Interaction::Transaction | Interaction::Batch => "POST",
                Interaction::Update => "PUT",
                Interaction::Patch => "PATCH",
                Interaction::Delete | Interaction::DeleteHistory | Interaction::DeleteHistoryVersion => "DELETE",
                Interaction::SearchType | Interaction::SearchSystem if self.form.is_some() => "POST",
                Interaction::Operation if self.body.is_some() || self.form.is_some() => "POST",
                _ => "GET",
            },
        })
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// An interaction on a URL relative to `[base]`; `search` with a `form` is a POST.
    Interaction {
        /// Which one; `history` is told apart by its URL.
        interaction: Interaction,
        /// The URL after `[base]`, before its query is encoded.
        url: Spanned<Template>,
    },
    /// A request as it is written.
    Request {
        /// GET, POST, ... or any other word.
        method: String,
        /// Relative to `[base]`, or absolute within the server's origin.
        url: Spanned<Template>,
    },
    /// No exchange: judges variables.
    Assert,
}

/// One request header.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderLine {
    /// Its name, as written.
    pub name: Spanned<String>,
    /// Its value; `None` takes a default header away.
    pub value: Option<Spanned<Template>>,
}

/// A body, as it is written in a step or in a `like`.
#[derive(Clone, Debug)]
pub struct Body {
    /// Where it comes from.
    pub source: BodySource,
    /// Element names or JSON Pointers, and the values to put there (with `${variables}` in strings).
    pub set: Vec<(Spanned<String>, Value)>,
    /// Element names or JSON Pointers to take away.
    pub remove: Vec<Spanned<String>>,
    /// Where the body was written.
    pub span: Span,
}

/// Where a body comes from.
#[derive(Clone, Debug)]
pub enum BodySource {
    /// A fixture by its name; `smallest` is the smallest valid resource of the expanded type.
    Fixture(Spanned<String>),
    /// A variable that holds a resource.
    Captured(Spanned<String>),
    /// Written in place; strings may hold `${variables}`.
    Json(JsonText),
    /// Sent byte for byte, after `${variables}`.
    Text(Spanned<Template>),
}

/// A variable and where it is taken from.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The variable's name.
    pub name: Spanned<String>,
    /// The first that yields something wins; never empty.
    pub sources: Vec<CaptureSource>,
}

/// What a variable is taken from.
#[derive(Clone, Debug)]
pub enum CaptureSource {
    /// A part of the Location header.
    Location(LocationPart),
    /// The opaque tag inside the ETag header.
    EtagVersion,
    /// The text of a header.
    Header(String),
    /// A FHIRPath on the body.
    FhirPath(FhirPath),
    /// The whole body.
    Resource,
    /// The URL of a Bundle link with this relation.
    Link(String),
    /// The status code, as a number.
    Status,
}

/// A part of a Location header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LocationPart {
    Type,
    Id,
    Version,
    Url,
}

/// What has to hold for the rest of a case to make sense; for what a server cannot declare.
#[derive(Debug)]
pub struct Assume {
    /// What has to hold.
    pub response: PartialResponse,
    /// Why the case is Inapplicable where it does not.
    pub because: String,
}

/// How a step is performed more than once.
#[derive(Clone, Debug)]
pub enum Repetition {
    /// So many times.
    Times(u32),
    /// Once for each value of an expression, which the variable holds.
    ForEach {
        /// The variable.
        variable: Spanned<String>,
        /// What it runs over.
        values: Box<FhirPath>,
    },
    /// Once, and then along a Bundle link.
    Follow {
        /// The link's relation, `next` mostly.
        link: String,
        /// How many pages at most, with the first.
        at_most: u32,
    },
}
