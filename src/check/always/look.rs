//! An exchange as the rules look at it: which interaction it was, what its URL names, what it asked for.

use std::borrow::Cow;

use serde_json::Value;

use super::decoded;
use crate::check::header::InstanceUrl;
use crate::check::{Context, Reading};
use crate::exchange::Request;
use crate::fhir::media_type::{FHIR_JSON, FHIR_TURTLE, FHIR_XML, FORM};
use crate::fhir::{Interaction, MediaType};
use crate::suite::{Action, Step};

/// An exchange that can be judged.
pub(super) struct Look<'a> {
    pub step: &'a Step,
    pub cx: &'a Context<'a>,
    pub reading: &'a Reading<'a>,
    pub status: u16,
    /// The interaction; none for a raw request, which may be anything.
    pub interaction: Option<Interaction>,
    /// Which exchange of its step it is, from 0.
    pub exchange: u32,
    /// The URL after `[base]/`; none for a URL outside, as paging links may be.
    pub path: Option<&'a str>,
    /// Whether every media type that was asked for is one of FHIR's own.
    pub asked_fhir_only: bool,
    /// Whether nothing but Turtle was asked for.
    pub asked_turtle_only: bool,
    /// The first of FHIR's own media types that was asked for; that of JSON where none was.
    pub preferred: &'static str,
}

impl<'a> Look<'a> {
    /// `None` for an answer that says nothing about the server: credentials, quotas, gateways, redirects.
    pub fn new(step: &'a Step, exchange: u32, reading: &'a Reading<'a>, cx: &'a Context<'a>) -> Option<Self> {
        let status = reading.status();
        if matches!(status, 401 | 403 | 407 | 429 | 502..=504 | 300..=303 | 305..=399) {
            return None;
        }
        let request = &reading.exchange().request;
        let interaction = match &step.action {
            Action::Interaction { interaction, .. } => Some(*interaction),
            Action::Request { .. } | Action::Assert => None,
        };
        let after_base = request.url.strip_prefix(cx.base);
        let asked = asked(request);
        Some(Self {
            step,
            cx,
            reading,
            status,
            interaction,
            exchange,
            path: after_base.and_then(|rest| rest.strip_prefix('/').or_else(|| rest.starts_with('?').then_some(rest))),
            asked_fhir_only: !asked.is_empty() && asked.iter().all(Option::is_some),
            asked_turtle_only: !asked.is_empty() && asked.iter().all(|asked| *asked == Some(FHIR_TURTLE)),
            preferred: asked.iter().flatten().next().copied().unwrap_or(FHIR_JSON),
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
    pub fn resource(&self) -> Option<(&'a Value, &'a str)> {
        let resource = self.reading.resource()?;
        Some((resource, resource["resourceType"].as_str()?))
    }

    /// The path of the URL without its query.
    pub fn plain_path(&self) -> Option<&'a str> {
        self.path.map(|path| path.split(['?', '#']).next().unwrap_or(path))
    }

    /// What the URL names, where it names an instance or a version of it.
    pub fn instance(&self) -> Option<InstanceUrl<'a>> {
        InstanceUrl::parse(self.path?).filter(|url| url.origin.is_none() && url.prefix.is_empty())
    }

    /// The resource type that a create or search names, or the type of the instance.
    pub fn type_in_url(&self) -> Option<&'a str> {
        let path = self.plain_path()?.trim_end_matches('/');
        let path = path.strip_suffix("/_search").unwrap_or(path);
        let name = match self.instance() {
            Some(instance) if !self.is(&[Interaction::SearchType]) => instance.resource_type,
            _ => path.rsplit('/').next()?,
        };
        name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
    }

    /// Whether the query has a parameter.
    pub fn has_parameter(&self, name: &str) -> bool {
        parameters(&self.request().url).any(|(known, _)| known == name)
    }
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
