//! Pages: a page is a place in a result that stays as the first page saw it (`http.html#paging`).
//!
//! Links carry the number of the write that the result was seen after. Versions are never removed, so the same
//! result can be had again at any time: pages neither repeat nor miss anything, nothing expires, and nothing is kept
//! between requests.

use crate::fhir::BundleBuilder;
use crate::server::Options;
use crate::server::query::{Pairs, single, write};
use crate::server::reply::Refusal;

/// The parameter of links that tells the page. Clients leave it as it is.
pub(in crate::server) const PARAMETER: &str = "_page";

/// A place in a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Page {
    /// The state that the result is of; none for the first request, which takes the present one.
    pub snapshot: Option<u64>,
    /// How many matches lie before the page.
    pub offset: usize,
}

/// Begins a Bundle of a type.
pub(in crate::server) fn bundle(kind: &'static str) -> BundleBuilder {
    BundleBuilder::new(kind)
}

/// The size of a page: `_count`, at most the limit; 400 for what is no number.
pub(in crate::server) fn count(value: Option<&str>, options: &Options) -> Result<usize, Refusal> {
    let Some(text) = value else {
        return Ok(options.page_size);
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Refusal::invalid(format!(
            "`_count={text}`: it is a whole number, and not negative"
        )));
    }
    // More digits than fit are more than the limit as well.
    Ok(text.parse().unwrap_or(usize::MAX).min(options.page_limit))
}

impl Page {
    /// Reads the page of a link; the first page where there is none.
    pub fn of(query: &[(String, String)]) -> Result<Self, Refusal> {
        let Some(text) = single(query, PARAMETER)? else {
            return Ok(Self::default());
        };
        let parsed = text.split_once('-').and_then(|(snapshot, offset)| {
            Some(Self {
                snapshot: Some(snapshot.parse().ok()?),
                offset: offset.parse().ok()?,
            })
        });
        parsed.ok_or_else(|| Refusal::invalid(format!("`{PARAMETER}={text}` is no page: follow links as they are")))
    }

    fn at(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    fn write(self) -> String {
        format!("{}-{}", self.snapshot.unwrap_or_default(), self.offset)
    }

    /// Adds the links of this page: `self`, and the way to the others where there are others.
    /// `used` are the parameters that were honoured, `total` the matches of all pages, and `count` the size of a page.
    pub fn link(
        self,
        bundle: BundleBuilder,
        url: &str,
        used: &[(String, String)],
        total: usize,
        count: usize,
    ) -> BundleBuilder {
        let given = used.iter().any(|(name, _)| name == PARAMETER);
        let bare: Pairs = used.iter().filter(|(name, _)| name != PARAMETER).cloned().collect();
        let to = |page: Option<Self>| {
            let mut pairs = bare.clone();
            pairs.extend(page.map(|page| (PARAMETER.to_owned(), page.write())));
            if pairs.is_empty() {
                url.to_owned()
            } else {
                format!("{url}?{}", write(&pairs))
            }
        };
        let mut bundle = bundle.link("self", &to(given.then_some(self)));
        if count == 0 || (total <= count && self.offset == 0) {
            return bundle;
        }
        let first = self.at(0);
        let last = self.at(total.saturating_sub(1) / count * count);
        bundle = bundle.link("first", &to(Some(first)));
        if self.offset > 0 {
            let previous = self.offset.saturating_sub(count).min(last.offset);
            bundle = bundle.link("previous", &to(Some(self.at(previous))));
        }
        let next = self.offset.saturating_add(count);
        if next < total {
            bundle = bundle.link("next", &to(Some(self.at(next))));
        }
        bundle.link("last", &to(Some(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::query::parse;

    fn links(query: &str, total: usize, count: usize) -> Vec<String> {
        let used = parse(query).unwrap();
        let page = Page {
            snapshot: Some(7),
            ..Page::of(&used).unwrap()
        };
        let bundle = page
            .link(bundle("searchset"), "http://x/Patient", &used, total, count)
            .build();
        let links = bundle["link"].as_array().unwrap().iter();
        links
            .map(|link| {
                format!(
                    "{} {}",
                    link["relation"].as_str().unwrap(),
                    link["url"].as_str().unwrap().trim_start_matches("http://x/")
                )
            })
            .collect()
    }

    #[test]
    fn one_page_has_only_itself() {
        assert_eq!(links("a=b", 2, 2), ["self Patient?a=b"]);
        assert_eq!(links("", 0, 2), ["self Patient"]);
        assert_eq!(links("_count=0", 5, 0), ["self Patient?_count=0"]);
    }

    #[test]
    fn pages_are_chained_in_both_directions() {
        let first = [
            "self Patient?_count=2",
            "first Patient?_count=2&_page=7-0",
            "next Patient?_count=2&_page=7-2",
            "last Patient?_count=2&_page=7-4",
        ];
        assert_eq!(links("_count=2", 5, 2), first);
        let middle = [
            "self Patient?_count=2&_page=7-2",
            "first Patient?_count=2&_page=7-0",
            "previous Patient?_count=2&_page=7-0",
            "next Patient?_count=2&_page=7-4",
            "last Patient?_count=2&_page=7-4",
        ];
        assert_eq!(links("_count=2&_page=7-2", 5, 2), middle);
        let last = [
            "self Patient?_page=7-4",
            "first Patient?_page=7-0",
            "previous Patient?_page=7-2",
            "last Patient?_page=7-4",
        ];
        assert_eq!(links("_page=7-4", 5, 2), last);
        assert_eq!(links("_page=7-2", 4, 2).last().unwrap(), "last Patient?_page=7-2");
        assert_eq!(links("_page=7-99", 4, 2)[2], "previous Patient?_page=7-2");
    }

    #[test]
    fn counts_and_pages_are_checked() {
        let options = Options::default();
        for (text, size) in [
            (None, 50),
            (Some("0"), 0),
            (Some("7"), 7),
            (Some("5000"), 1000),
            (Some("99999999999999999999"), 1000),
        ] {
            assert_eq!(count(text, &options).ok(), Some(size), "{text:?}");
        }
        for text in ["-1", "ten", "+5", "1.5"] {
            assert!(count(Some(text), &options).is_err(), "{text}");
        }
        for text in ["_page=x", "_page=7", "_page=7-x", "_page=-1-2", "_page=1-2&_page=1-2"] {
            assert!(Page::of(&parse(text).unwrap()).is_err(), "{text}");
        }
    }
}
