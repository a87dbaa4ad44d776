//! `--open`: the report in whatever opens web pages here.

use crate::cli::args::Output;
use crate::cli::exit::Exit;
use crate::cli::{Failure, say};
use crate::report::Format;

/// The HTML report among these outputs.
///
/// # Errors
/// Where there is none that is a file: nobody should wait for a run to learn that.
pub(super) fn page(outputs: &[Output]) -> Result<&Output, Failure> {
    outputs
        .iter()
        .find(|output| output.format == Format::Html && output.path.as_os_str() != "-")
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "--open opens the HTML report, and none is written to a file; add --report html=report.html",
            )
        })
}

/// Opens it. A machine without a browser is no reason to fail a run: that is said, and the path with it.
pub(super) fn open(page: &Output) {
    if let Err(error) = opener::open(&page.path) {
        let path = page.path.display();
        say(&format!("note: {path} cannot be opened here: {error}"));
    }
}
