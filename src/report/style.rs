//! Colours of the console.

use std::fmt;

use anstyle::AnsiColor;

use crate::verdict::Verdict;

/// Whether the console report is coloured, and how wide it may be. Whoever opens the terminal decides (`NO_COLOR`, no terminal ...).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    colored: bool,
    width: Option<usize>,
}

/// What a piece of console text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A verdict's word.
    Verdict(Verdict),
    /// The name of a case.
    Name,
    /// What points somewhere: places, rules, sources.
    Quiet,
    /// A heading.
    Heading,
    /// The caret and its message.
    Caret,
    /// A line that a diff takes away.
    Minus,
    /// A line that a diff adds.
    Plus,
}

impl Style {
    /// Without colours.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            colored: false,
            width: None,
        }
    }

    /// With ANSI colours.
    #[must_use]
    pub const fn colored() -> Self {
        Self {
            colored: true,
            width: None,
        }
    }

    /// For a terminal that is so many columns wide.
    #[must_use]
    pub const fn within(self, width: usize) -> Self {
        Self {
            width: Some(width),
            ..self
        }
    }

    /// How wide the terminal is; `None` where there is none, and everything may be as wide as it is.
    pub(super) const fn width(self) -> Option<usize> {
        self.width
    }

    /// The text in the colour of its role.
    pub(super) fn paint<T: fmt::Display>(self, role: Role, text: T) -> Painted<T> {
        let style = if self.colored {
            role.style()
        } else {
            anstyle::Style::new()
        };
        Painted { style, text }
    }
}

impl Role {
    const fn style(self) -> anstyle::Style {
        let color = match self {
            Self::Verdict(Verdict::Fail) | Self::Caret | Self::Minus => AnsiColor::Red,
            Self::Verdict(Verdict::Error) => AnsiColor::Magenta,
            Self::Verdict(Verdict::Warning) => AnsiColor::Yellow,
            Self::Verdict(Verdict::Pass) | Self::Plus => AnsiColor::Green,
            Self::Verdict(Verdict::Skip | Verdict::Inapplicable) => AnsiColor::Cyan,
            Self::Name | Self::Heading => return anstyle::Style::new().bold(),
            Self::Quiet => return anstyle::Style::new().dimmed(),
        };
        let style = color.on_default();
        if matches!(self, Self::Verdict(_)) {
            style.bold()
        } else {
            style
        }
    }
}

/// A text between its escapes.
pub(super) struct Painted<T> {
    style: anstyle::Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style)?;
        self.text.fmt(f)?;
        write!(f, "{:#}", self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escapes() {
        let role = Role::Verdict(Verdict::Fail);
        assert_eq!(Style::plain().paint(role, "FAIL").to_string(), "FAIL");
        assert_eq!(
            Style::colored().paint(role, "FAIL").to_string(),
            "\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m"
        );
        assert_eq!(
            Style::plain().paint(Role::Name, format_args!("{:>3}", 1)).to_string(),
            "  1"
        );
    }
}
