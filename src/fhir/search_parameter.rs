//! The words of search: kinds of parameters and prefixes of their values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of a search parameter, by its code in `CapabilityStatement.rest.resource.searchParam.type`
/// (`search.html#ptypes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum SearchParameterType {
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

/// A text that is the code of no kind of search parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no type of search parameter")]
pub struct UnknownSearchParameterType(pub String);

impl SearchParameterType {
    /// Every kind, in the order of the value set.
    pub const ALL: [Self; 9] = [
        Self::Number,
        Self::Date,
        Self::String,
        Self::Token,
        Self::Reference,
        Self::Composite,
        Self::Quantity,
        Self::Uri,
        Self::Special,
    ];

    /// The code, `token` for example.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::String => "string",
            Self::Token => "token",
            Self::Reference => "reference",
            Self::Composite => "composite",
            Self::Quantity => "quantity",
            Self::Uri => "uri",
            Self::Special => "special",
        }
    }

    /// Whether values of this kind may begin with a [`Prefix`] (`search.html#prefix`).
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        matches!(self, Self::Number | Self::Date | Self::Quantity)
    }
}

impl fmt::Display for SearchParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for SearchParameterType {
    type Err = UnknownSearchParameterType;

    fn from_str(text: &str) -> Result<Self, UnknownSearchParameterType> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.code() == text)
            .ok_or_else(|| UnknownSearchParameterType(text.to_owned()))
    }
}

/// What a number, date or quantity is compared by (`search.html#prefix`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// `eq`, and no prefix at all: the searched range holds the value.
    #[default]
    Equal,
    /// `ne`: it does not.
    NotEqual,
    /// `gt`: the value reaches above the searched range.
    GreaterThan,
    /// `lt`: it reaches below.
    LessThan,
    /// `ge`: `gt` or `eq`.
    GreaterOrEqual,
    /// `le`: `lt` or `eq`.
    LessOrEqual,
    /// `sa`: the value lies wholly above.
    StartsAfter,
    /// `eb`: the value lies wholly below.
    EndsBefore,
    /// `ap`: nearly the same.
    Approximately,
}

impl Prefix {
    /// Takes the prefix off a value: `ge2024` becomes `(GreaterOrEqual, "2024")`, and `2024` `(Equal, "2024")`.
    #[must_use]
    pub fn split(value: &str) -> (Self, &str) {
        let prefix = match value.get(..2) {
            Some("eq") => Self::Equal,
            Some("ne") => Self::NotEqual,
            Some("gt") => Self::GreaterThan,
            Some("lt") => Self::LessThan,
            Some("ge") => Self::GreaterOrEqual,
            Some("le") => Self::LessOrEqual,
            Some("sa") => Self::StartsAfter,
            Some("eb") => Self::EndsBefore,
            Some("ap") => Self::Approximately,
            _ => return (Self::Equal, value),
        };
        (prefix, value.get(2..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_the_round_trip() {
        for kind in SearchParameterType::ALL {
            assert_eq!(kind.code().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
        }
        assert_eq!(
            "resource".parse::<SearchParameterType>(),
            Err(UnknownSearchParameterType("resource".into()))
        );
    }

    #[test]
    fn prefixes_are_taken_off() {
        assert_eq!(Prefix::split("ge2024"), (Prefix::GreaterOrEqual, "2024"));
        assert_eq!(Prefix::split("2024"), (Prefix::Equal, "2024"));
        assert_eq!(Prefix::split("eq"), (Prefix::Equal, ""));
        assert_eq!(Prefix::split("é"), (Prefix::Equal, "é"));
        assert_eq!(Prefix::split("aé1"), (Prefix::Equal, "aé1"));
    }
}
