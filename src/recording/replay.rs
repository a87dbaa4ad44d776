//! A transport that answers from a recording.

use std::cell::RefCell;
use std::collections::{HashMap, hash_map};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::about::Recorded;
use super::answer::{Likeness, is_same_abroad, likeness};
use crate::exchange::{Exchange, Request};
use crate::fhir::CapabilityStatement;
use crate::transport::{Cue, Stage, Transport, TransportError};

/// An entry of a recording.
#[derive(Debug)]
pub(super) struct Kept {
    /// Where the request belongs; entries of others do not tell.
    pub cue: Option<Cue>,
    pub request: Request,
    pub sent: Result<Exchange, TransportError>,
}

/// A recording in the place of the network.
///
/// A request is answered by what was recorded at its place in the run, where that is the same request; else, so that suites
/// that have changed since can be tried, by the next of its case that is the same, as long as no write lies between them.
/// Entries without places answer by method, URL, conditions and body alone.
#[derive(Debug)]
pub struct Replay {
    recorded: Option<Recorded>,
    pub(super) entries: Vec<Kept>,
    /// The entries of each case in order, each request by its last attempt; those of none under `None`.
    by_case: HashMap<Option<Arc<str>>, RefCell<Story>>,
    /// Entries that tell no place, and whether they have answered.
    strangers: RefCell<Vec<(usize, bool)>>,
}

/// The entries of a case.
#[derive(Debug, Default)]
struct Story {
    /// Indexes into the entries, and whether they have answered.
    parts: Vec<(usize, bool)>,
    /// The part of each request, by stage, step and number: a run may end with thousands of deletions.
    places: HashMap<(Stage, u32, u32), usize>,
    /// How many requests of each stage and step there are.
    held: HashMap<(Stage, u32), u64>,
    /// Before this one nothing is left that may answer.
    next: usize,
}

impl Replay {
    pub(super) fn new(recorded: Option<Recorded>, entries: Vec<Kept>) -> Self {
        let mut by_case: HashMap<Option<Arc<str>>, RefCell<Story>> = HashMap::new();
        let mut strangers = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let Some(cue) = &entry.cue else {
                strangers.push((index, false));
                continue;
            };
            let story = by_case.entry(cue.case.clone()).or_default().get_mut();
            match story.places.entry((cue.stage, cue.step, cue.request)) {
                // The last attempt is the one that counts; attempts come in order.
                hash_map::Entry::Occupied(place) => story.parts[*place.get()] = (index, false),
                hash_map::Entry::Vacant(place) => {
                    place.insert(story.parts.len());
                    story.parts.push((index, false));
                    *story.held.entry((cue.stage, cue.step)).or_default() += 1;
                }
            }
        }
        Self {
            recorded,
            entries,
            by_case,
            strangers: RefCell::new(strangers),
        }
    }

    /// What the recording tells of its run; `None` for a HAR file that was not recorded by us.
    #[must_use]
    pub const fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The claims that the run which was recorded assumed.
    #[must_use]
    pub fn assumed(&self) -> Option<CapabilityStatement> {
        let json = self.recorded.as_ref()?.about.assumed.as_ref()?;
        CapabilityStatement::read(json).ok()
    }

    /// What the server claimed, as it was sent, and the ending of a file that holds it.
    #[must_use]
    pub fn claims(&self) -> Option<(&'static str, Vec<u8>)> {
        if let Some(assumed) = self
            .recorded
            .as_ref()
            .and_then(|recorded| recorded.about.assumed.as_ref())
        {
            return Some(("json", serde_json::to_vec_pretty(assumed).ok()?));
        }
        let is_probe = |entry: &&Kept| entry.cue.as_ref().is_some_and(|cue| cue.stage == Stage::Probe);
        let answered = self
            .entries
            .iter()
            .rev()
            .filter(is_probe)
            .find_map(|entry| entry.sent.as_ref().ok())?;
        let bytes = answered.response.body.bytes();
        let ending = if bytes.trim_ascii_start().starts_with(b"<") {
            "xml"
        } else {
            "json"
        };
        Some((ending, bytes.to_vec()))
    }

    fn answer(&self, cue: &Cue, request: &Request) -> Result<Exchange, TransportError> {
        match self.find(cue, request) {
            Ok(found) => {
                found.mark_answered();
                self.entries[found.index].sent.clone()
            }
            Err(why) => Err(self.missing(cue, request, why)),
        }
    }

    fn missing(&self, cue: &Cue, request: &Request, why: String) -> TransportError {
        if let Some(reason) = self.recorded.as_ref().and_then(|recorded| recorded.stopped.clone()) {
            return TransportError::RecordingEnds(reason);
        }
        if self.recorded.is_none() {
            return TransportError::NotShown(format!("{} {}", request.method, request.url));
        }
        TransportError::NotRecorded {
            place: cue.to_string(),
            request: format!("{} {}", request.method, request.url),
            why,
        }
    }

    fn find(&self, cue: &Cue, request: &Request) -> Result<Found<'_>, String> {
        if let Some(story) = self.by_case.get(&cue.case) {
            return self.find_in(story, cue, request);
        }
        if cue.request <= self.counted(cue) {
            return Err(hole(self.counted(cue)));
        }
        let strangers = self.strangers.borrow();
        let same = |(index, _): &&(usize, bool)| is_same_abroad(&self.entries[*index].request, request);
        // What is read may be asked twice; a write happens once.
        let fresh = strangers.iter().filter(|(_, answered)| !answered).find(same);
        let again = || strangers.iter().find(same).filter(|_| !writes(request));
        match fresh.or_else(again) {
            Some((index, _)) => Ok(Found {
                index: *index,
                answered: Answered::Stranger(&self.strangers),
            }),
            None => Err("no entry has this method and URL, with these conditions and this body".to_owned()),
        }
    }

    /// Looks for a request in the entries of its case.
    fn find_in<'a>(&'a self, story: &'a RefCell<Story>, cue: &Cue, request: &Request) -> Result<Found<'a>, String> {
        let known = story.borrow();
        let place = known.places.get(&(cue.stage, cue.step, cue.request)).copied();
        let counted = self.counted(cue);
        let held = known.held.get(&(cue.stage, cue.step)).copied().unwrap_or_default();
        let is_whole = held >= u64::from(counted);
        if !is_whole && place.is_none() && cue.request <= counted {
            return Err(hole(counted));
        }
        let mut nearly = None;
        let mut crossed_a_write = false;
        // Nobody judges what is asked when all is over, so its order does not matter.
        let in_order = matches!(cue.stage, Stage::Setup | Stage::Steps);
        // Nothing answers better than the same request at the same place.
        if let Some(at) = place
            && let (index, false) = known.parts[at]
            && !(in_order && at < known.next)
            && likeness(&self.entries[index].request, request) == Some(Likeness::Wholly)
        {
            return Ok(Found {
                index,
                answered: Answered::Story { story, at, in_order },
            });
        }
        let mut best: Option<(u8, usize)> = None;
        for (at, (index, answered)) in known.parts.iter().enumerate() {
            if *answered || (in_order && at < known.next) {
                continue;
            }
            let entry = &self.entries[*index];
            let is_exact = place == Some(at);
            let is_beside = entry.cue.as_ref().is_some_and(|other| other.is_beside(cue));
            if (is_whole || is_exact) && !(crossed_a_write && in_order && !is_beside) {
                match likeness(&entry.request, request) {
                    Some(Likeness::Wholly) => {
                        let rank = u8::from(!is_beside);
                        if best.is_none_or(|(known, _)| rank < known) {
                            best = Some((rank, at));
                        }
                    }
                    Some(Likeness::Nearly) if is_exact => nearly = Some(at),
                    Some(Likeness::Nearly) if is_beside && nearly.is_none() => nearly = Some(at),
                    _ => {}
                }
            }
            crossed_a_write |= writes(&entry.request) && !is_beside;
        }
        match best.map(|(_, at)| at).or(nearly) {
            Some(at) => Ok(Found {
                index: known.parts[at].0,
                answered: Answered::Story { story, at, in_order },
            }),
            None => Err(match place.map(|place| &self.entries[known.parts[place].0].request) {
                Some(other) if other.method == request.method && other.url == request.url => {
                    "there the same URL was asked with another body or other headers".to_owned()
                }
                Some(other) => format!("there it has {} {}", other.method, other.url),
                None => "it made no such request".to_owned(),
            }),
        }
    }

    /// How many requests the step of a request made, by the recording's own account.
    fn counted(&self, cue: &Cue) -> u32 {
        match (&cue.case, &self.recorded) {
            (Some(case), Some(recorded)) => recorded.count(case, cue.stage, cue.step),
            _ => 0,
        }
    }
}

