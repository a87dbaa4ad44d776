//! What is asked: suites, cases, steps and expectations, read from YAML (`docs/suite-format.md`).

pub mod assertion;
mod binary;
pub mod carried;
pub mod coverage;
pub mod fixture;
pub mod given;
pub mod id;
pub mod json_text;
pub mod lint;
pub mod load;
pub mod model;
pub mod parse;
pub mod placeholder;
pub mod schema;
pub mod template;
pub mod variables;

pub use assertion::{Assertion, BodyMatcher, DateBound, Expectation, HeaderMatcher, PartialResponse, StatusMatcher};
pub use carried::{Carried, carried};
pub use coverage::Coverage;
pub use given::{Given, GivenVariable};
pub use id::{CaseId, SuiteId};
pub use json_text::JsonText;
pub use load::{Loaded, Suites};
pub use model::{
    Action, Assume, Body, BodySource, Capture, CaptureSource, Case, Claim, Fixture, HeaderLine, LocationPart, Needs,
    Repetition, ResourceNeeds, Step, Suite, Types,
};
pub use template::Template;
pub use variables::Variables;
