//! From text to suite: YAML with places, then the model, with every problem of a file reported at once.

mod body;
mod capture;
mod case;
mod expectation;
mod fixture;
mod given;
mod input;
// One line for each key reads as the table that it is.
#[rustfmt::skip]
pub mod keys;
mod matcher;
mod needs;
mod reader;
mod scalar;
mod step;
mod suggest;
mod syntax;
pub mod table;
mod values;
pub mod yaml;

use std::sync::Arc;

use crate::requirement::Catalogue;
use crate::source::{Diagnostic, Diagnostics, SourceFile};
use crate::suite::model::Suite;

pub use case::releases;
pub use expectation::{check_requirement, partial_response};
pub use fixture::{FixtureFault, FixtureSource, parse_json};
pub use reader::{Fields, Reader};
pub use suggest::nearest;
pub use values::gather;

/// What came out of a file.
#[derive(Debug)]
pub struct Parsed {
    /// The suite; `None` where an error was found.
    pub suite: Option<Suite>,
    /// Everything that is wrong, in the order of the file.
    pub problems: Diagnostics,
}

/// Reads a suite that cites rules of `catalogue`. Pure: fixtures come from `fixtures`.
///
/// Whatever stands in the file, this neither panics nor takes long. What is wrong beyond the form of single values,
/// unknown variables for example, is for [`lint`](super::lint) to say.
#[must_use]
pub fn parse(file: &Arc<SourceFile>, fixtures: &dyn FixtureSource, catalogue: &'static Catalogue) -> Parsed {
    let mut reader = Reader::new(file, catalogue);
    let suite = if file.text().len() > yaml::MAX_BYTES {
        reader.problems.push(too_large(file));
        None
    } else {
        yaml::read(file, &mut reader.problems).and_then(|root| case::suite(&mut reader, &root, fixtures))
    };
    let mut problems = reader.problems;
    problems.sort();
    Parsed {
        suite: suite.filter(|_| problems.errors() == 0),
        problems,
    }
}

/// Takes the bytes of a file for text.
///
/// # Errors
/// Where they are too many, no UTF-8, or begin with a byte order mark; the file in the diagnostic then holds what could be read.
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
    if bytes.len() > yaml::MAX_BYTES {
        return Err(Box::new(too_large(&Arc::new(SourceFile::new(name, "")))));
    }
    match String::from_utf8(bytes) {
        Ok(text) => match text.strip_prefix('\u{feff}') {
            None => Ok(Arc::new(SourceFile::new(name, text))),
            Some(_) => {
                let file = Arc::new(SourceFile::new(name, ""));
                let message = "the file begins with a byte order mark";
                let found = Diagnostic::of_file("byte-order-mark", &file, message);
                Err(Box::new(
                    found.with_help("save it as UTF-8 without a byte order mark (BOM)"),
                ))
            }
        },
        Err(error) => {
            let byte = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..byte].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let file = Arc::new(SourceFile::new(name, ""));
            let message = format!("the file is no UTF-8: line {line} holds a byte that is no character");
            let found = Diagnostic::of_file("not-utf8", &file, message);
            Err(Box::new(found.with_help("save it as UTF-8")))
        }
    }
}

fn too_large(file: &Arc<SourceFile>) -> Diagnostic {
    let message = format!("the file has more than {} MB", yaml::MAX_BYTES / 1_000_000);
    Diagnostic::of_file("too-large", file, message).with_help("split it into several suites")
}
