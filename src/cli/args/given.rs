//! What a tester gives.

use clap::Args;

/// What a tester gives to the suites.
#[derive(Clone, Debug, Default, Args)]
pub struct GivenArgs {
    /// A value for a variable that a suite asks for, as NAME=VALUE or NAME=@FILE; FHIR_ASSAY_VAR_NAME gives it too
    #[arg(long = "var", value_name = "NAME=VALUE", help_heading = "Server under test")]
    pub vars: Vec<String>,
}
