//! The text of an expression, made ready for the engine.
//!
//! The engine strips comments and joins white space with no regard for string literals (`'a  b'` would become
//! `'a b'`), and it recurses as deep as the text asks it to. So comments and white space are settled here, what it
//! would spoil inside a literal is written as a `\u` escape, and nesting is limited. Offsets into the text that the engine
//! sees can be traced back to the author's text, for carets.

use super::FhirPathError;
use super::value::ITEMS;

/// No expression that a person writes is longer.
const LONGEST: usize = 20_000;
/// No expression that a person writes nests parentheses deeper.
const DEEPEST: usize = 40;
/// Operators in a row grow the tree in depth; no expression that a person writes has more.
const MOST_OPERATORS: usize = 1_500;

/// An expression as the engine gets it.
#[derive(Clone, Debug)]
pub(super) struct PreparedText {
    pub(super) text: String,
    /// For every byte of `text` the byte of the author's text that it comes from.
    origins: Vec<usize>,
    /// The names behind `%`, with where each stands in the author's text.
    pub(super) variables: Vec<(String, usize)>,
}

impl PreparedText {
    /// Where a byte of the prepared text comes from.
    pub(super) fn origin(&self, offset: usize) -> Option<usize> {
        self.origins.get(offset).copied()
    }

    /// Prepares an expression.
    ///
    /// # Errors
    /// When it is empty, too long or nested too deeply, or when a literal or a comment does not end.
    pub(super) fn prepare(source: &str) -> Result<Self, FhirPathError> {
        if source.len() > LONGEST {
            return Err(FhirPathError::at(
                format!("the expression is longer than {LONGEST} bytes"),
                LONGEST,
            ));
        }
        let mut scanner = Scanner {
            source,
            rest: source.char_indices().peekable(),
            prepared: Self {
                text: String::with_capacity(source.len()),
                origins: Vec::new(),
                variables: Vec::new(),
            },
            space_pending: false,
            depth: 0,
            operators: 0,
        };
        scanner.scan()?;
        if scanner.prepared.text.is_empty() {
            return Err(FhirPathError::at("the expression is empty", 0));
        }
        Ok(scanner.prepared)
    }
}

struct Scanner<'a> {
    source: &'a str,
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    prepared: PreparedText,
    space_pending: bool,
    depth: usize,
    operators: usize,
}

