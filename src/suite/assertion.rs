//! Expectations: what has to hold of a response, and which requirement asks for it.

use std::sync::OnceLock;

use super::model::Body;
use super::template::Template;
use crate::fhir::FhirVersion;
use crate::fhir::fhirpath::{Expression, FhirPathError};
use crate::requirement::RequirementId;
use crate::source::{Span, Spanned};

/// A partial response under the requirements that ask for it.
#[derive(Debug)]
pub struct Expectation {
    /// The requirements; never empty.
    pub requirements: Vec<Spanned<RequirementId>>,
    /// What has to hold.
    pub response: PartialResponse,
    /// Alternatives of which at least one has to hold whole; empty where there are none.
    pub any_of: Box<[PartialResponse]>,
    /// FHIRPaths over variables (in `assert` only).
    pub fhirpath: Box<[FhirPath]>,
    /// Judged only where this is true.
    pub condition: Option<Box<FhirPath>>,
    /// How bad it is at most where broken.
    pub at_most: Option<AtMost>,
    /// The judgement behind it, in a sentence.
    pub because: Option<Box<str>>,
    /// The releases in which it holds; `None`: all of the case's.
    pub fhir: Option<Box<[FhirVersion]>>,
    /// Where it was written.
    pub span: Span,
}

/// A ceiling for how bad a broken expectation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AtMost {
    Note,
    Warning,
}

/// The parts of a response that are spoken of.
#[derive(Debug, Default)]
pub struct PartialResponse {
    /// The status.
    pub status: Option<Spanned<StatusMatcher>>,
    /// Headers, by name.
    pub headers: Vec<(Spanned<String>, Spanned<HeaderMatcher>)>,
    /// The body: all of these.
    pub body: Vec<Spanned<BodyMatcher>>,
}

impl PartialResponse {
    /// Whether nothing is said at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status.is_none() && self.headers.is_empty() && self.body.is_empty()
    }

    /// Its assertions one by one, in the order in which they are judged.
    pub fn assertions(&self) -> impl Iterator<Item = Assertion<'_>> {
        let status = self.status.iter().map(Assertion::Status);
        let headers = self
            .headers
            .iter()
            .map(|(name, matcher)| Assertion::Header(name, matcher));
        status.chain(headers).chain(self.body.iter().map(Assertion::Body))
    }
}

/// One line of an expectation.
#[derive(Clone, Copy, Debug)]
pub enum Assertion<'a> {
    /// On the status.
    Status(&'a Spanned<StatusMatcher>),
    /// On a header.
    Header(&'a Spanned<String>, &'a Spanned<HeaderMatcher>),
    /// On the body.
    Body(&'a Spanned<BodyMatcher>),
}

/// One status or a whole class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    /// `404`
    Code(u16),
    /// `4xx`: the hundreds digit.
    Class(u16),
}

impl StatusPattern {
    /// Whether a status is the code, or in the class.
    #[must_use]
    pub const fn matches(self, status: u16) -> bool {
        match self {
            Self::Code(code) => code == status,
            Self::Class(class) => class == status / 100,
        }
    }
}

/// What a status has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusMatcher {
    /// None of these.
    Not(Box<[StatusPattern]>),
    /// `pass` holds; `note` holds and is reported; `warn` is a Warning; all else is broken.
    Judged {
        /// What the requirement asks for; never empty.
        pass: Box<[StatusPattern]>,
        /// What is tolerated.
        note: Box<[StatusPattern]>,
        /// What is tolerated with a warning.
        warn: Box<[StatusPattern]>,
        /// The judgement, in a sentence.
        because: Option<Box<str>>,
    },
}

/// What a header has to be.
#[derive(Clone, Debug)]
pub enum HeaderMatcher {
    /// Present, or absent.
    Present(bool),
    /// Equal to one of these.
    OneOf(Vec<Template>),
    /// Equal to none of these.
    Not(Vec<Template>),
    /// A regular expression is found in the text.
    Matches(Box<Regex>),
    /// A comma-separated list has all of these tokens, without case.
    Includes(Vec<Template>),
    /// The media type without parameters is one of these.
    MediaType(Vec<String>),
    /// An ETag with this opaque tag.
    Version(Template),
    /// A URL that names this instance, however it is written.
    Reference(Template),
    /// An HTTP-date.
    HttpDate,
    /// A date that is not before, or not after, another one.
    Date(DateBound, Template),
}

/// On which side of a date another one lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DateBound {
    NotBefore,
    NotAfter,
}

/// What a body has to be.
#[derive(Debug)]
pub enum BodyMatcher {
    /// Empty, or not.
    Empty(bool),
    /// Holds at least this.
    Like(Box<Body>),
    /// Is this, but for `id`, `meta` and narrative.
    SameAs(Box<Body>),
    /// Is valid for this resource type (`${type}` is allowed).
    Schema(Template),
    /// Makes this true.
    FhirPath(FhirPath),
    /// As text, is equal to.
    TextIs(Template),
    /// As text, is not equal to.
    TextNot(Template),
    /// As text, holds this pattern.
    TextMatches(Box<Regex>),
}

/// A FHIRPath and where it was written. It is compiled at its first use, and only once.
#[derive(Clone, Debug)]
pub struct FhirPath {
    /// The expression.
    pub text: Spanned<String>,
    // Behind a pointer: most are compiled long after they were read, and few at a time.
    compiled: OnceLock<Box<Result<Expression, FhirPathError>>>,
}

impl FhirPath {
    /// The FHIRPath of a text, whether it compiles or not.
    #[must_use]
    pub const fn new(text: Spanned<String>) -> Self {
        Self {
            text,
            compiled: OnceLock::new(),
        }
    }

    /// The compiled expression.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn expression(&self) -> Result<&Expression, &FhirPathError> {
        let compiled = self.compiled.get_or_init(|| Box::new(Expression::compile(&self.text)));
        Result::as_ref(compiled)
    }
}

/// A regular expression; variables are filled in, escaped, before it is compiled.
#[derive(Clone, Debug)]
pub struct Regex {
    /// The pattern.
    pub pattern: Template,
    /// The compiled pattern, where it has no variables.
    pub compiled: Option<regex::Regex>,
}
