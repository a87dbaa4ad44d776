//! Transactions: all entries or none (`http.html#trules`).

use std::collections::{BTreeSet, HashSet};

use http::StatusCode;
use serde_json::Value;

use super::answer::{self, Shown};
use super::condition;
use super::entry::{Entry, Phase};
use super::links::{Home, Links};
use crate::fhir::FhirVersion;
use crate::server::Shared;
use crate::server::incoming::Incoming;
use crate::server::reply::{Refusal, Reply};
use crate::server::rewrite::Switch;
use crate::server::route::Target;
use crate::server::router;
use crate::server::store::{AllOrNone, Place};

/// Does all entries as one act and answers each, or refuses them all and leaves the store as it was.
///
/// Deletes come first, then creates, then updates and patches; then links between entries and references by search are
/// resolved, and reads see the result.
pub(super) fn process(shared: &Shared, request: &Incoming, entries: &[Value]) -> Result<Vec<Value>, Refusal> {
    let read = read(shared, request, entries)?;
    full_urls_are_unique(&read)?;
    let whole = shared.store.all_or_none();
    let mut work = Work::new(shared, request, &whole, &read);
    let done = work.run();
    let answers = done.map(|()| work.answers());
    if answers.is_ok() || shared.on(Switch::FailuresStayDone) {
        whole.commit();
    }
    answers
}

/// Does the entries of a history again, the last one first, all or none. Here one resource is written many times.
pub(super) fn replay(shared: &Shared, request: &Incoming, entries: &[Value]) -> Result<Vec<Value>, Refusal> {
    let read = read(shared, request, entries)?;
    let whole = shared.store.all_or_none();
    let mut work = Work::new(shared, request, &whole, &read);
    for (index, entry) in read.iter().enumerate().rev() {
        work.claimed.clear();
        work.write(index, entry)?;
    }
    let answers = work.answers();
    whole.commit();
    Ok(answers)
}

fn read(shared: &Shared, request: &Incoming, entries: &[Value]) -> Result<Vec<Entry>, Refusal> {
    let read = |entry| {
        let entry = Entry::read(entry, request, shared.options.release)?;
        match (entry.phase, &entry.target) {
            // What is forgotten cannot be brought back where another entry fails.
            (Phase::Delete, Target::History(..) | Target::Version(..)) => {
                Err(Refusal::invalid("a transaction does not remove past versions"))
            }
            _ => Ok(entry),
        }
    };
    let numbered = entries.iter().enumerate();
    let read = numbered.map(|(index, entry)| read(entry).map_err(|refusal| of(index, refusal)));
    read.collect()
}

/// `bundle.html#invs`: a link to a fullUrl means one entry.
fn full_urls_are_unique(entries: &[Entry]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    let urls = entries.iter().filter_map(|entry| entry.full_url.as_deref());
    match urls.into_iter().find(|url| !seen.insert(*url)) {
        Some(twice) => Err(Refusal::invalid(format!("two entries have the fullUrl `{twice}`"))),
        None => Ok(()),
    }
}

/// The refusal of the whole, for the sake of one entry.
fn of(index: usize, refusal: Refusal) -> Refusal {
    refusal.of_entry(&format!("Bundle.entry[{index}]"))
}

/// A transaction under way.
struct Work<'a> {
    /// The server, with the store as this transaction sees it.
    inside: Shared,
    request: &'a Incoming,
    whole: &'a AllOrNone<'a>,
    entries: &'a [Entry],
    replies: Vec<Option<Reply>>,
    /// What each entry wrote.
    written: Vec<Option<Place>>,
    /// What each entry stands for.
    homes: Vec<Option<Home>>,
    /// What has been written, or named for it.
    claimed: HashSet<Place>,
}

impl<'a> Work<'a> {
    fn new(shared: &Shared, request: &'a Incoming, whole: &'a AllOrNone<'a>, entries: &'a [Entry]) -> Self {
        Self {
            inside: shared.over(whole.store()),
            request,
            whole,
            entries,
            replies: entries.iter().map(|_| None).collect(),
            written: vec![None; entries.len()],
            homes: vec![None; entries.len()],
            claimed: HashSet::new(),
        }
    }

    fn run(&mut self) -> Result<(), Refusal> {
        let entries = self.entries;
        let (reads, mut writes): (Vec<usize>, Vec<usize>) =
            (0..entries.len()).partition(|index| entries[*index].phase == Phase::Read);
        // The sort is stable: within a phase the order is that of the Bundle.
        writes.sort_by_key(|index| self.rank(entries[*index].phase));
        if self.inside.on(Switch::SearchesFirst) {
            self.try_searches()?;
        }
        if self.inside.on(Switch::ReadsFirst) {
            self.look_all(&reads)?;
        }
        for index in writes {
            self.write(index, &entries[index])?;
        }
        self.replace_links();
        self.resolve_searches()?;
        if !self.inside.on(Switch::ReadsFirst) {
            self.look_all(&reads)?;
        }
        Ok(())
    }

    /// When a writing entry has its turn.
    fn rank(&self, phase: Phase) -> Phase {
        match phase {
            _ if self.inside.on(Switch::WritesAsSent) => Phase::Delete,
            Phase::Create if self.inside.on(Switch::UpdatesBeforeCreates) => Phase::Read,
            phase => phase,
        }
    }

    fn look_all(&mut self, reads: &[usize]) -> Result<(), Refusal> {
        let entries = self.entries;
        reads.iter().try_for_each(|index| self.look(*index, &entries[*index]))
    }

