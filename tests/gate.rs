//! The gate of a CI job: known failures, the configuration, shards, and what several reports say together.

#[path = "gate/compared.rs"]
mod compared;
#[path = "gate/configured.rs"]
mod configured;
#[path = "gate/files.rs"]
mod files;
#[path = "gate/first_month.rs"]
mod first_month;
#[path = "gate/held.rs"]
mod held;
#[path = "gate/runs.rs"]
mod runs;
#[path = "gate/shards.rs"]
mod shards;
mod support;
#[path = "gate/updated.rs"]
mod updated;
