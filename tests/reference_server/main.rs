//! The reference server over a real socket. One binary: each would link the whole library again.

mod api;
mod http;
mod interactions;
mod search;
mod tables;
