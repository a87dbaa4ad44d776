//! YAML as a tree in which every node keeps its place. Limits come first: a hostile file is an error, never a hang.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Input, Parser, ScalarStyle, Span as Marks};

use super::input::Ascii;
use super::syntax;
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

/// How many bytes a file may have.
pub const MAX_BYTES: usize = 10_000_000;
/// How deep lists and mappings may be nested.
pub const MAX_DEPTH: usize = 64;
/// How many values a file may have.
pub const MAX_NODES: usize = 250_000;
/// How many of them aliases may add.
pub const MAX_ALIASED: usize = 50_000;
/// How many values may have anchors around them, each counted for each anchor: they are kept until the end.
const MAX_ANCHORED: usize = 500_000;

/// How many signs that divide values a file may have. The scanner reads all of a list in brackets before it says
/// anything about it, so values are also counted before it begins.
const MAX_SIGNS: usize = 600_000;
/// Up to how many keys of a mapping are simply looked through.
pub(super) const FEW_KEYS: usize = 16;

/// A value of a YAML file.
#[derive(Clone, Debug)]
pub struct Node<'t> {
    /// What it is.
    pub kind: Kind<'t>,
    /// Where it was written.
    pub span: Span,
}

/// What a YAML value is.
#[derive(Clone, Debug)]
pub enum Kind<'t> {
    /// A text, and how it was written.
    Scalar(Cow<'t, str>, Style),
    /// A list.
    List(Vec<Node<'t>>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry<'t>>),
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: in data it may be a number, a boolean or nothing.
    Plain,
    /// In quotes or as a block: always text.
    Text,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry<'t> {
    /// The key.
    pub key: Cow<'t, str>,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub value: Node<'t>,
}

impl Node<'_> {
    /// Whether nothing was written: an empty place or `~`.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(text, Style::Plain) if text.is_empty() || text == "~")
    }

    /// What it is, for messages.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(..) if self.is_nothing() => "nothing",
            Kind::Scalar(..) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// Bytes of characters: the scanner counts characters, we count bytes.
struct Offsets {
    /// The byte of every 64th character; empty where all characters are ASCII.
    marks: Vec<u32>,
}

impl Offsets {
    const STEP: usize = 64;

    fn of(text: &str) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            let bytes = text.char_indices().step_by(Self::STEP);
            bytes.map(|(byte, _)| Span::new(byte..byte).start).collect()
        };
        Self { marks }
    }

    fn byte(&self, text: &str, character: usize) -> usize {
        if self.marks.is_empty() {
            return character.min(text.len());
        }
        let Some(&mark) = self.marks.get(character / Self::STEP) else {
            return text.len();
        };
        let mark = mark as usize;
        let rest = text[mark..].char_indices().nth(character % Self::STEP);
        rest.map_or(text.len(), |(byte, _)| mark + byte)
    }
}

/// A list or mapping that is not closed yet.
struct Open<'t> {
    anchor: usize,
    start: Span,
    /// The count of nodes when it was opened.
    nodes: usize,
    /// Where what it holds begins in the builder's items, or in its entries.
    first: usize,
    what: What<'t>,
}

enum What<'t> {
    List,
    Map {
        key: Key<'t>,
        /// The places of keys, once there are many.
        index: Option<Box<Index<'t>>>,
    },
}

type Index<'t> = HashMap<Cow<'t, str>, Span>;

enum Key<'t> {
    Awaited,
    Read(Cow<'t, str>, Span),
    /// A key that was refused; its value goes with it.
    Refused,
}

struct Builder<'t, 'p> {
    file: &'t Arc<SourceFile>,
    problems: &'p mut Diagnostics,
    open: Vec<Open<'t>>,
    // What is in lists and mappings that are not closed yet, the innermost at the end: so each of them is made once, and no
    // larger than it is.
    items: Vec<Node<'t>>,
    entries: Vec<Entry<'t>>,
    root: Option<Node<'t>>,
    anchors: HashMap<usize, (Node<'t>, usize)>,
    nodes: usize,
    aliased: usize,
    anchored: usize,
}

/// Reads the one document of a file. `None` where there is no tree to go on with; duplicate keys and the like are
/// reported, and the tree is whole without them.
pub fn read<'t>(file: &'t Arc<SourceFile>, problems: &mut Diagnostics) -> Option<Node<'t>> {
    let text = file.text();
    let signs = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b'\n'));
    if signs.count() > MAX_SIGNS {
        problems.push(too_many_values(file, None));
        return None;
    }
    match Ascii::new(text) {
        Some(ascii) => build(file, Parser::new(ascii), problems),
        None => build(file, Parser::new_from_str(text), problems),
    }
}

