//! Behaviours that the server itself has to know of.

/// What one place in the server asks for. Those of right servers come first, those of wrong ones after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Switch {
    /// The server gives ids that are numbers.
    NumericIds,
    /// The server gives ids that begin with a word.
    PrefixedIds,
    /// Version ids are counted from 0.
    VersionsFromZero,
    /// Version ids have no order that could be seen.
    OpaqueVersions,
    /// Pages are small, whatever is asked for.
    SmallPages,

    /// The server gives ids with underscores.
    IdsWithUnderscores,
    /// Version ids hold colons.
    VersionsWithColons,
    /// Version ids end with equals signs.
    VersionsInBase64,
    /// Version ids begin again after a deletion.
    VersionsBeginAgain,
    /// A create stores the versionId that was sent.
    CreateKeepsVersionId,
    /// A create stores the lastUpdated that was sent.
    CreateKeepsLastUpdated,
    /// An update stores the versionId that was sent.
    UpdateKeepsVersionId,
    /// An update stores the lastUpdated that was sent.
    UpdateKeepsLastUpdated,
    /// An update takes the place of the version that it changes.
    UpdateInPlace,
    /// Searches find what was deleted.
    DeletedAreFound,
    /// Deleting again makes another deletion.
    DeletesAgain,
}

/// The switches that are on.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::server) struct Switches(u64);

impl Switches {
    /// Turns one on.
    pub const fn turn_on(&mut self, switch: Switch) {
        self.0 |= 1 << switch as u64;
    }

    /// Whether any is on.
    pub const fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether one is on.
    pub const fn on(self, switch: Switch) -> bool {
        self.0 & (1 << switch as u64) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_independent() {
        let mut switches = Switches::default();
        switches.turn_on(Switch::PrefixedIds);
        assert!(switches.on(Switch::PrefixedIds));
        assert!(!switches.on(Switch::NumericIds) && !switches.on(Switch::OpaqueVersions));
    }
}
