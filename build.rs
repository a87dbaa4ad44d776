//! Turns the requirement catalogue into a text that is read in a moment, and packs the FHIR schemas of each release into one
//! archive.

#[path = "build/catalogue.rs"]
mod catalogue;
#[path = "build/schemas.rs"]
mod schemas;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=suites");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    schemas::pack().map_err(|error| format!("the FHIR schemas cannot be packed: {error}"))?;
    catalogue::convert()
}