/// Makes a tree of what a parser says of a file.
fn build<'t, T: Input>(
    file: &'t Arc<SourceFile>,
    parser: Parser<'t, T>,
    problems: &mut Diagnostics,
) -> Option<Node<'t>> {
    let text = file.text();
    let offsets = Offsets::of(text);
    let place = |marks: Marks| {
        let start = offsets.byte(text, marks.start.index());
        let end = if marks.is_empty() {
            start
        } else {
            offsets.byte(text, marks.end.index())
        };
        Span::new(start..end)
    };
    let mut builder = Builder {
        file,
        problems,
        open: Vec::new(),
        items: Vec::new(),
        entries: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        nodes: 0,
        aliased: 0,
        anchored: 0,
    };
    let mut documents = 0;
    for event in parser {
        match event {
            Ok((Event::DocumentStart(_), marks)) => {
                documents += 1;
                if documents > 1 {
                    let message = "a second document begins here; one file is one suite";
                    let found = Diagnostic::error("two-documents", file, place(marks), message);
                    builder.problems.push(found.with_help("move it to a file of its own"));
                    return None;
                }
            }
            Ok((event, marks)) => {
                if let Err(stop) = builder.event(event, place(marks)) {
                    builder.problems.push(*stop);
                    return None;
                }
            }
            Err(error) => {
                let byte = offsets.byte(text, error.marker().index());
                builder.problems.push(syntax::explain(file, byte, error.info()));
                return None;
            }
        }
    }
    if builder.root.is_none() {
        let found = Diagnostic::of_file("empty-file", file, "the file holds no suite");
        builder
            .problems
            .push(found.with_help("a suite begins with `suite: name`"));
    }
    builder.root
}

