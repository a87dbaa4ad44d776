//! Which element of an array is the partner of which expected one: by identity and likeness, not by place.

use std::collections::VecDeque;

use serde_json::Value;

use super::number;

/// For each of `wanted` elements a partner of its own among `found` ones, so that as many as possible have one; those that
/// are needed come before those that may stay alone.
///
/// Elements that fit at their own place stay there; others are moved only where that lets one more find a partner. Where
/// it `is_over`, what was found so far is given back: two arrays of a million elements each are never tried in pairs.
pub(super) fn partners(
    wanted: usize,
    found: usize,
    is_needed: impl Fn(usize) -> bool,
    fits: impl Fn(usize, usize) -> bool,
    is_over: impl Fn() -> bool,
) -> Vec<Option<usize>> {
    let mut partners: Vec<Option<usize>> = vec![None; wanted];
    let mut owners: Vec<Option<usize>> = vec![None; found];
    let mut candidates: Vec<Option<Vec<usize>>> = vec![None; wanted];
    let (needed, others): (Vec<usize>, Vec<usize>) = (0..wanted).partition(|&one| is_needed(one));
    let mut order = Vec::with_capacity(wanted);
    for group in [needed, others] {
        for &index in group.iter().filter(|&&index| index < found) {
            if owners[index].is_none() && fits(index, index) {
                partners[index] = Some(index);
                owners[index] = Some(index);
            }
        }
        order.clear();
        order.extend(group.into_iter().filter(|&one| partners[one].is_none()));
        for &start in &order {
            if is_over() {
                return partners;
            }
            // Breadth first along alternating pairs: a partner that is taken may go to whoever can spare another.
            let mut came_from: Vec<Option<usize>> = vec![None; found];
            let mut queue = VecDeque::from([start]);
            let mut free = None;
            'search: while let Some(one) = queue.pop_front() {
                let fitting =
                    candidates[one].get_or_insert_with(|| (0..found).filter(|&other| fits(one, other)).collect());
                for &other in fitting.iter() {
                    if came_from[other].is_some() {
                        continue;
                    }
                    came_from[other] = Some(one);
                    match owners[other] {
                        None => {
                            free = Some(other);
                            break 'search;
                        }
                        Some(owner) => queue.push_back(owner),
                    }
                }
            }
            let mut next = free;
            while let Some(other) = next {
                let Some(one) = came_from[other] else { break };
                next = partners[one].replace(other);
                owners[other] = Some(one);
            }
        }
    }
    partners
}

/// Pairs elements that do not fit with those that come closest, so that a difference is told where it is.
pub(super) fn pair_the_rest(wanted: &[Value], found: &[Value], partners: &mut [Option<usize>]) {
    let mut is_free = vec![true; found.len()];
    for index in partners.iter().flatten() {
        is_free[*index] = false;
    }
    let rest: Vec<usize> = (0..wanted.len())
        .filter(|&index| partners[index].is_none() && !wanted[index].is_null())
        .collect();
    let free = is_free.iter().filter(|&&is_free| is_free).count();
    // The rest of a very large array is told element by element.
    if rest.len().saturating_mul(free) > 100_000 {
        return;
    }
    let is_only_pair = rest.len() == 1 && free == 1;
    let mut scores: Vec<(Likeness, usize, usize)> = Vec::new();
    for &one in &rest {
        for (other, _) in is_free.iter().enumerate().filter(|(_, is_free)| **is_free) {
            let likeness = likeness(&wanted[one], &found[other]);
            let is_near = likeness.identity == Identity::Same || likeness.same > 0 || one == other || is_only_pair;
            if likeness.identity != Identity::Other && is_near {
                scores.push((likeness, one, other));
            }
        }
    }
    scores.sort_by(|(likeness, one, other), (likeness_2, one_2, other_2)| {
        likeness_2
            .cmp(likeness)
            .then(one.abs_diff(*other).cmp(&one_2.abs_diff(*other_2)))
    });
    for (_, one, other) in scores {
        if partners[one].is_none() && is_free[other] {
            partners[one] = Some(other);
            is_free[other] = false;
        }
    }
}

/// How much two elements have in common; the greater the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    identity: Identity,
    same: usize,
}

/// Whether two elements claim to be the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Other,
    Unknown,
    Same,
}

fn likeness(wanted: &Value, found: &Value) -> Likeness {
    Likeness {
        identity: identity(wanted, found),
        same: same_leaves(wanted, found),
    }
}

fn identity(wanted: &Value, found: &Value) -> Identity {
    for name in ["id", "url", "fullUrl", "relation", "linkId", "resourceType"] {
        match (wanted.get(name), found.get(name)) {
            (Some(wanted), Some(found)) if wanted != found => return Identity::Other,
            // A type is shared by many.
            (Some(_), Some(_)) if name != "resourceType" => return Identity::Same,
            _ => {}
        }
    }
    for name in ["value", "code"] {
        let of = |element: &Value| {
            Some((
                element.get("system")?.as_str()?.to_owned(),
                element.get(name)?.as_str()?.to_owned(),
            ))
        };
        if let (Some(wanted), Some(found)) = (of(wanted), of(found)) {
            return if wanted == found {
                Identity::Same
            } else {
                Identity::Unknown
            };
        }
    }
    Identity::Unknown
}

/// How many plain values of what is expected are found at the same place.
fn same_leaves(wanted: &Value, found: &Value) -> usize {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .filter_map(|(name, wanted)| Some(same_leaves(wanted, found.get(name)?)))
            .sum(),
        (Value::Array(wanted), Value::Array(found)) => wanted
            .iter()
            .zip(found)
            .map(|(wanted, found)| same_leaves(wanted, found))
            .sum(),
        (Value::Number(wanted), Value::Number(found)) => usize::from(number::same(wanted, found)),
        _ => usize::from(wanted == found),
    }
}
