//! The command lines of `serve` and `prove`.

use std::net::IpAddr;

use clap::Args;

use super::value::{Output, output, unknown};
use crate::fhir::FhirVersion;
use crate::server::{Emulation, Mutant, Variant};

/// `serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The release it implements
    #[arg(long, value_name = "RELEASE", default_value = "R4")]
    pub fhir: FhirVersion,
    /// A vendor's documented API to behave as, with the data of its document
    #[arg(long, value_name = "NAME", value_parser = emulation, conflicts_with = "fhir")]
    pub system: Option<&'static Emulation>,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// A defect to have on purpose (may be repeated; `fhir-assay prove --list` names them)
    #[arg(long = "mutant", value_name = "NAME", value_parser = mutant)]
    pub mutants: Vec<&'static Mutant>,
    #[arg(long = "variant", value_name = "NAME", value_parser = variant, help = variants())]
    /// A way of being another server, and as right
    pub variants: Vec<&'static Variant>,
}

/// `prove`
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The release to prove
    #[arg(long, value_name = "RELEASE", default_value = "R4")]
    pub fhir: FhirVersion,
    /// Prove the suites of a vendor's documented API, on its emulation and its mutants
    #[arg(long, value_name = "NAME", value_parser = emulation, conflicts_with = "fhir")]
    pub system: Option<&'static Emulation>,
    /// Only defects that break a requirement, such as 'update.*'
    #[arg(long = "requirement", value_name = "ID")]
    pub requirements: Vec<String>,
    /// Only this defect (may be repeated)
    #[arg(long = "mutant", value_name = "NAME", value_parser = mutant)]
    pub mutants: Vec<&'static Mutant>,
    /// A report to write, as FORMAT=PATH (json, markdown, html); '-' is standard output
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = output)]
    pub reports: Vec<Output>,
    /// Name the defects, one a line, and prove nothing
    #[arg(long)]
    pub list: bool,
}

pub(super) fn variants() -> String {
    let names: Vec<&str> = Variant::all().map(|variant| variant.name).collect();
    format!(
        "A way of being another server, and as right (may be repeated): {}",
        names.join(", ")
    )
}

pub(super) fn mutant(text: &str) -> Result<&'static Mutant, String> {
    Mutant::named(text).ok_or_else(|| unknown("mutant", text, Mutant::all().map(|mutant| mutant.name), "prove --list"))
}

pub(super) fn emulation(text: &str) -> Result<&'static Emulation, String> {
    let names = || Emulation::all().map(|emulation| emulation.name);
    Emulation::named(text).ok_or_else(|| unknown("emulated system", text, names(), "list systems"))
}

pub(super) fn variant(text: &str) -> Result<&'static Variant, String> {
    Variant::named(text).ok_or_else(|| {
        unknown(
            "variant",
            text,
            Variant::all().map(|variant| variant.name),
            "serve --help",
        )
    })
}