impl<'t> Builder<'t, '_> {
    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), Box<Diagnostic>> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, span)?;
                let span = self.without_tag(tag.is_some(), span);
                let text = self.as_it_stands(text, style, span);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    _ => Style::Text,
                };
                let kind = Kind::Scalar(text, style);
                self.put(Node { kind, span }, anchor, 1)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(anchor, span, What::List, tag.is_some())?;
            }
            Event::MappingStart(anchor, tag) => {
                let what = What::Map {
                    key: Key::Awaited,
                    index: None,
                };
                self.open(anchor, span, what, tag.is_some())?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor) else {
                    let message = "an alias cannot stand inside what it repeats";
                    return Err(Box::new(Diagnostic::error("alias-loop", self.file, span, message)));
                };
                let (node, size) = (node.clone(), *size);
                self.aliased += size;
                if self.aliased > MAX_ALIASED {
                    let message = format!("the aliases of this file repeat more than {MAX_ALIASED} values");
                    let found = Diagnostic::error("too-many-values", self.file, span, message);
                    return Err(Box::new(found.with_help("write fewer aliases of aliases")));
                }
                self.count(size, span)?;
                self.put(node, 0, size)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A text that stands in the file just as it is read is not kept a second time.
    fn as_it_stands(&self, text: Cow<'t, str>, style: ScalarStyle, span: Span) -> Cow<'t, str> {
        let file: &'t SourceFile = self.file;
        let range = match style {
            ScalarStyle::Plain => span.range(),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                span.start as usize + 1..(span.end as usize).saturating_sub(1)
            }
            _ => return text,
        };
        match file.text().get(range) {
            Some(written) if written == text => Cow::Borrowed(written),
            _ => text,
        }
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Box<Diagnostic>> {
        self.nodes += more;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Box::new(too_many_values(self.file, Some(span))))
    }

    /// Reports a tag; what it marks is read as if it had none.
    fn without_tag(&mut self, has_tag: bool, span: Span) -> Span {
        if has_tag {
            let message = "YAML tags are not part of the suite format";
            let found = Diagnostic::error("yaml-tag", self.file, span, message);
            let help = "leave the `!` out; a number in quotes is a text already";
            self.problems.push(found.with_help(help));
        }
        span
    }

    fn open(&mut self, anchor: usize, start: Span, what: What<'t>, has_tag: bool) -> Result<(), Box<Diagnostic>> {
        self.count(1, start)?;
        let start = self.without_tag(has_tag, start);
        if self.open.len() == MAX_DEPTH {
            let message = format!("lists and mappings are nested more than {MAX_DEPTH} deep");
            return Err(Box::new(Diagnostic::error("too-deep", self.file, start, message)));
        }
        let first = match what {
            What::List => self.items.len(),
            What::Map { .. } => self.entries.len(),
        };
        self.open.push(Open {
            anchor,
            start,
            nodes: self.nodes,
            first,
            what,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Box<Diagnostic>> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (kind, last) = match open.what {
            What::List => {
                let items = self.items.split_off(open.first);
                let last = items.last().map(|item| item.span.end);
                (Kind::List(items), last)
            }
            What::Map { .. } => {
                let entries = self.entries.split_off(open.first);
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key_span.end));
                (Kind::Map(entries), last)
            }
        };
        // A list or mapping in brackets ends with its bracket, another one with its last value.
        let end = if end.start == end.end {
            last.unwrap_or(open.start.end)
        } else {
            end.start + 1
        };
        let span = Span {
            start: open.start.start,
            end: end.max(open.start.start),
        };
        let size = self.nodes - open.nodes + 1;
        self.put(Node { kind, span }, open.anchor, size)
    }

    fn put(&mut self, node: Node<'t>, anchor: usize, size: usize) -> Result<(), Box<Diagnostic>> {
        if anchor != 0 {
            self.anchored += size;
            if self.anchored > MAX_ANCHORED {
                let message = format!("the anchors of this file stand around more than {MAX_ANCHORED} values");
                let found = Diagnostic::error("too-many-values", self.file, node.span, message);
                return Err(Box::new(found.with_help("give anchors only to what an alias repeats")));
            }
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        let (key, index) = match &mut open.what {
            What::List => {
                self.items.push(node);
                return Ok(());
            }
            What::Map { key, index } => (key, index),
        };
        let entries = &self.entries[open.first..];
        match std::mem::replace(key, Key::Awaited) {
            Key::Awaited => match node.kind {
                Kind::Scalar(text, _) => {
                    *key = match first_of(entries, index.as_deref(), &text) {
                        None => Key::Read(text, node.span),
                        Some(first) => {
                            let message = format!("the key `{text}` stands here twice");
                            let found = Diagnostic::error("duplicate-key", self.file, node.span, message);
                            self.problems.push(found.with_place(first, "the first one"));
                            Key::Refused
                        }
                    };
                }
                _ => {
                    let message = format!("a key has to be a text, and this is {}", node.noun());
                    self.problems
                        .push(Diagnostic::error("complex-key", self.file, node.span, message));
                    *key = Key::Refused;
                }
            },
            Key::Read(text, key_span) => {
                let entry = Entry {
                    key: text,
                    key_span,
                    value: node,
                };
                // Only a mapping with many keys is worth an index.
                if entries.len() + 1 >= FEW_KEYS {
                    let place = |entry: &Entry<'t>| (entry.key.clone(), entry.key_span);
                    let index = index.get_or_insert_with(|| Box::new(entries.iter().map(place).collect()));
                    index.extend([place(&entry)]);
                }
                self.entries.push(entry);
            }
            Key::Refused => {}
        }
        Ok(())
    }
}

fn too_many_values(file: &Arc<SourceFile>, span: Option<Span>) -> Diagnostic {
    let message = format!("the file has more than {MAX_NODES} values");
    let found = Diagnostic::of_file("too-many-values", file, message);
    Diagnostic { span, ..found }.with_help("split it into several suites")
}

/// The place at which a mapping has a key already.
fn first_of<'t>(entries: &[Entry<'t>], index: Option<&Index<'t>>, key: &str) -> Option<Span> {
    match index {
        Some(index) => index.get(key).copied(),
        None => {
            let first = entries.iter().find(|entry| entry.key == key);
            first.map(|entry| entry.key_span)
        }
    }
}