impl Scanner<'_> {
    fn scan(&mut self) -> Result<(), FhirPathError> {
        while let Some((at, found)) = self.rest.next() {
            let next = self.rest.peek().map(|(_, next)| *next);
            match found {
                _ if found.is_whitespace() => self.space_pending = true,
                '/' if next == Some('/') => self.skip_line(),
                '/' if next == Some('*') => self.skip_block(at)?,
                '\'' | '"' => self.copy_string(at, found)?,
                '`' => drop(self.copy_quoted(at, at)?),
                '%' => self.copy_variable(at)?,
                '(' | '[' | '{' => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        let message = format!("the expression nests deeper than {DEEPEST} levels");
                        return Err(FhirPathError::at(message, at));
                    }
                    self.push(found, at);
                }
                ')' | ']' | '}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.push(found, at);
                }
                _ if found.is_alphabetic() || found == '_' => self.copy_word(found, at)?,
                _ => {
                    self.count_operator(found, at)?;
                    self.push(found, at);
                }
            }
        }
        Ok(())
    }

    /// Copies a name. `Resource.id` asks for any resource, but the engine takes a type at the head of a path for the
    /// exact one.
    fn copy_word(&mut self, first: char, start: usize) -> Result<(), FhirPathError> {
        self.count_operator(first, start)?;
        let at_head = !self.prepared.text.ends_with(['.', '%', '$', '@']);
        let mut word = first.to_string();
        while let Some((_, next)) = self.rest.next_if(|(_, next)| next.is_alphanumeric() || *next == '_') {
            word.push(next);
        }
        let continues = self.rest.peek().is_some_and(|(_, next)| *next == '.');
        if at_head && continues && matches!(word.as_str(), "Resource" | "DomainResource") {
            let replaced = format!("ofType({word})");
            self.push('$', start);
            self.prepared.text.pop();
            self.prepared.origins.pop();
            self.append(&replaced, start);
            return Ok(());
        }
        // The engine's parser takes `notificationEvent` for `not` and something.
        if at_head && word.starts_with("not") && word != "not" && self.rest.peek().is_none_or(|(_, next)| *next != '(')
        {
            self.push('`', start);
            self.append(&word, start);
            self.append("`", start);
            return Ok(());
        }
        for (at, found) in word.char_indices() {
            self.push(found, start + at);
        }
        Ok(())
    }

    fn count_operator(&mut self, found: char, at: usize) -> Result<(), FhirPathError> {
        if found.is_alphabetic()
            || matches!(
                found,
                '+' | '-' | '*' | '/' | '|' | '&' | '=' | '~' | '<' | '>' | '!' | ','
            )
        {
            self.operators += 1;
        }
        if self.operators > MOST_OPERATORS {
            let message = format!("the expression has more than {MOST_OPERATORS} names and operators");
            return Err(FhirPathError::at(message, at));
        }
        Ok(())
    }

    fn push(&mut self, found: char, at: usize) {
        if std::mem::take(&mut self.space_pending) && !self.prepared.text.is_empty() {
            self.append(" ", at);
        }
        self.append(found.encode_utf8(&mut [0; 4]), at);
    }

    fn append(&mut self, text: &str, at: usize) {
        self.prepared.text.push_str(text);
        self.prepared.origins.resize(self.prepared.text.len(), at);
    }

    fn skip_line(&mut self) {
        self.space_pending = true;
        for (_, found) in self.rest.by_ref() {
            if matches!(found, '\n' | '\r') {
                return;
            }
        }
    }

    fn skip_block(&mut self, start: usize) -> Result<(), FhirPathError> {
        self.space_pending = true;
        self.rest.next();
        let mut before = '\0';
        for (_, found) in self.rest.by_ref() {
            if before == '*' && found == '/' {
                return Ok(());
            }
            before = found;
        }
        Err(FhirPathError::at("the comment that begins here does not end", start))
    }

    fn copy_string(&mut self, start: usize, quote: char) -> Result<(), FhirPathError> {
        self.push(quote, start);
        while let Some((at, found)) = self.rest.next() {
            match found {
                _ if found == quote => {
                    self.push(quote, at);
                    return Ok(());
                }
                '\\' => match self.rest.next() {
                    Some((_, escaped @ ('\'' | '"' | '\\' | '`'))) => self.escape(escaped, at),
                    Some((_, escaped)) => {
                        self.push('\\', at);
                        self.push(escaped, at);
                    }
                    None => break,
                },
                _ if found.is_whitespace() || matches!(found, '\'' | '"') => self.escape(found, at),
                _ => self.push(found, at),
            }
        }
        Err(FhirPathError::at("the string that begins here does not end", start))
    }

    fn escape(&mut self, found: char, at: usize) {
        let escaped = format!("\\u{:04x}", u32::from(found));
        self.append(&escaped, at);
    }

    /// Copies a name between backticks; the scanner stands behind the first one.
    fn copy_quoted(&mut self, start: usize, error_at: usize) -> Result<String, FhirPathError> {
        self.push('`', start);
        let mut name = String::new();
        for (at, found) in self.rest.by_ref() {
            self.prepared.text.push(found);
            self.prepared.origins.resize(self.prepared.text.len(), at);
            if found == '`' {
                return Ok(name);
            }
            name.push(found);
        }
        Err(FhirPathError::at("the name that begins here does not end", error_at))
    }

    fn copy_variable(&mut self, start: usize) -> Result<(), FhirPathError> {
        self.push('%', start);
        let name = match self.rest.peek() {
            Some((at, '`')) => {
                let at = *at;
                self.rest.next();
                self.copy_quoted(at, start)?
            }
            // The engine knows backticks only.
            Some((at, '\'')) => {
                let at = *at;
                self.rest.next();
                let name: String = self
                    .rest
                    .by_ref()
                    .map(|(_, found)| found)
                    .take_while(|found| *found != '\'')
                    .collect();
                self.append(&format!("`{name}`"), at);
                name
            }
            _ => {
                let mut name = String::new();
                while let Some((at, found)) = self.rest.next_if(|(_, next)| next.is_alphanumeric() || *next == '_') {
                    self.push(found, at);
                    name.push(found);
                }
                name
            }
        };
        if name.is_empty() {
            let found = self.source[start..]
                .chars()
                .nth(1)
                .map_or_else(|| "the end".to_owned(), |next| format!("`{next}`"));
            return Err(FhirPathError::at(
                format!("a name is expected behind `%`, found {found}"),
                start,
            ));
        }
        if !is_of_engine(&name) && !self.defines(&name) {
            self.append(&format!(".{ITEMS}"), start);
        }
        self.prepared.variables.push((name, start));
        Ok(())
    }

    /// Whether the expression itself makes this variable.
    fn defines(&self, name: &str) -> bool {
        let mut calls = self.source.match_indices("defineVariable");
        calls.any(|(at, call)| {
            let argument = self.source[at + call.len()..].trim_start_matches(|c: char| c.is_whitespace() || c == '(');
            let quoted = argument.strip_prefix(['\'', '"']).unwrap_or_default();
            quoted
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['\'', '"']))
        })
    }
}

/// Variables that FHIRPath and FHIR define: their values come from the engine.
pub(super) fn is_of_engine(name: &str) -> bool {
    let known = [
        "resource",
        "rootResource",
        "context",
        "ucum",
        "sct",
        "loinc",
        "terminologies",
        "factory",
        "server",
    ];
    known.contains(&name) || name.starts_with("vs-") || name.starts_with("ext-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(source: &str) -> PreparedText {
        PreparedText::prepare(source).unwrap()
    }

    #[test]
    fn comments_go_and_literals_stay() {
        assert_eq!(prepared("a //x\n + /* y */  b").text, "a + b");
        assert_eq!(prepared("'a  //b'").text, r"'a\u0020\u0020//b'");
        assert_eq!(prepared(r"'it\'s'").text, r"'it\u0027s'");
    }

    #[test]
    fn offsets_lead_back() {
        let text = prepared("a /* long */ + b");
        let offset = text.text.find('b').unwrap();
        assert_eq!(text.origin(offset), Some(15));
    }

    #[test]
    fn variables_are_listed() {
        let found = prepared("%a + %`b c` + '%no' + %'d'");
        assert_eq!(found.variables, [("a".into(), 0), ("b c".into(), 5), ("d".into(), 22)]);
        assert!(found.text.ends_with("%`d`.item"));
        assert_eq!(
            prepared("defineVariable('v', 1).select(%v)").text,
            "defineVariable('v', 1).select(%v)"
        );
        assert_eq!(prepared("%resource.id").text, "%resource.id");
    }

    #[test]
    fn what_does_not_end_is_an_error_at_its_beginning() {
        for (source, at) in [("a = 'x", 4), ("a /* b", 2), ("a.`b", 2), ("a + %", 4)] {
            assert_eq!(PreparedText::prepare(source).unwrap_err().offset, Some(at), "{source}");
        }
        assert!(PreparedText::prepare("  // nothing").is_err());
        assert!(PreparedText::prepare(&"(".repeat(41)).is_err());
        assert!(PreparedText::prepare(&"1+".repeat(5000)).is_err());
    }
}
