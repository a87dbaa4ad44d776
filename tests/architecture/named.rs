//! Which modules and crates the tokens of a source file name.

use std::collections::BTreeSet;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a file names.
#[derive(Debug, Default)]
pub struct Named {
    /// Modules of the crate's top level.
    pub modules: BTreeSet<String>,
    /// The first two segments of all other paths; the second is empty for a lone word.
    pub others: BTreeSet<(String, String)>,
}

/// Reads a file's tokens, but for those of items under `#[cfg(test)]`. `depth` is how deep its module lies below the crate.
pub fn named(source: &str, depth: usize) -> Named {
    let tokens = TokenStream::from_str(source).expect("the file was compiled before");
    let mut named = Named::default();
    walk(tokens, depth, &mut named);
    named
}

fn walk(tokens: TokenStream, depth: usize, named: &mut Named) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            // The item that the attribute stands before ends with a block or a semicolon.
            at += 2;
            while tokens.get(at).is_some_and(|token| !ends_item(token)) {
                at += 1;
            }
            at += 1;
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => walk(group.stream(), depth, named),
            TokenTree::Ident(_) => {
                let begins_path = at < 2 || !is_colons(&tokens[at - 2..at]);
                if begins_path {
                    path(&tokens[at..], depth, named);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// A path that begins here: `crate::x`, `super::super::x`, `std::fs`, `std::{fs, io}`.
fn path(tokens: &[TokenTree], depth: usize, named: &mut Named) {
    let Some(first) = ident(tokens.first()) else { return };
    let mut at = 0;
    let mut supers = 0;
    while ident(tokens.get(at)).as_deref() == Some("super") && is_colons(&tokens[at + 1..]) {
        supers += 1;
        at += 3;
    }
    let from_root = first == "crate" || (supers > 0 && supers >= depth);
    if supers > 0 && !from_root {
        return;
    }
    if supers == 0 {
        at = if is_colons(&tokens[1..]) { 3 } else { 1 };
    }
    let seconds: Vec<String> = if at == 1 {
        vec![String::new()]
    } else {
        match tokens.get(at) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => first_idents(group.stream()),
            other => ident(other).into_iter().collect(),
        }
    };
    for second in seconds {
        if !from_root {
            named.others.insert((first.clone(), second));
        } else if !second.is_empty() {
            named.modules.insert(second);
        }
    }
}

/// The first word of each part of a `{a::b, c}`.
fn first_idents(group: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    let mut is_first = true;
    for token in group {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => is_first = true,
            TokenTree::Ident(word) if is_first => {
                words.push(word.to_string());
                is_first = false;
            }
            _ => {}
        }
    }
    words
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(word)) => Some(word.to_string()),
        _ => None,
    }
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    is_colon(tokens.first()) && is_colon(tokens.get(1))
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        _ => false,
    }
}

fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] if hash.as_char() == '#' => {
            attribute.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

#[test]
fn the_reading_of_code_finds_every_form_of_import() {
    let source = r#"
        //! crate::in_docs
        use crate::plain::Thing;
        use crate::{grouped::{deep, deeper}, also};
        use super::sibling::Thing;
        use super::super::upstairs::Thing;
        use std::{fs, io::Read};
        pub(crate) fn f(x: crate::argument::T) -> &'static str { crate::called::g(); tokio::spawn(x); "crate::in_text" }
        #[cfg(test)]
        mod tests { use crate::tested::T; }
        #[cfg(test)]
        use crate::also_tested;
    "#;
    let named = named(source, 2);
    let modules: Vec<&str> = named.modules.iter().map(String::as_str).collect();
    assert_eq!(modules, ["also", "argument", "called", "grouped", "plain", "upstairs"]);
    for (first, second) in [("std", "fs"), ("std", "io"), ("tokio", "spawn")] {
        assert!(
            named.others.contains(&(first.into(), second.into())),
            "{first}::{second}"
        );
    }
}
