//! Discriminators: by what the items of a sliced element are told apart (`profiling.html#discriminator`).

/// One discriminator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Discriminator {
    /// What is compared.
    pub(super) kind: Kind,
    /// The way to it from an item; empty for `$this`.
    pub(super) path: Vec<Step>,
    /// As it is written.
    pub(super) text: String,
}

/// What a discriminator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value, with what is fixed, a pattern, or a value set. `pattern` is an older word for it.
    Value,
    /// Whether there is one.
    Exists,
    /// The type.
    Type,
    /// Whether a profile holds.
    Profile,
    /// The place in the list.
    Position,
}

/// One step of a discriminator's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An element, without `[x]`.
    Child(String),
    /// The extension of this URL.
    Extension(String),
    /// What a reference points at.
    Resolve,
    /// Only what is of this type.
    OfType(String),
}

impl Kind {
    /// Reads the code of a kind.
    ///
    /// # Errors
    /// When there is no such kind.
    pub(super) fn read(code: &str) -> Result<Self, String> {
        Ok(match code {
            "value" | "pattern" => Self::Value,
            "exists" => Self::Exists,
            "type" => Self::Type,
            "profile" => Self::Profile,
            "position" => Self::Position,
            _ => return Err(format!("`{code}` is no kind of discriminator")),
        })
    }
}

impl Discriminator {
    /// Reads a path in the subset of FHIRPath that discriminators have.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn read(kind: Kind, text: &str) -> Result<Self, String> {
        let mut path = Vec::new();
        let mut rest = text.trim();
        let wrong = || format!("the discriminator's path `{text}` is none that is understood here");
        while !rest.is_empty() {
            let end = rest.find(['.', '(']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let (argument, after) = match after.strip_prefix('(') {
                None => (None, after),
                Some(inside) => {
                    let (argument, after) = argument(inside).ok_or_else(wrong)?;
                    (Some(argument), after)
                }
            };
            match (name.trim(), argument) {
                ("$this", None) => {}
                ("resolve", Some("")) => path.push(Step::Resolve),
                ("extension", Some(url)) if !url.is_empty() => path.push(Step::Extension(url.to_owned())),
                ("ofType", Some(name)) if !name.is_empty() => {
                    path.push(Step::OfType(name.rsplit('.').next().unwrap_or(name).to_owned()));
                }
                (name, None) if is_name(name) => {
                    path.push(Step::Child(name.strip_suffix("[x]").unwrap_or(name).to_owned()));
                }
                _ => return Err(wrong()),
            }
            rest = match after.strip_prefix('.') {
                Some("") => return Err(wrong()),
                Some(after) => after,
                None if after.is_empty() => after,
                None => return Err(wrong()),
            };
        }
        Ok(Self {
            kind,
            path,
            text: text.to_owned(),
        })
    }
}

/// What stands in parentheses, without quotes, and what comes after them.
fn argument(inside: &str) -> Option<(&str, &str)> {
    let inside = inside.trim_start();
    if let Some(quoted) = inside.strip_prefix('\'') {
        let (text, after) = quoted.split_once('\'')?;
        return Some((text, after.trim_start().strip_prefix(')')?));
    }
    let (text, after) = inside.split_once(')')?;
    Some((text.trim(), after))
}

fn is_name(name: &str) -> bool {
    let plain = name.strip_suffix("[x]").unwrap_or(name);
    !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let steps = |text: &str| Discriminator::read(Kind::Value, text).map(|found| found.path);
        let child = |name: &str| Step::Child(name.to_owned());
        assert_eq!(steps("$this"), Ok(vec![]));
        assert_eq!(steps("$this.coding.code"), Ok(vec![child("coding"), child("code")]));
        assert_eq!(
            steps("entry.resolve().code"),
            Ok(vec![child("entry"), Step::Resolve, child("code")])
        );
        let extension = Step::Extension("http://x.org/a.b(c)".to_owned());
        assert_eq!(
            steps("extension('http://x.org/a.b(c)').value"),
            Ok(vec![extension, child("value")])
        );
        assert_eq!(
            steps("value.ofType(FHIR.Coding).code"),
            Ok(vec![child("value"), Step::OfType("Coding".to_owned()), child("code")])
        );
        assert_eq!(steps("value[x]"), Ok(vec![child("value")]));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "a..b",
            "where(x = 1)",
            "a.",
            "extension(",
            "extension('x",
            "a b",
            "resolve().",
            "first()",
            "resolve()x",
        ] {
            let found = Discriminator::read(Kind::Value, text);
            assert!(found.is_err(), "{text}: {found:?}");
        }
    }
}
