//! An exchange as the rules look at it: which interaction it was, what its URL names, what it asked for.

use std::borrow::Cow;

use serde_json::Value;

use super::decoded;
use crate::check::turn::beside_the_rule;
use crate::check::{Context, Reading};
use crate::exchange::Request;
use crate::fhir::media_type::{FHIR_JSON, FHIR_TURTLE, FHIR_XML, FORM};
use crate::fhir::{InstanceUrl, Interaction, MediaType};
use crate::suite::template::Part;
use crate::suite::{Action, Repetition, Step};

/// An exchange that can be judged.
pub(super) struct Look<'a> {
    pub step: &'a Step,
    pub cx: &'a Context<'a>,
    pub reading: &'a Reading<'a>,
    pub status: u16,
    /// The interaction; none for a raw request, which may be anything.
    pub interaction: Option<Interaction>,
    /// Whether the URL is a link that the server gave, to a page after the first.
    pub is_page: bool,
    /// The URL after `[base]/`; none for a URL outside, and for the link to a page, which only the server understands.
    pub path: Option<&'a str>,
    /// What the URL names, where it names an instance or a version of it.
    pub instance: Option<InstanceUrl<'a>>,
    /// The resource type that a create or search names, or the type of the instance.
    pub type_in_url: Option<&'a str>,
    /// Whether every media type that was asked for is one of FHIR's own.
    pub asked_fhir_only: bool,
    /// Whether nothing but Turtle was asked for.
    pub asked_turtle_only: bool,
    /// The first of FHIR's own media types that was asked for; that of JSON where none was.
    pub preferred: &'static str,
    resource: Option<(&'a Value, &'a str)>,
}

impl<'a> Look<'a> {
    /// `None` for an answer that says nothing about the server: credentials, quotas, gateways, redirects.
    pub fn new(step: &'a Step, exchange: u32, reading: &'a Reading<'a>, cx: &'a Context<'a>) -> Option<Self> {
        let status = reading.status();
        if beside_the_rule(status).is_some() {
            return None;
        }
        let request = &reading.exchange().request;
        let interaction = match &step.action {
            Action::Interaction { interaction, .. } => Some(*interaction),
            Action::Request { .. } | Action::Assert => None,
        };
        let is_page = exchange > 0 && matches!(step.repetition.as_deref(), Some(Repetition::Follow { .. }));
        let after_base = request.url.strip_prefix(cx.base).filter(|_| !is_page);
        let path = after_base.and_then(|rest| {
            let is_base = rest.is_empty() || rest.starts_with('?');
            rest.strip_prefix('/').or(is_base.then_some(rest))
        });
        let asked = asked(request);
        let instance = path
            .and_then(InstanceUrl::parse)
            .filter(|url| url.origin.is_none() && url.prefix.is_empty());
        Some(Self {
            instance,
            type_in_url: path.and_then(|path| type_in_url(path, instance, interaction)),
            step,
            cx,
            reading,
            status,
            interaction,
            is_page,
            path,
            asked_fhir_only: !asked.is_empty() && asked.iter().all(Option::is_some),
            asked_turtle_only: !asked.is_empty() && asked.iter().all(|asked| *asked == Some(FHIR_TURTLE)),
            preferred: asked.iter().flatten().next().copied().unwrap_or(FHIR_JSON),
            resource: reading
                .resource()
                .and_then(|resource| Some((resource, resource["resourceType"].as_str()?))),
        })
    }

    /// The request.
    pub fn request(&self) -> &'a Request {
        &self.reading.exchange().request
    }

    /// Whether the answer is a success.
    pub const fn is_success(&self) -> bool {
        self.status / 100 == 2
    }

    /// Whether the interaction is one of these.
    pub fn is(&self, interactions: &[Interaction]) -> bool {
        self.interaction
            .is_some_and(|interaction| interactions.contains(&interaction))
    }

    /// The resource in the body, with its type.
    pub const fn resource(&self) -> Option<(&'a Value, &'a str)> {
        self.resource
    }

    /// Whether the query has a parameter. Of a page it is the first request that counts.
    pub fn has_parameter(&self, name: &str) -> bool {
        let is_written = || match &self.step.action {
            Action::Interaction { url, .. } | Action::Request { url, .. } => url
                .value
                .parts()
                .iter()
                .any(|part| matches!(part, Part::Text(text) if text.contains(name))),
            Action::Assert => false,
        };
        parameters(&self.request().url).any(|(known, _)| known == name) || (self.is_page && is_written())
    }

    /// Whether the client asked for parts of resources only.
    pub fn asked_for_parts(&self) -> bool {
        self.has_parameter("_elements") || self.has_parameter("_summary")
    }

    /// The body, where it is a Bundle that the server made for this answer, and none that it only keeps.
    pub fn made_bundle(&self) -> Option<&'a Value> {
        use Interaction::{Create, Patch, Read, Update, Vread};
        let (bundle, _) = self.resource().filter(|(_, name)| *name == "Bundle")?;
        let is_made = matches!(
            bundle["type"].as_str()?,
            "searchset" | "history" | "transaction-response" | "batch-response"
        );
        let is_kept = match self.interaction {
            Some(_) => self.is(&[Create, Patch, Read, Update, Vread]),
            None => self.instance.is_some_and(|instance| instance.resource_type == "Bundle"),
        };
        (is_made && !is_kept).then_some(bundle)
    }

    /// The entries of a Bundle that the server made for this answer.
    pub fn made_entries(&self) -> impl Iterator<Item = &'a Value> {
        let entries = self.made_bundle().and_then(|bundle| bundle["entry"].as_array());
        entries.into_iter().flatten()
    }
}

fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}

fn type_in_url<'a>(
    path: &'a str,
    instance: Option<InstanceUrl<'a>>,
    interaction: Option<Interaction>,
) -> Option<&'a str> {
    let path = without_query(path).trim_end_matches('/');
    let path = path.strip_suffix("/_search").unwrap_or(path);
    // A search in a whole compartment is one of many types.
    if interaction == Some(Interaction::SearchType) && path.split('/').count() == 2 {
        return None;
    }
    let name = match instance {
        Some(instance) if interaction != Some(Interaction::SearchType) => instance.resource_type,
        _ => path.rsplit('/').next()?,
    };
    name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
}

/// The query of a URL as names and values, decoded.
fn parameters(url: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// The media types that were asked for, in order: `Some` for those of FHIR's own. Empty where none was, or where nobody can
/// tell from here.
fn asked(request: &Request) -> Vec<Option<&'static str>> {
    let of_fhir = |text: &str| {
        let asked = MediaType::parse(text)?;
        [FHIR_JSON, FHIR_XML, FHIR_TURTLE]
            .into_iter()
            .find(|known| *known == asked.essence())
    };
    let content_type = request.headers.get("content-type").unwrap_or_default();
    if content_type.starts_with(FORM) && request.body.text().is_none_or(|form| form.contains("_format")) {
        return Vec::new();
    }
    if let Some((_, format)) = parameters(&request.url).find(|(name, _)| name == "_format") {
        // A plus that was not encoded may be read as a space.
        return vec![of_fhir(&format.replace(' ', "+"))];
    }
    let lines = request.headers.all("accept");
    lines.flat_map(|line| line.split(',')).map(of_fhir).collect()
}
