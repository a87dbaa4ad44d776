//! Tables of keys: one source for what the parser accepts, what it suggests, and what editors are told.

/// The keys that a mapping may have.
#[derive(Debug)]
pub struct Table {
    /// The name of its definition in the JSON Schema, `step`.
    pub name: &'static str,
    /// With an article, for messages: `a step`.
    pub noun: &'static str,
    /// What it is, in a sentence.
    pub docs: &'static str,
    /// Its keys, in the order in which people write them.
    pub keys: &'static [Key],
    /// How many of them are written.
    pub choice: Choice,
}

/// How many keys of a table are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Any of them.
    Any,
    /// At least one.
    Some,
    /// Exactly one.
    One,
    /// Exactly one of the first so many, and any of the others.
    OneOfFirst(usize),
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What it means, in a sentence.
    pub docs: &'static str,
    /// Whether it has to be there.
    pub required: bool,
}

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text; numbers and booleans are text as they are written.
    Text,
    /// A text, or `~` to take something away.
    TextOrNothing,
    /// A text of this form (a regular expression).
    Pattern(&'static str),
    /// An HTTP status, or a class of them: `4xx`.
    Status,
    /// `true` or `false`.
    Flag,
    /// `true`.
    True,
    /// A whole number between two.
    Count(u32, u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any data.
    Data,
    /// A mapping with the keys of a table.
    Table(&'static Table),
    /// A mapping of names that the author chooses.
    Named(&'static Shape),
    /// A mapping with the keys of a table, and beside them names that the author chooses.
    TableAndNamed(&'static Table, &'static Shape),
    /// A list with at least one item.
    List(&'static Shape),
    /// One value, or a list of them.
    OneOrMany(&'static Shape),
    /// One of several forms.
    Either(&'static [Shape]),
    /// As listed, or `{ not: ... }` around it.
    Claim(&'static Shape),
}

/// A key that may be left out.
pub const fn key(name: &'static str, shape: Shape, docs: &'static str) -> Key {
    Key {
        name,
        shape,
        docs,
        required: false,
    }
}

/// A key that has to be there.
pub const fn required(name: &'static str, shape: Shape, docs: &'static str) -> Key {
    Key {
        name,
        shape,
        docs,
        required: true,
    }
}

impl Table {
    /// Whether it has a key.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    /// The names of its keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}
