//! The suite language: each diagnostic with its golden text, the schema for editors, and inputs that nobody would write.

mod fuzz;
mod lint;
mod schema;
