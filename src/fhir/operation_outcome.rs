//! OperationOutcome: what went wrong, or what should be known (`operationoutcome.html`).

use std::fmt;

use serde_json::{Value, json};

/// How bad an issue is, by its code; the worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Severity {
    Fatal,
    Error,
    Warning,
    Information,
}

impl Severity {
    /// The code, `error` for example.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }

    /// The severity of a code; `None` for a code that the value set does not have.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Fatal, Self::Error, Self::Warning, Self::Information]
            .into_iter()
            .find(|severity| severity.code() == code)
    }

    /// Whether the issue stands for a failure.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Fatal | Self::Error)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// One issue: its severity, its code of the value set issue-type, and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is, `not-found` for example.
    pub code: String,
    /// `diagnostics`, or where that is missing `details.text`.
    pub text: Option<String>,
}

/// An OperationOutcome with as much of it as a harness needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationOutcome {
    /// The issues, in their order.
    pub issues: Vec<Issue>,
}

impl OperationOutcome {
    /// An outcome with one issue.
    #[must_use]
    pub fn of(severity: Severity, code: &str, diagnostics: impl Into<String>) -> Self {
        Self {
            issues: vec![Issue {
                severity,
                code: code.to_owned(),
                text: Some(diagnostics.into()),
            }],
        }
    }

    /// Reads a resource. `None` where it is no OperationOutcome, or where an issue lacks its severity or code, which
    /// are mandatory.
    #[must_use]
    pub fn read(resource: &Value) -> Option<Self> {
        if resource.get("resourceType")? != "OperationOutcome" {
            return None;
        }
        let issues = resource.get("issue")?.as_array()?;
        let issues = issues
            .iter()
            .map(|issue| {
                let text = issue.get("diagnostics").or_else(|| issue.get("details")?.get("text"));
                Some(Issue {
                    severity: Severity::of_code(issue.get("severity")?.as_str()?)?,
                    code: issue.get("code")?.as_str()?.to_owned(),
                    text: text.and_then(Value::as_str).map(str::to_owned),
                })
            })
            .collect::<Option<Vec<_>>>()?;
        (!issues.is_empty()).then_some(Self { issues })
    }

    /// Whether an issue stands for a failure.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.issues.iter().any(|issue| issue.severity.is_failure())
    }

    /// The resource, with the texts as `diagnostics`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let issues: Vec<Value> = self
            .issues
            .iter()
            .map(|issue| {
                let mut value = json!({ "severity": issue.severity.code(), "code": issue.code });
                if let Some(text) = &issue.text {
                    value["diagnostics"] = json!(text);
                }
                value
            })
            .collect();
        json!({ "resourceType": "OperationOutcome", "issue": issues })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_survives_the_round_trip() {
        let outcome = OperationOutcome::of(Severity::Error, "not-found", "there is no Patient/17");
        let value = outcome.to_value();
        assert_eq!(value["issue"][0]["diagnostics"], "there is no Patient/17");
        assert_eq!(OperationOutcome::read(&value), Some(outcome.clone()));
        assert!(outcome.is_failure());
        assert!(!OperationOutcome::of(Severity::Warning, "not-supported", "ignored").is_failure());
    }

    #[test]
    fn details_stand_in_for_diagnostics() {
        let value = json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "fatal", "code": "exception", "details": { "text": "no" } }] });
        assert_eq!(
            OperationOutcome::read(&value).unwrap().issues[0].text.as_deref(),
            Some("no")
        );
    }

    #[test]
    fn what_is_no_outcome_is_refused() {
        for value in [
            json!({ "resourceType": "Patient" }),
            json!({ "resourceType": "OperationOutcome" }),
            json!({ "resourceType": "OperationOutcome", "issue": [] }),
            json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "error" }] }),
            json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "bad", "code": "x" }] }),
            json!(["OperationOutcome"]),
        ] {
            assert_eq!(OperationOutcome::read(&value), None, "{value}");
        }
    }
}
