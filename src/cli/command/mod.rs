//! One file a command.

pub mod auth;
pub mod baseline;
pub mod compare;
pub mod completions;
pub mod config;
pub mod explain;
pub mod lint;
pub mod list;
pub mod man;
pub mod prove;
pub mod report;
pub mod run;
pub mod schemas;
pub mod serve;
pub mod validate;
pub mod verify;
