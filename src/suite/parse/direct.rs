//! A direct road for YAML: the forms that suites are written in, read in one pass over the bytes and without copies.
//!
//! A scanner of all of YAML looks at each character many times, and reading suites is what every start waits for. This road
//! knows mappings and lists as blocks and in brackets, and texts on one line. Whatever else stands in a file, also
//! whatever is wrong in it, is no tree here, and the scanner reads the file from its beginning. Where there is a tree, it
//! is the scanner's to the last span; the tests hold both to each other.

use std::borrow::Cow;
use std::collections::HashSet;

use super::yaml::{Entry, FEW_KEYS, Kind, MAX_DEPTH, MAX_NODES, Node, Style};
use crate::source::Span;

/// The scanner knows no longer keys than 1024 characters.
const MAX_KEY: usize = 1000;

/// The tree of a file; `None` where the scanner has to say what it is.
pub(super) fn read(text: &str) -> Option<Node<'_>> {
    let is_odd = |byte: u8| byte < b' ' && byte != b'\n';
    if text.bytes().any(is_odd) || (!text.is_ascii() && text.contains('\u{FEFF}')) {
        return None;
    }
    let mut road = Road {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 0,
        nodes: 0,
        depth: 0,
    };
    road.seek();
    let column = road.column()?;
    let root = road.block(column, 0)?;
    let is_whole = road.is_end() && matches!(root.kind, Kind::Map(_));
    is_whole.then_some(root)
}

struct Road<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte.
    at: usize,
    /// Where its line begins.
    line: usize,
    nodes: usize,
    depth: usize,
}

/// A scalar and where it is.
struct Scalar<'t> {
    text: Cow<'t, str>,
    style: Style,
    span: Span,
}

impl<'t> From<Scalar<'t>> for Node<'t> {
    fn from(scalar: Scalar<'t>) -> Self {
        Self {
            kind: Kind::Scalar(scalar.text, scalar.style),
            span: scalar.span,
        }
    }
}

impl<'t> Road<'t> {
    fn byte(&self, at: usize) -> u8 {
        // The end reads as the end of a line.
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn is_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\n')
    }

    /// Whether an item of a list begins here.
    fn is_item(&self) -> bool {
        self.byte(self.at) == b'-' && self.is_blank(self.at + 1)
    }

    fn end_of_line(&self) -> usize {
        let rest = &self.bytes[self.at..];
        self.at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
    }

    /// What the scanner takes for the end of a dash or of a text in quotes: behind the spaces and a comment that follow.
    fn behind(&self) -> usize {
        let rest = &self.bytes[self.at..];
        let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
        if spaces > 0 && rest.get(spaces) == Some(&b'#') {
            self.end_of_line()
        } else {
            self.at + spaces
        }
    }

    fn skip_spaces(&mut self) {
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    /// Goes on to what stands next, over the ends of lines and comments. A comment begins a line, or follows a space.
    fn seek(&mut self) {
        loop {
            self.skip_spaces();
            match self.bytes.get(self.at) {
                Some(b'\n') => {
                    self.at += 1;
                    self.line = self.at;
                }
                Some(b'#') if self.at == self.line || self.bytes[self.at - 1] == b' ' => {
                    self.at = self.end_of_line();
                }
                _ => break,
            }
        }
    }

    /// The column of what stands here, at the beginning of a line or after dashes; `None` at the mark of a document, and at the
    /// end.
    fn column(&self) -> Option<usize> {
        let column = self.at - self.line;
        let is_mark = column == 0
            && [b"---", b"..."]
                .iter()
                .any(|mark| self.bytes[self.at..].starts_with(*mark));
        (!is_mark && !self.is_end()).then_some(column)
    }

    /// Ends the line of a value, and goes on to what stands next.
    fn end_line(&mut self) -> Option<()> {
        let line = self.line;
        self.seek();
        (self.line > line || self.is_end()).then_some(())
    }

    /// Whether a block at a column goes on with what stands here.
    fn goes_on(&self, column: usize) -> Option<bool> {
        if self.is_end() {
            return Some(false);
        }
        let next = self.column()?;
        // What stands deeper belongs to the value before, which then is none that this road knows.
        (next <= column).then_some(next == column)
    }

    fn count(&mut self) -> Option<()> {
        self.nodes += 1;
        (self.nodes <= MAX_NODES).then_some(())
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.count()?;
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }

    /// What begins here, at the beginning of a line or after a dash. Afterwards, as after all that stands in a block, what
    /// stands next is at hand.
    fn block(&mut self, column: usize, around: usize) -> Option<Node<'t>> {
        match self.byte(self.at) {
            b'-' if self.is_item() => self.nested(|road| road.list(column, false)),
            b'[' | b'{' => self.leaf(around),
            _ => {
                let scalar = self.scalar(false)?;
                if self.byte(self.at) == b':' && self.is_blank(self.at + 1) {
                    return self.nested(|road| road.mapping(column, scalar));
                }
                self.count()?;
                self.end_line()?;
                Some(scalar.into())
            }
        }
    }

