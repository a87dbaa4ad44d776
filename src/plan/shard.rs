//! Shards: one plan over several machines, cut by the names of the cases.

use std::fmt;
use std::str::FromStr;

use crate::suite::CaseId;

/// The k-th of n shards. Which shard a case belongs to depends on its name and n alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// A text that is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no shard: write K/N with K from 1 to N, for example 2/5")]
pub struct NoShard(String);

impl Shard {
    /// Its number, from 1.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The k-th of n.
    ///
    /// # Errors
    /// Where k is not from 1 to n.
    pub fn new(index: u32, count: u32) -> Result<Self, NoShard> {
        if index >= 1 && index <= count {
            Ok(Self { index, count })
        } else {
            Err(NoShard(format!("{index}/{count}")))
        }
    }

    /// How many shards there are.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The number, from 1, of the shard that a case belongs to.
    #[must_use]
    pub fn of(&self, case: &CaseId) -> u32 {
        // FNV-1a: stable over versions, platforms and time, which std's hasher does not promise.
        let hash = case.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        u32::try_from(hash % u64::from(self.count)).unwrap_or(0) + 1
    }

    /// Whether a case belongs to this shard.
    #[must_use]
    pub fn holds(&self, case: &CaseId) -> bool {
        self.of(case) == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let parsed = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.trim().parse().ok()?, count.trim().parse().ok()?)));
        match parsed {
            Some((index, count)) if index >= 1 && index <= count => Ok(Self { index, count }),
            _ => Err(NoShard(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::SuiteId;
    use proptest::prelude::*;

    #[test]
    fn only_k_of_n_is_a_shard() {
        assert!("1/1".parse::<Shard>().is_ok());
        for text in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_case_keeps_its_shard_for_ever() {
        let id = CaseId::new(&SuiteId::new("http.read"), "life", None);
        assert_eq!("1/7".parse::<Shard>().unwrap().of(&id), 6);
    }

    proptest! {
        #[test]
        fn every_case_is_in_exactly_one_shard(name in "[a-z]{1,12}", count in 1u32..40) {
            let id = CaseId::new(&SuiteId::new("http.read"), &name, None);
            let holding = (1..=count).filter(|index| format!("{index}/{count}").parse::<Shard>().unwrap().holds(&id)).count();
            prop_assert_eq!(holding, 1);
        }
    }
}
