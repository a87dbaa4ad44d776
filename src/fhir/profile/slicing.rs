//! Which slice an item is of, and what a sliced list has to look like (`profiling.html#slicing`).

use std::sync::Arc;

use super::criteria::{Lookup, Test, Want};
use super::definition::Profile;
use super::discriminator::{Discriminator, Kind, Step};
use super::element::{Element, Rules};
use super::item::{Item, is_of_type};
use super::judge::Judge;
use super::reference::{found_type, told_type};
use crate::fhir::Severity;
use crate::fhir::validate::RuleKind;

/// What is known of an item and a slice, or of an item and a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matches {
    Yes,
    No,
    /// It leads out of the body, or the definition does not say.
    Unknown,
}

impl Matches {
    fn of(found: bool) -> Self {
        if found { Self::Yes } else { Self::No }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::Yes,
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::No,
        }
    }
}

impl<'a> Judge<'a> {
    /// Judges the items of a sliced element: which slice each is of, how many there are of each, in which order.
    pub(super) fn slices(&mut self, profile: &Arc<Profile>, index: usize, items: &[Item<'a>], parent: &Item<'a>) {
        let element = &profile.elements[index];
        // A slice of a slice is no slice of the element.
        let is_whole = |slice: &&usize| {
            !profile.elements[**slice]
                .slice
                .as_deref()
                .unwrap_or_default()
                .contains('/')
        };
        let slices: Vec<usize> = element.slices.iter().filter(is_whole).copied().collect();
        if slices.len() < element.slices.len() {
            self.not_looked_at(profile, &element.id, "slices of slices are not looked at");
        }
        let by = match discriminators(element) {
            Ok(by) => by,
            Err(why) => return self.not_looked_at(profile, &element.id, &why),
        };
        let lookup = Lookup {
            profiles: self.profiles,
            release: self.release,
        };
        let tests: Vec<_> = slices.iter().map(|slice| lookup.tests(profile, *slice, &by)).collect();
        for (slice, tests) in slices.iter().zip(&tests) {
            if tests.is_none() {
                let id = &profile.elements[*slice].id;
                self.not_looked_at(profile, id, "the slice does not say what its discriminators have to be");
            }
        }
        let mut counts = vec![(0_usize, 0_usize); slices.len()];
        let mut of: Vec<Option<usize>> = Vec::with_capacity(items.len());
        let mut all_known = true;
        for item in items {
            let mut found = None;
            let mut unknown = Vec::new();
            for (place, tests) in tests.iter().enumerate() {
                match self.matches(item, tests.as_deref()) {
                    Matches::Yes => {
                        found = Some(place);
                        break;
                    }
                    Matches::Unknown => unknown.push(place),
                    Matches::No => {}
                }
            }
            if let Some(place) = found {
                if unknown.is_empty() {
                    counts[place].0 += 1;
                } else {
                    counts[place].1 += 1;
                }
                self.element(profile, slices[place], item);
            }
            unknown.iter().for_each(|place| counts[*place].1 += 1);
            all_known &= unknown.is_empty();
            of.push(found);
        }
        self.count_slices(profile, element, &slices, &counts, items, parent);
        if all_known {
            self.order_of_slices(profile, element, &slices, items, &of);
        }
    }

    fn count_slices(
        &mut self,
        profile: &Arc<Profile>,
        element: &Element,
        slices: &[usize],
        counts: &[(usize, usize)],
        items: &[Item<'a>],
        parent: &Item<'a>,
    ) {
        for (slice, (sure, maybe)) in slices.iter().zip(counts) {
            let slice = &profile.elements[*slice];
            let name = slice.slice.as_deref().unwrap_or_default();
            // Where the whole list is missing that is said already.
            let is_told = items.is_empty() && element.min > 0;
            if sure + maybe < slice.min && !is_told {
                let message = format!(
                    "`{}` must have at least {} of slice `{name}`, found {sure}",
                    element.name, slice.min
                );
                let text = format!("at least {} of the slice", slice.min);
                let pointer = format!("{}/{}", parent.pointer, self.property(parent, element));
                self.broken(RuleKind::Slicing, profile, slice, pointer, text, message, None);
            }
            if let Some(most) = slice.max.filter(|most| sure > most) {
                let message = if most == 0 {
                    format!("`{}` must have nothing of slice `{name}`, found {sure}", element.name)
                } else {
                    format!(
                        "`{}` must have at most {most} of slice `{name}`, found {sure}",
                        element.name
                    )
                };
                let text = format!("at most {most} of the slice");
                let pointer = format!("{}/{}", parent.pointer, self.property(parent, element));
                self.broken(RuleKind::Slicing, profile, slice, pointer, text, message, None);
            }
        }
    }

    fn order_of_slices(
        &mut self,
        profile: &Arc<Profile>,
        element: &Element,
        slices: &[usize],
        items: &[Item<'a>],
        of: &[Option<usize>],
    ) {
        let Some(slicing) = &element.slicing else { return };
        let name = |place: usize| profile.elements[slices[place]].slice.as_deref().unwrap_or_default();
        let mut last: Option<usize> = None;
        let mut other_before = false;
        for (item, place) in items.iter().zip(of) {
            let Some(place) = *place else {
                other_before = true;
                if slicing.rules == Rules::Closed {
                    let names: Vec<_> = (0..slices.len()).map(|place| format!("`{}`", name(place))).collect();
                    let message = format!(
                        "this is of no slice of `{}`, and no others may be there: {}",
                        element.name,
                        names.join(", ")
                    );
                    let pointer = item.pointer.clone();
                    let text = "slices are closed".to_owned();
                    self.broken(RuleKind::Slicing, profile, element, pointer, text, message, item.value);
                }
                continue;
            };
            if let Some(before) = last.filter(|before| slicing.ordered && *before > place) {
                let message = format!("slice `{}` must come before slice `{}`", name(place), name(before));
                let pointer = item.pointer.clone();
                let text = "slices are ordered".to_owned();
                self.broken(RuleKind::Slicing, profile, element, pointer, text, message, None);
            }
            if slicing.rules == Rules::OpenAtEnd && other_before {
                let message = format!(
                    "this is of slice `{}`; what is of no slice may only come after it",
                    name(place)
                );
                let pointer = item.pointer.clone();
                let text = "slices are open at their end".to_owned();
                self.broken(RuleKind::Slicing, profile, element, pointer, text, message, None);
                other_before = false;
            }
            last = last.max(Some(place));
        }
    }

    /// Whether an item is of a slice.
    fn matches(&mut self, item: &Item<'a>, tests: Option<&[Test]>) -> Matches {
        let Some(tests) = tests else { return Matches::Unknown };
        let mut all = Matches::Yes;
        for test in tests {
            all = all.and(self.test(item, test));
            if all == Matches::No {
                break;
            }
        }
        all
    }

    fn test(&mut self, item: &Item<'a>, test: &Test) -> Matches {
        self.spend(1);
        match test {
            Test::Any(tests) => {
                let each = tests.iter().map(|test| self.test(item, test));
                each.fold(Matches::No, Matches::or)
            }
            Test::Value { path, parts } => {
                let Some(things) = self.at(item, path) else {
                    return Matches::Unknown;
                };
                let mut any = Matches::No;
                for thing in &things {
                    let mut all = Matches::Yes;
                    for (step, wants) in parts {
                        let values = match step {
                            Some(step) => self.at(thing, std::slice::from_ref(step)),
                            None => Some(vec![thing.clone()]),
                        };
                        all = all.and(match values {
                            None => Matches::Unknown,
                            Some(values) => {
                                Matches::of(wants.iter().all(|want| values.iter().any(|value| is(value, want))))
                            }
                        });
                    }
                    any = any.or(all);
                }
                any
            }
            Test::Exists(path, wanted) => match self.at(item, path) {
                Some(found) => Matches::of(found.is_empty() != *wanted),
                None => Matches::Unknown,
            },
            Test::Type(path, names) => self.has_type(item, path, names),
            Test::Profile(path, canonicals) => {
                let Some(things) = self.at(item, path) else {
                    return Matches::Unknown;
                };
                let mut any = Matches::No;
                for thing in &things {
                    for canonical in canonicals {
                        any = any.or(match self.conforms(canonical, thing) {
                            Some(found) => Matches::of(!found.iter().any(|found| found.severity == Severity::Error)),
                            None => Matches::Unknown,
                        });
                    }
                }
                any
            }
        }
    }

    fn has_type(&mut self, item: &Item<'a>, path: &[Step], names: &[String]) -> Matches {
        let is_one = |model: &'static crate::fhir::model::Model, found: &str| {
            names.iter().any(|name| is_of_type(model, found, name))
        };
        // What a reference points at need not be there: it may say its type.
        let (path, resolves) = match path.split_last() {
            Some((Step::Resolve, above)) => (above, true),
            _ => (path, false),
        };
        let Some(things) = self.at(item, path) else {
            return Matches::Unknown;
        };
        let mut any = Matches::No;
        for thing in &things {
            let type_name = if resolves {
                let target = self.resolve(thing);
                target.as_ref().and_then(found_type).or_else(|| told_type(thing))
            } else {
                Some(thing.type_name).filter(|name| !name.is_empty())
            };
            any = any.or(match type_name {
                Some(found) => Matches::of(is_one(self.model, found)),
                None => Matches::Unknown,
            });
        }
        any
    }

    /// What is at a discriminator's path; `None` where it leads out of the body.
    fn at(&mut self, item: &Item<'a>, path: &[Step]) -> Option<Vec<Item<'a>>> {
        let mut found = vec![item.clone()];
        for step in path {
            let mut next = Vec::new();
            for item in &found {
                match step {
                    Step::Child(name) => next.extend(item.children(self.model, name)),
                    Step::Extension(url) => {
                        let all = item.children(self.model, "extension");
                        next.extend(
                            all.into_iter()
                                .filter(|item| item.get("url").is_some_and(|found| found == url)),
                        );
                    }
                    Step::OfType(name) => {
                        next.extend(Some(item).filter(|item| self.model.is_a(item.type_name, name)).cloned());
                    }
                    Step::Resolve => next.push(self.resolve(item)?),
                }
            }
            self.spend(next.len() + 1);
            found = next;
        }
        Some(found)
    }
}

/// What a sliced element is sliced by. Extensions and choices need not say it (`profiling.html#slicing`).
fn discriminators(element: &Element) -> Result<Vec<Discriminator>, String> {
    let stated = element.slicing.as_ref().map(|slicing| slicing.discriminators.clone());
    match stated {
        Some(Err(why)) => Err(why),
        Some(Ok(by)) if !by.is_empty() => Ok(by),
        _ if matches!(element.name.as_str(), "extension" | "modifierExtension") => {
            Ok(vec![Discriminator::read(Kind::Value, "url")?])
        }
        _ if element.choice => Ok(vec![Discriminator::read(Kind::Type, "$this")?]),
        _ => Err("the slicing has no discriminator".to_owned()),
    }
}

/// Whether a value is what is wanted.
fn is(item: &Item<'_>, want: &Want) -> bool {
    match want {
        Want::Value(rule) => item.value.is_some_and(|value| rule.holds(value)),
        Want::Codes(codes) => super::binding::has_code(item, codes) == Some(true),
    }
}
