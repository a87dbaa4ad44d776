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
    /// The server has JSON only.
    JsonOnly,
    /// The server has XML only.
    XmlOnly,
    /// The server answers in XML where nothing is asked for.
    XmlFirst,

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
    /// A create may break a business rule.
    CreatesAgainstRules,
    /// An update may break a business rule.
    UpdatesAgainstRules,
    /// An update takes the place of the version that it changes.
    UpdateInPlace,
    /// Searches find what was deleted.
    DeletedAreFound,
    /// Deleting again makes another deletion.
    DeletesAgain,
    /// A batch ends with the first entry that fails.
    BatchStops,
    /// Entries of a batch may write one resource.
    BatchDepends,
    /// Entries of a batch are processed as they stand.
    BatchAsSent,
    /// A batch resolves references by search.
    BatchSearches,
    /// Writing entries of a transaction are processed as they stand.
    WritesAsSent,
    /// A transaction updates before it creates.
    UpdatesBeforeCreates,
    /// A transaction reads before it writes.
    ReadsFirst,
    /// Entries of a transaction may write one resource.
    EntriesOverlap,
    /// What a transaction did before it failed stays done.
    FailuresStayDone,
    /// A read may fail in a transaction that succeeds.
    ReadsMayFail,
    /// Links to entries that come later are not resolved.
    LinksLeadBack,
    /// Links between entries stay as they were sent.
    LinksStay,
    /// Links outside references stay as they were sent.
    LinksInReferences,
    /// Links are replaced as text, wherever they stand.
    LinksAsText,
    /// A resolved reference keeps the extension that asked for it.
    ResolveStays,
    /// References by search stay as they were sent.
    SearchesStay,
    /// References by search without a match are left out.
    SearchesOptional,
    /// References by search mean their first match.
    SearchesTakeFirst,
    /// References by search are resolved at the top level only.
    SearchesOnTop,
    /// References by search are resolved before anything is written.
    SearchesFirst,
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
