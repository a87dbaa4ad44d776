//! The binary: calls the command line and returns its exit code.

use std::process::ExitCode;

/// 1.6 times faster on JSON than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fhir_assay::cli::main().into()
}