    /// A value that is no block.
    fn leaf(&mut self, around: usize) -> Option<Node<'t>> {
        let node = match self.byte(self.at) {
            b'[' | b'{' => self.flow(around)?,
            _ => {
                self.count()?;
                self.scalar(false)?.into()
            }
        };
        self.end_line()?;
        Some(node)
    }

    /// What stands after a colon or dash, in a block at a column. `mark` is the place of a value that is not there.
    fn value(&mut self, column: usize, mark: usize, is_item: bool) -> Option<Node<'t>> {
        let line = self.line;
        self.seek();
        if !self.is_end() {
            let next = self.at - self.line;
            if self.line == line {
                return if is_item {
                    self.block(next, column)
                } else {
                    self.leaf(column)
                };
            }
            if self.column()? > column {
                return self.block(next, column);
            }
            if next == column && !is_item && self.is_item() {
                return self.nested(|road| road.list(column, true));
            }
        }
        self.count()?;
        Some(Node {
            kind: Kind::Scalar(Cow::Borrowed(""), Style::Plain),
            span: Span::new(mark..mark),
        })
    }

    /// A list. One that stands in the column of its key begins, for the scanner, behind its first dash.
    fn list(&mut self, column: usize, shares_column: bool) -> Option<Node<'t>> {
        let mut start = self.at;
        let mut items = Vec::new();
        loop {
            self.at += 1;
            let mark = self.behind();
            if shares_column && items.is_empty() {
                start = mark;
            }
            items.push(self.value(column, mark, true)?);
            if !self.goes_on(column)? {
                break;
            }
            if !self.is_item() {
                if shares_column {
                    break;
                }
                return None;
            }
        }
        let end = items.last()?.span.end as usize;
        Some(Node {
            kind: Kind::List(items),
            span: Span::new(start..end),
        })
    }

    fn mapping(&mut self, column: usize, first: Scalar<'t>) -> Option<Node<'t>> {
        let start = first.span.start as usize;
        let mut entries = Vec::new();
        let mut known = HashSet::new();
        let mut key = first;
        loop {
            let mark = self.at;
            self.at += 1;
            self.count()?;
            remember(&entries, &mut known, &key)?;
            let value = self.value(column, mark, false)?;
            entries.push(entry(key, value));
            if !self.goes_on(column)? {
                break;
            }
            if self.is_item() {
                return None;
            }
            key = self.key(false)?;
        }
        let last: &Entry<'t> = entries.last()?;
        let end = last.value.span.end.max(last.key_span.end) as usize;
        Some(Node {
            kind: Kind::Map(entries),
            span: Span::new(start..end),
        })
    }

    /// A key up to its colon.
    fn key(&mut self, in_flow: bool) -> Option<Scalar<'t>> {
        let key = self.scalar(in_flow)?;
        let is_key = self.byte(self.at) == b':' && self.is_blank(self.at + 1);
        (is_key && self.at - key.span.start as usize <= MAX_KEY).then_some(key)
    }

    /// A list or mapping in brackets, inside of a block at a column.
    fn flow(&mut self, block: usize) -> Option<Node<'t>> {
        match self.byte(self.at) {
            b'[' => self.nested(|road| road.flow_list(block)),
            b'{' => self.nested(|road| road.flow_mapping(block)),
            _ => {
                let scalar = self.scalar(true)?;
                self.count()?;
                Some(scalar.into())
            }
        }
    }

    /// Goes on inside of brackets; lines have to stand deeper than the block.
    fn seek_in_flow(&mut self, block: usize) -> Option<u8> {
        let line = self.line;
        self.seek();
        let is_inside = self.line == line || self.at - self.line > block;
        self.bytes.get(self.at).copied().filter(|_| is_inside)
    }

    fn flow_list(&mut self, block: usize) -> Option<Node<'t>> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        if self.seek_in_flow(block)? != b']' {
            loop {
                items.push(self.flow(block)?);
                match self.seek_in_flow(block)? {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return None,
                }
                self.seek_in_flow(block)?;
            }
        }
        self.at += 1;
        Some(Node {
            kind: Kind::List(items),
            span: Span::new(start..self.at),
        })
    }

    fn flow_mapping(&mut self, block: usize) -> Option<Node<'t>> {
        let start = self.at;
        self.at += 1;
        let mut entries = Vec::new();
        let mut known = HashSet::new();
        if self.seek_in_flow(block)? != b'}' {
            loop {
                let key = self.key(true)?;
                self.at += 1;
                self.count()?;
                remember(&entries, &mut known, &key)?;
                self.seek_in_flow(block)?;
                let value = self.flow(block)?;
                entries.push(entry(key, value));
                match self.seek_in_flow(block)? {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return None,
                }
                self.seek_in_flow(block)?;
            }
        }
        self.at += 1;
        Some(Node {
            kind: Kind::Map(entries),
            span: Span::new(start..self.at),
        })
    }

    fn scalar(&mut self, in_flow: bool) -> Option<Scalar<'t>> {
        match self.byte(self.at) {
            quote @ (b'\'' | b'"') => self.quoted(quote),
            _ => self.plain(in_flow),
        }
    }

    /// A text in quotes that ends on its line.
    fn quoted(&mut self, quote: u8) -> Option<Scalar<'t>> {
        let start = self.at;
        let mut copied = String::new();
        let mut from = start + 1;
        let mut at = from;
        loop {
            match self.byte(at) {
                b'\n' => return None,
                b'\\' if quote == b'"' => {
                    copied.push_str(&self.text[from..at]);
                    copied.push(match self.byte(at + 1) {
                        same @ (b'"' | b'\\' | b'/') => char::from(same),
                        b'n' => '\n',
                        b't' => '\t',
                        _ => return None,
                    });
                    at += 2;
                    from = at;
                }
                byte if byte != quote => at += 1,
                _ if quote == b'\'' && self.byte(at + 1) == b'\'' => {
                    copied.push_str(&self.text[from..=at]);
                    at += 2;
                    from = at;
                }
                _ => break,
            }
        }
        let last = &self.text[from..at];
        let text = if copied.is_empty() && from == start + 1 {
            Cow::Borrowed(last)
        } else {
            copied.push_str(last);
            Cow::Owned(copied)
        };
        self.at = at + 1;
        let end = self.behind();
        Some(Scalar {
            text,
            style: Style::Text,
            span: Span::new(start..end),
        })
    }

    /// A text without quotes, on its line.
    fn plain(&mut self, in_flow: bool) -> Option<Scalar<'t>> {
        let start = self.at;
        let begins = match self.byte(start) {
            b'-' => self.byte(start + 1).is_ascii_alphanumeric(),
            first => !first.is_ascii_whitespace() && !b"?:,[]{}#&*!|>'\"%@`".contains(&first),
        };
        if !begins {
            return None;
        }
        let rest = &self.bytes[start..];
        let mut length = 0;
        loop {
            length += rest[length..]
                .iter()
                .position(|&byte| ENDS[usize::from(byte)] != 0)
                .unwrap_or(rest.len() - length);
            match rest.get(length) {
                None | Some(b'\n') => break,
                Some(b':') => {
                    let next = self.byte(start + length + 1);
                    if matches!(next, b' ' | b'\n') {
                        break;
                    }
                    if in_flow && is_bracket(next) {
                        return None;
                    }
                }
                Some(b'#') if rest[length - 1] == b' ' => break,
                Some(b'#') => {}
                Some(_) if in_flow => break,
                Some(_) => {}
            }
            length += 1;
        }
        let text = self.text[start..start + length].trim_end_matches(' ');
        if in_flow && text.ends_with(" -") {
            return None;
        }
        self.at = start + text.len();
        Some(Scalar {
            text: Cow::Borrowed(text),
            style: Style::Plain,
            span: Span::new(start..self.at),
        })
    }
}

/// The bytes at which a text without quotes may end.
const ENDS: [u8; 256] = {
    let mut ends = [0; 256];
    let signs = b"\n:#,[]{}";
    let mut index = 0;
    while index < signs.len() {
        ends[signs[index] as usize] = 1;
        index += 1;
    }
    ends
};

const fn is_bracket(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

fn entry<'t>(key: Scalar<'t>, value: Node<'t>) -> Entry<'t> {
    Entry {
        key: key.text,
        key_span: key.span,
        value,
    }
}

/// `None` where a mapping has the key already. Only a mapping with many keys is worth an index.
fn remember<'t>(entries: &[Entry<'t>], known: &mut HashSet<Cow<'t, str>>, key: &Scalar<'t>) -> Option<()> {
    let is_new = if entries.len() < FEW_KEYS {
        entries.iter().all(|entry| entry.key != key.text)
    } else {
        if known.is_empty() {
            known.extend(entries.iter().map(|entry| entry.key.clone()));
        }
        known.insert(key.text.clone())
    };
    is_new.then_some(())
}

#[cfg(test)]
mod tests;