    /// Whether the references by search could be resolved before anything is written.
    fn try_searches(&self) -> Result<(), Refusal> {
        for (index, entry) in self.entries.iter().enumerate() {
            let mut resource = serde_json::from_slice(&entry.request.body).unwrap_or_default();
            let resolved = condition::resolve(&self.inside, &self.request.base, &mut resource);
            resolved.map_err(|refusal| of(index, refusal))?;
        }
        Ok(())
    }

    /// Does a writing entry. No other one may have written, or named, the same resource; what a conditional create only
    /// found is not written.
    fn write(&mut self, index: usize, entry: &Entry) -> Result<(), Refusal> {
        let before = self.whole.count();
        let reply = router::dispatch(&self.inside, &entry.request, entry.target.clone());
        let reply = reply.map_err(|refusal| of(index, refusal))?;
        let written = self.whole.written_after(before);
        let mut touched: BTreeSet<Place> = written.iter().cloned().collect();
        self.written[index] = written.last().cloned();
        if let Target::Instance(resource_type, id) = &entry.target {
            touched.insert((resource_type.name().to_owned(), id.clone()));
        }
        for place in touched {
            if self.claimed.contains(&place) && !self.inside.on(Switch::EntriesOverlap) {
                let reason = format!("another entry writes {}/{} as well", place.0, place.1);
                return Err(of(index, Refusal::new(StatusCode::BAD_REQUEST, "duplicate", reason)));
            }
            self.claimed.insert(place);
        }
        if entry.phase != Phase::Delete {
            self.homes[index] = self.home(index, &reply);
        }
        self.replies[index] = Some(reply);
        Ok(())
    }

    /// What an entry wrote, or what its condition found.
    fn home(&self, index: usize, reply: &Reply) -> Option<Home> {
        if let Some((resource_type, id)) = &self.written[index] {
            let version = self.inside.store.current(resource_type, id)?;
            return Some(Home {
                instance: format!("{resource_type}/{id}"),
                version: Some(version.version_id.clone()),
            });
        }
        let found = reply.body.as_deref()?;
        Some(Home {
            instance: format!("{}/{}", found["resourceType"].as_str()?, found["id"].as_str()?),
            version: None,
        })
    }

    /// Replaces the links between entries in all that was written.
    fn replace_links(&self) {
        let mut links = self.links(self.entries.len());
        for (index, resource) in self.stored() {
            if self.inside.on(Switch::LinksLeadBack) {
                links = self.links(index);
            }
            let mut changed = resource.clone();
            links.rewrite(&mut changed, self.entries[index].full_url.as_deref());
            self.amend(index, &resource, changed);
        }
    }

    /// The links to the first so many entries.
    fn links(&self, known: usize) -> Links<'_> {
        let mut links = Links::new(self.inside.options.release, self.inside.switches, &self.request.base);
        for (entry, home) in self.entries.iter().zip(&self.homes).take(known) {
            if let (Some(full_url), Some(home)) = (&entry.full_url, home) {
                links.add(full_url, home.clone());
            }
        }
        links
    }

    /// Resolves references by search. They see what was written, since they come last (`http.html#trules`).
    fn resolve_searches(&self) -> Result<(), Refusal> {
        for (index, resource) in self.stored() {
            let mut changed = resource.clone();
            let resolved = condition::resolve(&self.inside, &self.request.base, &mut changed);
            resolved.map_err(|refusal| of(index, refusal))?;
            self.amend(index, &resource, changed);
        }
        Ok(())
    }

    /// The resources that were written, by the number of their entry.
    fn stored(&self) -> Vec<(usize, Value)> {
        let places = self.written.iter().enumerate();
        places
            .filter_map(|(index, place)| {
                let (resource_type, id) = place.as_ref()?;
                let version = self.inside.store.current(resource_type, id)?;
                Some((index, version.resource.as_deref()?.clone()))
            })
            .collect()
    }

    fn amend(&self, index: usize, before: &Value, after: Value) {
        if let Some((resource_type, id)) = &self.written[index]
            && *before != after
        {
            self.whole.amend(resource_type, id, after);
        }
    }

    /// Does a reading entry. From R5 on all entries of a transaction succeed; before that, one that finds nothing says so.
    fn look(&mut self, index: usize, entry: &Entry) -> Result<(), Refusal> {
        let reply = match router::dispatch(&self.inside, &entry.request, entry.target.clone()) {
            Ok(reply) => reply,
            Err(refusal) if self.inside.options.release >= FhirVersion::R5 && !self.inside.on(Switch::ReadsMayFail) => {
                return Err(of(index, refusal));
            }
            Err(refusal) => refusal.into_reply(),
        };
        self.replies[index] = Some(reply);
        Ok(())
    }

    fn answers(self) -> Vec<Value> {
        let mut answers = Vec::with_capacity(self.entries.len());
        for ((entry, reply), written) in self.entries.iter().zip(self.replies).zip(self.written) {
            let mut reply = reply.unwrap_or_else(|| Reply::empty(StatusCode::OK));
            if let Some((resource_type, id)) = written
                && let Some(version) = self.inside.store.current(&resource_type, &id)
            {
                // Links have been replaced since.
                reply.body = version.resource.clone().or(reply.body);
            }
            let shown = Shown {
                is_write: entry.phase != Phase::Read,
                is_head: entry.is_head,
                give: self.request.prefer.give,
                base: &self.request.base,
            };
            answers.push(answer::entry(&reply, shown));
        }
        answers
    }
}
