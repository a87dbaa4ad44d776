//! The harness is a client, and obeys the rules for clients: its own traffic is recorded and looked at.
//!
//! Which test proves which rule is written in `src/requirement/obeyed.rs`, and `fhir-assay explain RULE` tells it.

#[path = "client_rules/alone.rs"]
mod alone;
mod support;
#[path = "client_rules/traffic.rs"]
mod traffic;
#[path = "client_rules/writes.rs"]
mod writes;
