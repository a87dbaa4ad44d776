//! Narrative: XHTML that is well-formed, safe and not empty (`narrative.html#xhtml`).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use super::violation::RuleKind;
use super::walk::Walk;

const SOURCE: &str = "https://hl7.org/fhir/narrative.html#xhtml";
const NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// HTML 4.0, chapters 7 to 11 (without section 4 of chapter 9) and 15, links, images and image maps.
const ELEMENTS: &str = " a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl \
    dt em font h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead \
    tr tt u ul var ";
/// What these elements may say of themselves in HTML 4.0.
const ATTRIBUTES: &str = " abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite class \
    clear color colspan compact coords dir face frame headers height href hreflang hspace id ismap lang longdesc name nohref noshade \
    nowrap rel rev rowspan rules scope shape size span src start style summary tabindex target title type usemap valign \
    value vspace width xmlns ";

/// Judges the text of a `div`.
pub(super) fn judge(walk: &mut Walk<'_>, value: &Value) {
    let Value::String(text) = value else { return };
    if let Some(problem) = problem(text) {
        walk.report(RuleKind::Narrative, SOURCE, problem, None);
    }
}

/// The first thing that is wrong with a narrative, in a sentence.
pub(super) fn problem(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let (mut depth, mut roots, mut has_content) = (0_usize, 0_usize, false);
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Some(format!("the narrative is no well-formed XML: {error}")),
        };
        match event {
            Event::Start(tag) | Event::Empty(tag) if depth == 0 && roots > 0 => {
                return Some(format!(
                    "the narrative is one `div`; `{}` stands beside it",
                    name_of(&tag)
                ));
            }
            Event::Start(tag) => {
                if let Some(problem) = judge_tag(&tag, depth == 0) {
                    return Some(problem);
                }
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Event::Empty(tag) => {
                if let Some(problem) = judge_tag(&tag, depth == 0) {
                    return Some(problem);
                }
                roots += usize::from(depth == 0);
                has_content |= matches!(name_of(&tag).as_str(), "img");
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(found) => {
                let is_blank = found.iter().all(u8::is_ascii_whitespace);
                if depth == 0 && !is_blank {
                    return Some("the narrative is one `div`; text stands beside it".to_owned());
                }
                has_content |= !is_blank;
            }
            Event::CData(_) | Event::GeneralRef(_) => has_content = true,
            Event::DocType(_) => return Some("the narrative must not hold a DOCTYPE".to_owned()),
            Event::PI(_) => return Some("the narrative must not hold a processing instruction".to_owned()),
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if depth > 0 || roots == 0 {
        return Some("the narrative is no well-formed XML: it ends before its elements do".to_owned());
    }
    (!has_content).then(|| "the narrative says nothing: it has neither text nor an image".to_owned())
}

fn name_of(tag: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(tag.name().as_ref()).into_owned()
}

fn listed(list: &str, name: &str) -> bool {
    list.split(' ').any(|known| !known.is_empty() && known == name)
}

fn judge_tag(tag: &BytesStart<'_>, is_root: bool) -> Option<String> {
    let name = name_of(tag);
    // A prefix may be bound to the namespace of XHTML.
    let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
    if is_root && local != "div" {
        return Some(format!("the narrative must be a `div`, found `{name}`"));
    }
    if !listed(ELEMENTS, local) {
        return Some(format!("`<{name}>` is not allowed in a narrative"));
    }
    let mut namespace = None;
    for attribute in tag.attributes() {
        let attribute = match attribute {
            Ok(attribute) => attribute,
            Err(error) => return Some(format!("the narrative is no well-formed XML: `<{name}>`: {error}")),
        };
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let value = String::from_utf8_lossy(&attribute.value).into_owned();
        if key == "xmlns" && prefix.is_empty() || key.strip_prefix("xmlns:").is_some_and(|bound| bound == prefix) {
            namespace = Some(value.clone());
        }
        if let Some(problem) = judge_attribute(&name, &key, &value) {
            return Some(problem);
        }
    }
    let is_xhtml = namespace.as_deref().is_none_or(|namespace| namespace == NAMESPACE);
    if !is_xhtml || is_root && namespace.is_none() {
        return Some(format!("the narrative's `{name}` must be in the namespace {NAMESPACE}"));
    }
    None
}

fn judge_attribute(element: &str, key: &str, value: &str) -> Option<String> {
    if key.starts_with("on") {
        return Some(format!(
            "`{key}` of `<{element}>` is an event; a narrative must not act"
        ));
    }
    let is_xml = key.starts_with("xml:") || key.starts_with("xmlns:");
    if !is_xml && !listed(ATTRIBUTES, key) {
        return Some(format!("`{key}` of `<{element}>` is not allowed in a narrative"));
    }
    // `&#10;` hides a line break, which browsers pass over.
    let value = quick_xml::escape::unescape(value).unwrap_or(value.into());
    let is_link = matches!(key, "href" | "src" | "cite" | "longdesc" | "usemap");
    let scheme: String = value
        .chars()
        .filter(|sign| !sign.is_whitespace() && !sign.is_control())
        .take(11)
        .collect();
    let is_code = ["javascript:", "vbscript:"]
        .iter()
        .any(|code| scheme.to_ascii_lowercase().starts_with(code));
    (is_link && is_code).then(|| format!("`{key}` of `<{element}>` runs a script; a narrative must not act"))
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn what_is_safe_passes_and_what_acts_does_not() {
        let around = |inner: &str| format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>");
        for safe in [
            "x",
            "<p class=\"a\">x &amp; y&nbsp;z</p>",
            "<img src=\"#a\" alt=\"b\"/>",
            "<table><tr><td>1</td></tr></table>",
            "<!-- c -->x",
        ] {
            assert_eq!(problem(&around(safe)), None, "{safe}");
        }
        for (unsafe_text, part) in [
            ("<script>x</script>", "`<script>` is not allowed"),
            ("<p onclick=\"x()\">x</p>", "`onclick`"),
            ("<a href=\" java&#10;script:x\">x</a>", "runs a script"),
            ("<a href=\"javascript:x\">x</a>", "runs a script"),
            ("<p>x", "well-formed"),
            ("<p a=b>x</p>", "well-formed"),
            ("<form>x</form>", "`<form>`"),
            ("  ", "says nothing"),
            ("<p/>", "says nothing"),
            ("<p data-x=\"1\">x</p>", "`data-x`"),
        ] {
            let found = problem(&around(unsafe_text)).unwrap_or_default();
            assert!(found.contains(part), "{unsafe_text}: {found}");
        }
        for (whole, part) in [
            ("<div>x</div>", "namespace"),
            ("<p xmlns=\"http://www.w3.org/1999/xhtml\">x</p>", "must be a `div`"),
            ("x", "beside"),
            ("", "ends before"),
            (
                "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div><div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
                "beside",
            ),
        ] {
            let found = problem(whole).unwrap_or_default();
            assert!(found.contains(part), "{whole}: {found}");
        }
    }
}
