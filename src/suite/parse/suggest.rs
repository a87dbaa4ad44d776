//! Guesses at what an author meant.

use super::keys;
use super::table::Table;

/// The known name that is nearest to a text, where one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Guessing costs the product of both lengths; nobody misspells a name of that size.
    if text.len() > 100 {
        return None;
    }
    let lower = text.to_lowercase();
    known
        .map(|name| {
            let plain = name.to_lowercase();
            let begins = plain.starts_with(&lower) || lower.starts_with(&plain);
            let likeness = strsim::normalized_damerau_levenshtein(&lower, &plain);
            (
                if begins && text.len() >= 3 {
                    likeness.max(0.7)
                } else {
                    likeness
                },
                name,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// The things that have a key, where another one was written: `an expectation or a header matcher`.
#[must_use]
pub fn home_of(key: &str, not: &Table) -> Option<String> {
    let homes: Vec<_> = keys::ALL
        .iter()
        .filter(|table| table.name != not.name && table.has(key))
        .map(|table| table.noun)
        .take(3)
        .collect();
    (!homes.is_empty()).then(|| homes.join(", or of "))
}

/// Names in a row, each marked as code.
#[must_use]
pub fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = || ["status", "headers", "body", "requirement"].into_iter();
        assert_eq!(nearest("stauts", known()), Some("status"));
        assert_eq!(nearest("Header", known()), Some("headers"));
        assert_eq!(nearest("require", known()), Some("requirement"));
        assert_eq!(nearest("b", known()), None);
        assert_eq!(nearest("timeout", known()), None);
        assert_eq!(nearest(&"status".repeat(100), known()), None);
    }

    #[test]
    fn a_misplaced_key_has_a_home() {
        assert_eq!(home_of("cases", &keys::STEP).as_deref(), Some("a suite"));
        assert_eq!(home_of("cases", &keys::SUITE), None);
    }
}
