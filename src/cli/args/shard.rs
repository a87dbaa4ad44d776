//! Which part of the plan.

use std::fmt;
use std::str::FromStr;

use crate::plan::Shard;

/// What `--shard` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardArg {
    /// The k-th of n.
    Part(Shard),
    /// What the CI system or scheduler set.
    Auto,
}

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse()
            .map(Self::Part)
            .map_err(|error: crate::plan::shard::NoShard| {
                format!("{error}, or `auto` for what the CI system or scheduler sets")
            })
    }
}

impl fmt::Display for ShardArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(shard) => shard.fmt(f),
            Self::Auto => f.write_str("auto"),
        }
    }
}
