//! The reference server over a real socket. One binary: each would link the whole library again.

mod api;
mod bundles;
mod conditional;
mod http;
mod interactions;
mod otherwise;
mod patch;
mod reading;
mod search;
mod tables;
mod xml;
