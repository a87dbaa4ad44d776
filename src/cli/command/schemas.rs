//! `schemas`: making the JSON Schemas of a release from HL7's definitions.

use crate::cli::args::{GenerateArgs, SchemasArgs, SchemasCommand};
use crate::cli::exit::Exit;
use crate::cli::{Failure, print};
use crate::fhir::schema::generate::generate_into;
use crate::verdict::counted;

/// Does what is asked of schemas.
///
/// # Errors
/// Where the definitions cannot be used, or nothing can be written; nothing half-written is left then.
pub fn schemas(args: &SchemasArgs) -> Result<Exit, Failure> {
    match &args.command {
        SchemasCommand::Generate(args) => generate(args),
    }
}

fn generate(args: &GenerateArgs) -> Result<Exit, Failure> {
    let (folder, files) = generate_into(&args.definitions, args.release, &args.out)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    print(&format!(
        "{}: {} in {}\n",
        args.release,
        counted(files as u64, "file", "files"),
        folder.display()
    ))?;
    Ok(Exit::Success)
}
