//! Interactions: the codes of `CapabilityStatement.rest.interaction` and `.rest.resource.interaction`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One interaction of the RESTful API, by the code that a CapabilityStatement uses for it.
///
/// `Capabilities` and `Operation` have no code there: every server has the first, `$name`s are declared one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Interaction {
    Read,
    Vread,
    Update,
    Patch,
    Delete,
    DeleteHistory,
    DeleteHistoryVersion,
    HistoryInstance,
    HistoryType,
    HistorySystem,
    Create,
    SearchType,
    SearchSystem,
    Capabilities,
    Transaction,
    Batch,
    Operation,
}

/// A text that is the code of no interaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no interaction")]
pub struct UnknownInteraction(pub String);

impl Interaction {
    /// Every interaction, in the order of the specification's page.
    pub const ALL: [Self; 17] = [
        Self::Read,
        Self::Vread,
        Self::Update,
        Self::Patch,
        Self::Delete,
        Self::DeleteHistory,
        Self::DeleteHistoryVersion,
        Self::HistoryInstance,
        Self::HistoryType,
        Self::HistorySystem,
        Self::Create,
        Self::SearchType,
        Self::SearchSystem,
        Self::Capabilities,
        Self::Transaction,
        Self::Batch,
        Self::Operation,
    ];

    /// The code, `search-type` for example.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vread => "vread",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteHistory => "delete-history",
            Self::DeleteHistoryVersion => "delete-history-version",
            Self::HistoryInstance => "history-instance",
            Self::HistoryType => "history-type",
            Self::HistorySystem => "history-system",
            Self::Create => "create",
            Self::SearchType => "search-type",
            Self::SearchSystem => "search-system",
            Self::Capabilities => "capabilities",
            Self::Transaction => "transaction",
            Self::Batch => "batch",
            Self::Operation => "operation",
        }
    }

    /// Whether a success changes what the server stores. `$operation`s count as writing, since they may.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(
            self,
            Self::Update
                | Self::Patch
                | Self::Delete
                | Self::DeleteHistory
                | Self::DeleteHistoryVersion
                | Self::Create
                | Self::Transaction
                | Self::Batch
                | Self::Operation
        )
    }
}

impl fmt::Display for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Interaction {
    type Err = UnknownInteraction;

    fn from_str(text: &str) -> Result<Self, UnknownInteraction> {
        Self::ALL
            .into_iter()
            .find(|interaction| interaction.code() == text)
            .ok_or_else(|| UnknownInteraction(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_the_round_trip() {
        for interaction in Interaction::ALL {
            assert_eq!(interaction.code().parse(), Ok(interaction));
            assert_eq!(serde_json::to_value(interaction).unwrap(), interaction.code());
        }
        assert!("search".parse::<Interaction>().is_err());
    }
}
