//! Reading the value of a search parameter: what is wanted (`search.html#ptypes`).

use super::fold::fold;
use super::number::Decimal;
use crate::fhir::reference::is_id;
use crate::fhir::time::{Interval, parse_partial};
use crate::fhir::{Prefix, Reference, SearchParameterType};

/// One alternative of a criterion.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Token {
        system: System,
        code: Option<String>,
    },
    /// The text that goes with a code, folded.
    CodeText(String),
    /// An identifier of a type: system and code of the type, and the value.
    OfType {
        system: String,
        code: String,
        value: String,
    },
    /// A string, folded unless it has to be exact.
    Text {
        text: String,
        how: How,
    },
    Date {
        prefix: Prefix,
        interval: Interval,
    },
    Number {
        prefix: Prefix,
        number: Decimal,
    },
    Quantity {
        prefix: Prefix,
        number: Decimal,
        system: Option<String>,
        unit: Option<String>,
    },
    Uri {
        uri: String,
        how: Hierarchy,
    },
    /// A resource of this server.
    Local {
        resource_type: Option<String>,
        id: String,
    },
    /// A reference to somewhere else, compared as it is.
    Elsewhere(String),
    /// The identifier of a logical reference.
    ReferenceIdentifier {
        system: System,
        code: Option<String>,
    },
    Composite(Vec<Wanted>),
}

/// What is said about the system of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// `code`: nothing.
    Any,
    /// `|code`: there is none.
    None,
    /// `system|code`.
    Is(String),
}

/// How strings are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Starts,
    Contains,
    Exact,
}

/// How URIs are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hierarchy {
    Same,
    /// The wanted one or one below it.
    Below,
    /// The wanted one or one above it.
    Above,
}

impl Wanted {
    /// Reads one alternative, still escaped. `modifier` is that of the parameter. The error tells what is wrong with
    /// the value.
    pub fn parse(kind: SearchParameterType, modifier: Option<&str>, text: &str, base: &str) -> Result<Self, String> {
        use SearchParameterType as Kind;
        match (kind, modifier) {
            (Kind::Token, None | Some("not")) => token(text).map(|(system, code)| Self::Token { system, code }),
            (Kind::Token, Some("text")) => Ok(Self::CodeText(fold(&unescape(text)))),
            (Kind::Token, Some("of-type")) => match &split(text, '|')[..] {
                [system, code, value] if !code.is_empty() && !value.is_empty() => Ok(Self::OfType {
                    system: unescape(system),
                    code: unescape(code),
                    value: unescape(value),
                }),
                _ => Err("it is system|code|value".into()),
            },
            (Kind::String, None) => Ok(Self::Text {
                text: fold(&unescape(text)),
                how: How::Starts,
            }),
            (Kind::String, Some("contains")) => Ok(Self::Text {
                text: fold(&unescape(text)),
                how: How::Contains,
            }),
            (Kind::String, Some("exact")) => Ok(Self::Text {
                text: unescape(text),
                how: How::Exact,
            }),
            (Kind::Date, None) => {
                let (prefix, date) = Prefix::split(text);
                let interval = parse_partial(date).ok_or("it is no date")?;
                Ok(Self::Date { prefix, interval })
            }
            (Kind::Number, None) => {
                let (prefix, number) = number(text)?;
                Ok(Self::Number { prefix, number })
            }
            (Kind::Quantity, None) => quantity(text),
            (Kind::Uri, None) => Ok(Self::Uri {
                uri: unescape(text),
                how: Hierarchy::Same,
            }),
            (Kind::Uri, Some("below")) => Ok(Self::Uri {
                uri: unescape(text),
                how: Hierarchy::Below,
            }),
            (Kind::Uri, Some("above")) => Ok(Self::Uri {
                uri: unescape(text),
                how: Hierarchy::Above,
            }),
            (Kind::Reference, Some("identifier")) => {
                token(text).map(|(system, code)| Self::ReferenceIdentifier { system, code })
            }
            (Kind::Reference, resource_type) => reference(&unescape(text), resource_type, base),
            _ => Err("its modifier is not supported".into()),
        }
    }
}

fn token(text: &str) -> Result<(System, Option<String>), String> {
    let parts = split(text, '|');
    let code = |code: &str| (!code.is_empty()).then(|| unescape(code));
    match &parts[..] {
        [only] => Ok((System::Any, code(only))),
        ["", ""] => Err("it has neither a system nor a code".into()),
        ["", only] => Ok((System::None, code(only))),
        [system, rest] => Ok((System::Is(unescape(system)), code(rest))),
        _ => Err("it has more than one `|`".into()),
    }
}

fn number(text: &str) -> Result<(Prefix, Decimal), String> {
    let (prefix, digits) = Prefix::split(text);
    let number = Decimal::parse(digits).ok_or("it is no number that can be compared")?;
    Ok((prefix, number))
}

