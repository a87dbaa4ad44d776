//! The program as scripts and people see it: exit codes, messages, files.

#[path = "cli/accused.rs"]
mod accused;
#[path = "cli/ci.rs"]
mod ci;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/desk.rs"]
#[cfg(unix)]
mod desk;
#[path = "cli/given.rs"]
mod given;
#[path = "cli/interrupt.rs"]
mod interrupt;
#[path = "cli/isolation.rs"]
mod isolation;
#[path = "cli/packaging.rs"]
mod packaging;
#[path = "cli/profiles.rs"]
mod profiles;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/safety.rs"]
mod safety;
#[path = "cli/schemas.rs"]
mod schemas;
#[path = "cli/streams.rs"]
#[cfg(unix)]
mod streams;
mod support;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/validate.rs"]
mod validate;
