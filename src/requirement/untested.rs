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
        let of_operator = self.applies_if.iter().filter_map(|item| item.strip_prefix("config="));
        let of_operator: Vec<&str> = of_operator.collect();
        if !of_operator.is_empty() {
            return format!(
                "the operator of the server has to provide {} (`--var`), and no case of these suites asks for it",
                of_operator
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(" and ")
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