/// An entry that answers a request.
struct Found<'a> {
    index: usize,
    answered: Answered<'a>,
}

/// Where it is kept in mind that an entry has answered.
enum Answered<'a> {
    Story {
        story: &'a RefCell<Story>,
        at: usize,
        in_order: bool,
    },
    Stranger(&'a RefCell<Vec<(usize, bool)>>),
}

impl Found<'_> {
    fn mark_answered(&self) {
        match &self.answered {
            Answered::Story { story, at, in_order } => {
                let mut story = story.borrow_mut();
                story.parts[*at].1 = true;
                if *in_order {
                    story.next = story.next.max(*at);
                }
            }
            Answered::Stranger(strangers) => {
                for (_, answered) in strangers
                    .borrow_mut()
                    .iter_mut()
                    .filter(|(index, _)| *index == self.index)
                {
                    *answered = true;
                }
            }
        }
    }
}

/// What is said of an entry that was taken out of a recording.
fn hole(counted: u32) -> String {
    format!("its entry is missing; by the recording's own account there were {counted} here")
}

/// Whether a request may change what later ones find.
fn writes(request: &Request) -> bool {
    let is_search = request.method == "POST"
        && request
            .url
            .split('?')
            .next()
            .is_some_and(|url| url.ends_with("/_search"));
    !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") && !is_search
}

impl Transport for Replay {
    fn perform<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move { self.answer(&Cue::probe(), request) }.boxed_local()
    }

    fn perform_for<'a>(
        &'a self,
        cue: &'a Cue,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Exchange, TransportError>> {
        async move { self.answer(cue, request) }.boxed_local()
    }

    fn is_live(&self) -> bool {
        false
    }

    fn may_answer(&self, cue: &Cue, request: &Request) -> bool {
        if self.counted(cue) >= cue.request {
            // Where its entry is missing, the answer has to say so.
            return true;
        }
        let fresh = |found: &Found<'_>| {
            !matches!(&found.answered, Answered::Stranger(strangers)
            if strangers.borrow().iter().any(|(index, answered)| *index == found.index && *answered))
        };
        self.find(cue, request).is_ok_and(|found| fresh(&found))
    }
}
