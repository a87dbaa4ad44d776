//! Narrative on its way into XML: JSON keeps it as text, which has to stand among elements as it is.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::XHTML;

/// The names of HTML that people use most; XML knows none of them, so that they are written as numbers.
const NAMED: [(&str, &str); 20] = [
    ("nbsp", "&#160;"),
    ("copy", "&#169;"),
    ("reg", "&#174;"),
    ("deg", "&#176;"),
    ("plusmn", "&#177;"),
    ("micro", "&#181;"),
    ("middot", "&#183;"),
    ("frac12", "&#189;"),
    ("times", "&#215;"),
    ("ndash", "&#8211;"),
    ("mdash", "&#8212;"),
    ("lsquo", "&#8216;"),
    ("rsquo", "&#8217;"),
    ("ldquo", "&#8220;"),
    ("rdquo", "&#8221;"),
    ("bull", "&#8226;"),
    ("hellip", "&#8230;"),
    ("euro", "&#8364;"),
    ("rarr", "&#8594;"),
    ("le", "&#8804;"),
];

/// The text of a `div` as it may stand in a document of XML.
///
/// # Errors
/// Why it may not.
pub(super) fn embeddable(text: &str) -> Result<Cow<'_, str>, String> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots, mut namespace) = (0_usize, 0_usize, None);
    let mut name_end = 0;
    let mut replaced: Vec<(usize, usize, &str)> = Vec::new();
    let wrong = |why: &str| Err(format!("the narrative {why}"));
    loop {
        let begin = position(&reader);
        let event = reader
            .read_event()
            .map_err(|error| format!("the narrative is no well-formed XML: {error}"))?;
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                if depth == 0 {
                    roots += 1;
                    name_end = begin + 1 + tag.name().as_ref().len();
                    namespace = bound(tag.name().prefix().map(|prefix| prefix.into_inner().to_vec()), tag);
                }
                for attribute in tag.attributes() {
                    let attribute =
                        attribute.map_err(|error| format!("the narrative is no well-formed XML: {error}"))?;
                    let value = String::from_utf8_lossy(&attribute.value);
                    if value.contains('<') || quick_xml::escape::unescape(&value).is_err() {
                        return wrong("has an attribute that XML cannot hold");
                    }
                }
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::GeneralRef(found) if depth > 0 => {
                let name = String::from_utf8_lossy(&found).into_owned();
                if found.is_char_ref() {
                    if !matches!(found.resolve_char_ref(), Ok(Some(letter)) if super::is_character(letter)) {
                        return wrong(&format!("refers to a character that is none: `&{name};`"));
                    }
                } else if quick_xml::escape::resolve_predefined_entity(&name).is_none() {
                    let Some((_, number)) = NAMED.iter().find(|(known, _)| *known == name) else {
                        return wrong(&format!("uses `&{name};`, which XML does not know"));
                    };
                    replaced.push((begin, position(&reader), number));
                }
            }
            Event::Text(found) if depth == 0 && found.iter().all(u8::is_ascii_whitespace) => {}
            Event::Text(_) | Event::CData(_) if depth > 0 => {}
            Event::Comment(_) | Event::PI(_) => {}
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => return wrong("has text beside its `div`"),
            Event::DocType(_) => return wrong("has a DOCTYPE"),
            Event::Decl(_) => return wrong("has a declaration of XML"),
            Event::Eof => break,
        }
    }
    if depth > 0 || roots != 1 {
        return wrong("is not one whole element");
    }
    if namespace.is_none() {
        replaced.insert(0, (name_end, name_end, ""));
    }
    if replaced.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut whole = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for (from, to, new) in replaced {
        whole.push_str(&text[at..from]);
        if new.is_empty() {
            // Without it the `div` would be one of FHIR's own elements.
            whole.push_str(&format!(" xmlns=\"{XHTML}\""));
        }
        whole.push_str(new);
        at = to;
    }
    whole.push_str(&text[at..]);
    Ok(Cow::Owned(whole))
}

/// Where the next event begins.
fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The namespace that an element binds its own prefix to.
fn bound(prefix: Option<Vec<u8>>, tag: &quick_xml::events::BytesStart<'_>) -> Option<()> {
    let key = match prefix {
        Some(prefix) => [b"xmlns:".to_vec(), prefix].concat(),
        None => b"xmlns".to_vec(),
    };
    let mut attributes = tag.attributes().flatten();
    attributes
        .any(|attribute| attribute.key.as_ref() == key.as_slice())
        .then_some(())
}
