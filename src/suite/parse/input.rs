//! ASCII text as the scanner wants it: byte by byte. Suites are ASCII almost always, and reading them is the start of every
//! run; the scanner's own input decodes each character again at every look.

use saphyr_parser::Input;
use saphyr_parser::input::SkipTabs;

/// What is left of a text that is ASCII.
pub(super) struct Ascii<'t> {
    rest: &'t [u8],
}

impl<'t> Ascii<'t> {
    /// The scanner keeps room for so many characters more beside every scalar that it reads.
    const READ_AT_ONCE: usize = 16;

    /// `None` for a text that is not ASCII.
    pub fn new(text: &'t str) -> Option<Self> {
        text.is_ascii().then_some(Self { rest: text.as_bytes() })
    }

    /// The end of the text reads as NUL, as the trait wants it.
    #[inline]
    fn byte(&self, index: usize) -> u8 {
        self.rest.get(index).copied().unwrap_or(0)
    }

    /// How many bytes from here on are not among these.
    #[inline]
    fn until(&self, ends: impl Fn(u8) -> bool) -> usize {
        let end = self.rest.iter().position(|&byte| ends(byte));
        end.unwrap_or(self.rest.len())
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

const fn is_end_of_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

const fn is_flow_sign(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

impl Input for Ascii<'_> {
    #[inline]
    fn lookahead(&mut self, _: usize) {}

    #[inline]
    fn buflen(&self) -> usize {
        Self::READ_AT_ONCE
    }

    #[inline]
    fn bufmaxlen(&self) -> usize {
        Self::READ_AT_ONCE
    }

    #[inline]
    fn raw_read_ch(&mut self) -> char {
        let read = self.peek();
        self.skip();
        read
    }

    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        let read = self.peek();
        if matches!(read, '\n' | '\r' | '\0') {
            return None;
        }
        self.skip();
        Some(read)
    }

    #[inline]
    fn skip(&mut self) {
        self.skip_n(1);
    }

    #[inline]
    fn skip_n(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    #[inline]
    fn peek(&self) -> char {
        char::from(self.byte(0))
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        char::from(self.byte(n))
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        self.rest.first().copied().map(char::from)
    }

    // What follows has a default in the trait. These are asked at every character, so they look at bytes.

    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        match self.byte(0) {
            b':' => {
                let next = self.byte(1);
                !(is_blank(next) || is_end_of_line(next) || in_flow && is_flow_sign(next))
            }
            sign => !(in_flow && is_flow_sign(sign)),
        }
    }

    #[inline]
    fn next_is_blank_or_breakz(&self) -> bool {
        let byte = self.byte(0);
        is_blank(byte) || is_end_of_line(byte)
    }

    #[inline]
    fn skip_while_non_breakz(&mut self) -> usize {
        let count = self.until(is_end_of_line);
        self.skip_n(count);
        count
    }

    #[inline]
    fn skip_while_blank(&mut self) -> usize {
        let count = self.until(|byte| !is_blank(byte));
        self.skip_n(count);
        count
    }

    #[inline]
    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        let count = self.until(|byte| !(byte == b' ' || byte == b'\t' && skip_tabs != SkipTabs::No));
        let blanks = &self.rest[..count];
        let (has_tab, has_space) = (blanks.contains(&b'\t'), blanks.contains(&b' '));
        self.skip_n(count);
        if self.byte(0) != b'#' {
            return (count, Ok(SkipTabs::Result(has_tab, has_space)));
        }
        if !has_tab && !has_space {
            return (count, Err("comments must be separated from other tokens by whitespace"));
        }
        let comment = self.skip_while_non_breakz();
        (count + comment, Ok(SkipTabs::Result(has_tab, has_space)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr_parser::{Event, Parser, ScanError, Span};

    use super::*;

    /// Everything that a parser says of a text, to its end or its first error.
    fn said<'t, T: Input>(parser: Parser<'t, T>) -> Vec<Result<(Event<'t>, Span), ScanError>> {
        let mut said = Vec::new();
        for event in parser {
            let is_last = event.is_err();
            said.push(event);
            if is_last {
                break;
            }
        }
        said
    }

    fn compare(text: &str) {
        let ours = said(Parser::new(Ascii::new(text).expect("the text is ASCII")));
        assert_eq!(ours, said(Parser::new_from_str(text)), "{text:?}");
    }

    #[test]
    fn it_reads_as_the_scanners_own_input() {
        let suites = include_str!("../../../suites/http/read.yaml").replace(|other: char| !other.is_ascii(), "x");
        compare(&suites);
        for text in [
            "",
            "a: 'b''c'\nd: \"e\\n\\x41\\u0042 f\"\n",
            "a: |\n  b\n   c\n\n  d\ne: >-\n  f\n  g\n",
            "# comment\na: b # another\n\tc: d\n",
            "a: [b, {c: d}, 'e']\r\nf: &x g\r\nh: *x\r\n",
            "---\na: b\n...\n%YAML 1.2\n---\nc\n",
            "a: \u{0}b",
            "? a\n: b\n- !t c\n",
        ] {
            compare(text);
        }
        assert!(Ascii::new("größer").is_none());
    }

    proptest! {
        #[test]
        fn so_it_does_whatever_stands_there(text in "[a-c0 \\n\\r\\t:,'\"|>#&*!%?@`~{}\\[\\]\\\\.-]{0,60}") {
            compare(&text);
        }
    }
}
