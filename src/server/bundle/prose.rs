//! Links in texts for people: `a href` and `img src` of narratives, and the links of markdown (`http.html#trules`).
//!
//! Texts are parsed. Plain substitution would hit words that only look like links.

use std::ops::Range;

use pulldown_cmark::{Event as Markdown, Parser, Tag};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::writer::Writer;

/// A narrative with its links replaced; `None` where nothing changes, or where it is no XML.
pub(super) fn narrative(div: &str, replaced: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut reader = Reader::from_str(div);
    let mut writer = Writer::new(Vec::with_capacity(div.len()));
    let mut changed = false;
    loop {
        let event = match reader.read_event().ok()? {
            Event::Eof => break,
            Event::Start(tag) => Event::Start(linked(tag, replaced, &mut changed)?),
            Event::Empty(tag) => Event::Empty(linked(tag, replaced, &mut changed)?),
            other => other,
        };
        writer.write_event(event).ok()?;
    }
    changed.then(|| String::from_utf8(writer.into_inner()).ok()).flatten()
}

/// A tag with its link replaced; as it is where it has none. `None` where an attribute is malformed.
fn linked<'a>(
    tag: BytesStart<'a>,
    replaced: &dyn Fn(&str) -> Option<String>,
    changed: &mut bool,
) -> Option<BytesStart<'a>> {
    let wanted = match tag.local_name().as_ref() {
        b"a" => "href",
        b"img" => "src",
        _ => return Some(tag),
    };
    let mut attributes = Vec::new();
    let mut touched = false;
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let name = str::from_utf8(attribute.key.as_ref()).ok()?.to_owned();
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .ok()?
            .into_owned();
        let new = (name == wanted).then(|| replaced(&value)).flatten();
        touched |= new.is_some();
        attributes.push((name, new.unwrap_or(value)));
    }
    if !touched {
        return Some(tag);
    }
    *changed = true;
    let name = str::from_utf8(tag.name().as_ref()).ok()?.to_owned();
    let pairs = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Some(BytesStart::new(name).with_attributes(pairs))
}

/// A markdown text with the targets of its links and images replaced; `None` where nothing changes.
pub(super) fn markdown(text: &str, replaced: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut parser = Parser::new(text).into_offset_iter();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    // A link may be inside the text of an image and the other way round; each is told with its own range.
    for (event, range) in parser.by_ref() {
        if let Markdown::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            edits.extend(edit(text, range, &dest_url, replaced));
        }
    }
    let definitions = parser.reference_definitions().iter();
    for (_, definition) in definitions {
        edits.extend(edit(text, definition.span.clone(), &definition.dest, replaced));
    }
    edits.sort_by_key(|(range, _)| range.start);
    edits.dedup_by_key(|(range, _)| range.start);
    let mut result = text.to_owned();
    for (range, new) in edits.iter().rev() {
        result.replace_range(range.clone(), new);
    }
    (!edits.is_empty()).then_some(result)
}

/// Where in a link its target stands, and what takes its place. The target comes after the link's text, so the last one
/// is meant.
fn edit(
    text: &str,
    link: Range<usize>,
    target: &str,
    replaced: &dyn Fn(&str) -> Option<String>,
) -> Option<(Range<usize>, String)> {
    let new = replaced(target)?;
    let at = link.start + text.get(link)?.rfind(target)?;
    Some((at..at + target.len(), new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(url: &str) -> Option<String> {
        (url == "urn:uuid:a").then(|| "http://x/fhir/Patient/1?a&b".to_owned())
    }

    #[test]
    fn links_of_narratives_are_replaced_and_words_are_not() {
        for (before, after) in [
            (
                r#"<div xmlns="http://www.w3.org/1999/xhtml">urn:uuid:a <a title="urn:uuid:a" href="urn:uuid:a">urn:uuid:a</a><img src='urn:uuid:a' alt="&quot;"/></div>"#,
                Some(
                    r#"<div xmlns="http://www.w3.org/1999/xhtml">urn:uuid:a <a title="urn:uuid:a" href="http://x/fhir/Patient/1?a&amp;b">urn:uuid:a</a><img src="http://x/fhir/Patient/1?a&amp;b" alt="&quot;"/></div>"#,
                ),
            ),
            (
                r#"<div><a href="urn:uuid:ab">x</a> &amp; <b>urn:uuid:a</b></div>"#,
                None,
            ),
            (
                r#"<div><p href="urn:uuid:a"/><!-- <a href="urn:uuid:a"/> --></div>"#,
                None,
            ),
            (r#"<div><a href="urn:uuid:a"></div>"#, None),
            ("", None),
        ] {
            assert_eq!(narrative(before, &new).as_deref(), after, "{before}");
        }
    }

    #[test]
    fn links_of_markdown_are_replaced_and_words_are_not() {
        for (before, after) in [
            (
                "see [urn:uuid:a](urn:uuid:a) and ![x](urn:uuid:a 'title')",
                Some("see [urn:uuid:a](http://x/fhir/Patient/1?a&b) and ![x](http://x/fhir/Patient/1?a&b 'title')"),
            ),
            ("<urn:uuid:a>", Some("<http://x/fhir/Patient/1?a&b>")),
            (
                "[x][1]\n\n[1]: urn:uuid:a\n",
                Some("[x][1]\n\n[1]: http://x/fhir/Patient/1?a&b\n"),
            ),
            ("`[x](urn:uuid:a)` and urn:uuid:a", None),
            ("[x](urn:uuid:ab)", None),
        ] {
            assert_eq!(markdown(before, &new).as_deref(), after, "{before}");
        }
    }
}
