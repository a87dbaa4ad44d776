//! Formats that other programs read: code scanners, test protocols, CI servers, badges, FHIR itself. What a person reads in
//! them later is cleaned as everywhere; beyond that each format escapes in its own way.

pub(super) mod badge;
pub(super) mod github;
pub(super) mod gitlab;
mod located;
pub(super) mod sarif;
pub(super) mod tap;
pub(super) mod test_report;
