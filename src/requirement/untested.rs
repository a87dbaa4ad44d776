//! Why a requirement is tested by nothing.

use super::obeyed::{Obedience, obedience};
use super::{Actor, Requirement, Testable};

impl Requirement {
    /// The written reason why no case tests this requirement.
    #[must_use]
    pub fn untested_reason(&self) -> String {
        if self.actor == Actor::Client {
            return match obedience(&self.id) {
                Some(Obedience::Proven { file, test }) => {
                    format!("it binds clients; the harness obeys it, as its own test `{test}` in {file} proves")
                }
                Some(Obedience::Unconcerned(why)) => format!("it binds clients; {why}"),
                None => "it binds clients, and nothing is written yet of how the harness obeys it".into(),
            };
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
