//! Makes what the binary embeds: the requirement catalogue as JSON, and one archive of FHIR schemas a release.

#[path = "build/catalogue.rs"]
mod catalogue;
#[path = "build/schemas.rs"]
mod schemas;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    // `include_dir!` does not tell cargo what it read.
    println!("cargo::rerun-if-changed=suites");
    if let Err(error) = catalogue::convert() {
        panic!("the requirement catalogue cannot be read: {error}");
    }
    if let Err(error) = schemas::pack() {
        panic!("the FHIR schemas cannot be packed: {error}");
    }
}
