//! Profiles: a package of our own whose every feature is kept and broken, hostile packages, and HL7's own profiles.

mod bodies;
mod features;
mod hostile;
mod law;
mod official;