fn quantity(text: &str) -> Result<Wanted, String> {
    let parts = split(text, '|');
    let given = |part: &str| (!part.is_empty()).then(|| unescape(part));
    let (prefix, number) = number(parts.first().copied().unwrap_or_default())?;
    match &parts[1..] {
        [] => Ok(Wanted::Quantity {
            prefix,
            number,
            system: None,
            unit: None,
        }),
        [system, unit] => Ok(Wanted::Quantity {
            prefix,
            number,
            system: given(system),
            unit: given(unit),
        }),
        _ => Err("it is number|system|code".into()),
    }
}

fn reference(text: &str, modifier: Option<&str>, base: &str) -> Result<Wanted, String> {
    if is_id(text) {
        return Ok(Wanted::Local {
            resource_type: modifier.map(str::to_owned),
            id: text.to_owned(),
        });
    }
    match Reference::parse(text) {
        Some(literal) if literal.base.is_none_or(|known| known == base) => {
            if modifier.is_some_and(|modifier| modifier != literal.resource_type) {
                return Err(format!(
                    "it is a {}, but the modifier says otherwise",
                    literal.resource_type
                ));
            }
            Ok(Wanted::Local {
                resource_type: Some(literal.resource_type.to_owned()),
                id: literal.id.to_owned(),
            })
        }
        _ if text.contains(':') => Ok(Wanted::Elsewhere(text.to_owned())),
        _ => Err("it is neither an id nor a reference".into()),
    }
}

/// Splits at a separator that no backslash escapes (`search.html#escaping`); the parts stay escaped.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == separator {
            parts.push(&text[start..at]);
            start = at + letter.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Takes the backslashes off `\,`, `\|`, `\$` and `\\`; others stay.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(&next @ (',' | '|' | '$' | '\\')) if letter == '\\' => {
                plain.push(next);
                letters.next();
            }
            _ => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(kind: SearchParameterType, modifier: Option<&str>, text: &str) -> String {
        match Wanted::parse(kind, modifier, text, "http://x/fhir") {
            Ok(wanted) => format!("{wanted:?}"),
            Err(reason) => reason,
        }
    }

    #[test]
    fn escapes_protect_separators() {
        assert_eq!(split(r"a\,b,c\\,d", ','), [r"a\,b", r"c\\", "d"]);
        assert_eq!(split("", ','), [""]);
        assert_eq!(unescape(r"a\,b\|c\$d\\e\f\"), r"a,b|c$d\e\f\");
    }

    #[test]
    fn tokens_and_references_have_several_forms() {
        use SearchParameterType::{Reference, Token};
        for (kind, modifier, text, expected) in [
            (Token, None, "a", r#"Token { system: Any, code: Some("a") }"#),
            (Token, None, "|a", r#"Token { system: None, code: Some("a") }"#),
            (Token, None, "s|", r#"Token { system: Is("s"), code: None }"#),
            (
                Token,
                None,
                r"s|a\|b",
                r#"Token { system: Is("s"), code: Some("a|b") }"#,
            ),
            (Token, None, "|", "it has neither a system nor a code"),
            (Token, None, "a|b|c", "it has more than one `|`"),
            (
                Token,
                Some("of-type"),
                "s|c|v",
                r#"OfType { system: "s", code: "c", value: "v" }"#,
            ),
            (Token, Some("of-type"), "s|c", "it is system|code|value"),
            (Token, Some("above"), "a", "its modifier is not supported"),
            (Reference, None, "17", r#"Local { resource_type: None, id: "17" }"#),
            (
                Reference,
                Some("Patient"),
                "17",
                r#"Local { resource_type: Some("Patient"), id: "17" }"#,
            ),
            (
                Reference,
                None,
                "Patient/17",
                r#"Local { resource_type: Some("Patient"), id: "17" }"#,
            ),
            (
                Reference,
                None,
                "http://x/fhir/Patient/17",
                r#"Local { resource_type: Some("Patient"), id: "17" }"#,
            ),
            (
                Reference,
                None,
                "http://y/Patient/17",
                r#"Elsewhere("http://y/Patient/17")"#,
            ),
            (
                Reference,
                Some("Group"),
                "Patient/17",
                "it is a Patient, but the modifier says otherwise",
            ),
            (Reference, None, "a b", "it is neither an id nor a reference"),
        ] {
            assert_eq!(parse(kind, modifier, text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_values_are_refused() {
        use SearchParameterType::{Date, Number, Quantity};
        for (kind, text) in [
            (Date, "notadate"),
            (Date, "ge"),
            (Date, "2024-13"),
            (Number, "ten"),
            (Number, "gt"),
            (Quantity, "5|mg"),
            (Quantity, "|s|mg"),
        ] {
            assert!(Wanted::parse(kind, None, text, "").is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_value_panics(text in "\\PC{0,20}") {
            for kind in SearchParameterType::ALL {
                let _ = Wanted::parse(kind, None, &text, "http://x");
            }
            let _ = unescape(&split(&text, ',').join(","));
        }
    }
}
