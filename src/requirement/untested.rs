//! Why a requirement is tested by nothing.

use super::{Actor, Requirement, Testable};

impl Requirement {
    /// The written reason why no case tests this requirement.
    #[must_use]
    pub fn untested_reason(&self) -> String {
        if self.actor == Actor::Client {
            return "it binds clients; the harness obeys it, and its own tests prove that".into();
        }
        if let Some(config) = self.applies_if.iter().find_map(|item| item.strip_prefix("config=")) {
            return format!(
                "the operator of the server would have to provide `{config}`, which this program cannot be given yet"
            );
        }
        match (self.testable, &self.why_not) {
            (Testable::No, Some(why)) => format!("it cannot be tested over HTTP: {why}"),
            (Testable::No, None) => "it cannot be tested over HTTP".into(),
            (Testable::Partly, Some(why)) => format!("no case tests it yet; it could be tested in part only: {why}"),
            _ => "no case tests it yet".into(),
        }
    }
}
