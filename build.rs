//! Packs the FHIR schemas of each release into one archive that the library embeds.

#[path = "build/schemas.rs"]
mod schemas;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    if let Err(error) = schemas::pack() {
        panic!("the FHIR schemas cannot be packed: {error}");
    }
}
