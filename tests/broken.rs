//! Servers that are broken on purpose: the right verdict, exit code and message for each, and an end within a bound.

#[path = "broken/after.rs"]
mod after;
#[path = "broken/before.rs"]
mod before;
mod support;
