//! Matchers of status, headers and body.

use std::collections::{HashMap, hash_map};

use super::body;
use super::keys;
use super::reader::{Fields, Reader};
use super::values::gather;
use super::yaml::{Entry, FEW_KEYS, Kind, Node};
use crate::source::Spanned;
use crate::suite::assertion::{BodyMatcher, DateBound, HeaderMatcher, StatusMatcher, StatusPattern};

/// Reads what a status has to be.
pub fn status(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Spanned<StatusMatcher>> {
    let matcher = match &node.kind {
        Kind::Map(_) => {
            let fields = reader.fields(node, &keys::STATUS_TABLE)?;
            match fields.entry("not") {
                Some(entry) => {
                    if let Some(other) = fields.known().find(|other| other.key != "not") {
                        let message = format!("`not` and `{}` do not go together", other.key);
                        let help = "say what passes, or what does not";
                        reader.error("two-choices", other.key_span, message, help);
                    }
                    StatusMatcher::Not(patterns(reader, &entry.value))
                }
                None => judged(reader, &fields)?,
            }
        }
        _ => StatusMatcher::Judged {
            pass: patterns(reader, node),
            note: Box::default(),
            warn: Box::default(),
            because: None,
        },
    };
    Some(Spanned::new(matcher, node.span))
}

fn judged(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Option<StatusMatcher> {
    let mut of = |key| fields.get(key).map(|node| patterns(reader, node)).unwrap_or_default();
    let (pass, note, warn) = (of("pass"), of("note"), of("warn"));
    let because = fields
        .get("because")
        .map(|node| reader.sentence(Some(node), "`because`").into());
    if fields.get("pass").is_none() {
        let help = "write `pass:` and the status that the requirement asks for";
        reader.error("missing-key", fields.span, "a judged status needs `pass`", help);
        return None;
    }
    for (key, list, better) in [("note", &note, vec![&pass]), ("warn", &warn, vec![&pass, &note])] {
        let Some(node) = fields.get(key) else { continue };
        let covered = |one: &&StatusPattern| better.iter().any(|list| list.iter().any(|other| covers(*other, **one)));
        if let Some(pattern) = list.iter().find(covered) {
            let message = format!(
                "`{}` in `{key}` is allowed already, so it is never judged here",
                written(*pattern)
            );
            reader.error("contradicting-status", node.span, message, "name each status once");
        }
    }
    Some(StatusMatcher::Judged {
        pass,
        note,
        warn,
        because,
    })
}

/// Whether all that one pattern matches is matched by another already.
const fn covers(other: StatusPattern, one: StatusPattern) -> bool {
    match (other, one) {
        (StatusPattern::Class(other), StatusPattern::Class(one)) => other == one,
        (_, StatusPattern::Code(code)) => other.matches(code),
        (StatusPattern::Code(_), StatusPattern::Class(_)) => false,
    }
}

fn written(pattern: StatusPattern) -> String {
    match pattern {
        StatusPattern::Code(code) => code.to_string(),
        StatusPattern::Class(class) => format!("{class}xx"),
    }
}

fn patterns(reader: &mut Reader<'_>, node: &Node<'_>) -> Box<[StatusPattern]> {
    let items = reader.one_or_many(node, "a status");
    let mut patterns: Vec<StatusPattern> = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = reader.text(item, "a status") else {
            continue;
        };
        let Some(pattern) = pattern(text.value) else {
            let help = "write a code from 100 to 599, or a class such as `4xx`";
            reader.error(
                "bad-status",
                text.span,
                format!("`{}` is no HTTP status", text.value),
                help,
            );
            continue;
        };
        if patterns
            .iter()
            .any(|&known| covers(known, pattern) || covers(pattern, known))
        {
            let message = format!("`{}` says something twice", text.value);
            reader.error("duplicate-value", text.span, message, "name each status once");
        }
        patterns.push(pattern);
    }
    patterns.into()
}

fn pattern(text: &str) -> Option<StatusPattern> {
    let bytes = text.as_bytes();
    let (&class, rest) = bytes.split_first()?;
    if bytes.len() != 3 || !(b'1'..=b'5').contains(&class) {
        return None;
    }
    if rest == b"xx" {
        return Some(StatusPattern::Class(u16::from(class - b'0')));
    }
    rest.iter()
        .all(u8::is_ascii_digit)
        .then(|| text.parse().ok().map(StatusPattern::Code))?
}

/// Reads what headers have to be.
pub fn headers(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<(Spanned<String>, Spanned<HeaderMatcher>)> {
    let entries = reader.entries(node, "`headers`");
    if entries.is_empty() && matches!(node.kind, Kind::Map(_)) {
        reader.error(
            "empty-list",
            node.span,
            "`headers` names no header",
            "leave the key out, or name one",
        );
    }
    let mut headers: Vec<(Spanned<String>, Spanned<HeaderMatcher>)> = Vec::with_capacity(entries.len());
    let mut names = HeaderNames::default();
    for entry in entries {
        let name = names.read(reader, entry);
        if let Some(matcher) = header(reader, &entry.value, &entry.key) {
            headers.push((name, Spanned::new(matcher, entry.value.span)));
        }
    }
    headers
}

/// The names of one list of headers.
#[derive(Default)]
pub struct HeaderNames<'n> {
    few: Vec<&'n str>,
    /// Once there are many: by what they are without case.
    many: HashMap<String, &'n str>,
}

impl<'n> HeaderNames<'n> {
    /// Reads the next name, and reports what can be none, and one that was there before.
    pub fn read(&mut self, reader: &mut Reader<'_>, entry: &'n Entry<'_>) -> Spanned<String> {
        let name = Spanned::new(entry.key.clone().into_owned(), entry.key_span);
        header_name(reader, &name);
        if let Some(first) = self.first(&entry.key) {
            let message = format!("`{first}` and `{}` are one header", entry.key);
            reader.error(
                "duplicate-key",
                entry.key_span,
                message,
                "names of headers are compared without case",
            );
        }
        name
    }

    /// The same name as it was written before; remembers it where there is none.
    fn first(&mut self, name: &'n str) -> Option<&'n str> {
        if self.few.len() < FEW_KEYS {
            let first = self.few.iter().find(|known| known.eq_ignore_ascii_case(name));
            return first.copied().or_else(|| {
                self.few.push(name);
                None
            });
        }
        if self.many.is_empty() {
            let few = self.few.iter().map(|known| (known.to_ascii_lowercase(), *known));
            self.many.extend(few);
        }
        match self.many.entry(name.to_ascii_lowercase()) {
            hash_map::Entry::Occupied(first) => Some(first.get()),
            hash_map::Entry::Vacant(place) => {
                place.insert(name);
                None
            }
        }
    }
}

/// Reports what can be no name of a header (RFC 9110, section 5.1).
fn header_name(reader: &mut Reader<'_>, name: &Spanned<String>) {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        let help = "letters, digits and dashes, such as `If-None-Match`";
        reader.error(
            "bad-name",
            name.span,
            format!("`{}` cannot name a header", name.value),
            help,
        );
    }
}

fn header(reader: &mut Reader<'_>, node: &Node<'_>, name: &str) -> Option<HeaderMatcher> {
    let what = format_args!("`{name}`");
    let Kind::Map(_) = node.kind else {
        if node.is_nothing() {
            let message = format!("{what} has to be a text, a list or a mapping, and this is nothing");
            reader.error(
                "wrong-type",
                node.span,
                message,
                "write `{ present: false }` where it must not be there",
            );
            return None;
        }
        let texts = reader.templates(node, what);
        return (!texts.is_empty()).then_some(HeaderMatcher::OneOf(texts));
    };
    let fields = reader.fields(node, &keys::HEADER_TABLE)?;
    let entry = fields.known().next()?;
    let value = &entry.value;
    let what = format_args!("`{}`", entry.key);
    let template = |reader: &mut Reader<'_>| reader.template(value, what).map(|text| text.value);
    let templates = |reader: &mut Reader<'_>| Some(reader.templates(value, what)).filter(|texts| !texts.is_empty());
    match &*entry.key {
        "present" => reader.flag(value, what).map(HeaderMatcher::Present),
        "is" => template(reader).map(|text| HeaderMatcher::OneOf(vec![text])),
        "not" => templates(reader).map(HeaderMatcher::Not),
        "one-of" => {
            reader.list(value, what);
            templates(reader).map(HeaderMatcher::OneOf)
        }
        "matches" => reader
            .regex(value, what)
            .map(|regex| HeaderMatcher::Matches(Box::new(regex))),
        "includes" => templates(reader).map(HeaderMatcher::Includes),
        "media-type" => {
            let items = reader.one_or_many(value, what);
            let types = gather(items, |item| media_type(reader, item));
            (!types.is_empty()).then_some(HeaderMatcher::MediaType(types))
        }
        "version" => template(reader).map(HeaderMatcher::Version),
        "reference" => template(reader).map(HeaderMatcher::Reference),
        "http-date" => {
            if reader.flag(value, what) == Some(false) {
                let help = "leave it out, or say what the header has to be";
                reader.error("wrong-type", value.span, "`http-date` can only be `true`", help);
            }
            Some(HeaderMatcher::HttpDate)
        }
        "not-before" => template(reader).map(|text| HeaderMatcher::Date(DateBound::NotBefore, text)),
        _ => template(reader).map(|text| HeaderMatcher::Date(DateBound::NotAfter, text)),
    }
}

fn media_type(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let text = reader.string(node, "`media-type`")?;
    let is_plain = text.split('/').count() == 2 && !text.contains([';', ' ', '$']) && !text.starts_with('/');
    if !is_plain {
        let help = "write type and subtype without parameters: `application/fhir+json`";
        reader.error(
            "bad-media-type",
            text.span,
            format!("`{}` is no plain media type", text.value),
            help,
        );
    }
    Some(text.value)
}

/// Reads what a body has to be.
pub fn body(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<Spanned<BodyMatcher>> {
    let Some(fields) = reader.fields(node, &keys::BODY_MATCHER) else {
        return Vec::new();
    };
    let mut matchers = Vec::with_capacity(1);
    for entry in fields.known() {
        let value = &entry.value;
        let mut put =
            |matcher: Option<BodyMatcher>| matchers.extend(matcher.map(|matcher| Spanned::new(matcher, value.span)));
        match &*entry.key {
            "empty" => put(reader.flag(value, "`empty`").map(BodyMatcher::Empty)),
            "like" => put(body::body(reader, value, "`like`").map(|body| BodyMatcher::Like(Box::new(body)))),
            "same-as" => put(body::body(reader, value, "`same-as`").map(|body| BodyMatcher::SameAs(Box::new(body)))),
            "schema" => put(reader
                .template(value, "`schema`")
                .map(|text| BodyMatcher::Schema(text.value))),
            "fhirpath" => matchers.extend(reader.fhirpaths(value, "`fhirpath`").into_iter().map(|path| {
                let span = path.text.span;
                Spanned::new(BodyMatcher::FhirPath(path), span)
            })),
            _ => text(reader, value, &mut matchers),
        }
    }
    matchers.shrink_to_fit();
    matchers
}

fn text(reader: &mut Reader<'_>, node: &Node<'_>, matchers: &mut Vec<Spanned<BodyMatcher>>) {
    let Some(fields) = reader.fields(node, &keys::BODY_TEXT) else {
        return;
    };
    for entry in fields.known() {
        let value = &entry.value;
        let matcher = match &*entry.key {
            "is" => reader
                .template(value, "`is`")
                .map(|text| BodyMatcher::TextIs(text.value)),
            "not" => reader
                .template(value, "`not`")
                .map(|text| BodyMatcher::TextNot(text.value)),
            _ => reader
                .regex(value, "`matches`")
                .map(|regex| BodyMatcher::TextMatches(Box::new(regex))),
        };
        matchers.extend(matcher.map(|matcher| Spanned::new(matcher, value.span)));
    }
}
