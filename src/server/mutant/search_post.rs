//! `http.html#search-post`

use http::Method;

use super::Mutant;
use crate::fhir::Interaction::SearchType;
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "search-post.supported",
        "a search by POST is taken for a create",
        |_, asked| is_posted(asked).then(|| Answer::refusal(415, "not-supported", "the body is no FHIR")),
    ),
    Mutant::before(
        "search-post.same-as-get",
        "the form of a search by POST is not read",
        |_, asked| {
            if is_posted(asked) {
                asked.set_body(Vec::new());
            }
        },
    ),
    Mutant::before(
        "search-post.parameters-in-body",
        "parameters are read from the URL alone",
        |_, asked| {
            if is_posted(asked) {
                asked.set_body(Vec::new());
            }
        },
    ),
    Mutant::before(
        "search-post.parameters-in-url-and-body",
        "parameters in the URL of a search by POST are not read",
        |_, asked| {
            if is_posted(asked) {
                asked.change_query(Vec::clear);
            }
        },
    ),
    Mutant::instead(
        "search-post.form-type-accepted",
        "a form whose charset is told is refused",
        |_, asked| {
            let told = asked
                .header("content-type")
                .is_some_and(|text| text.contains("charset"));
            (is_posted(asked) && told).then(|| Answer::refusal(415, "not-supported", "that is no form"))
        },
    ),
    Mutant::after(
        "search-post.no-resource-created",
        "a search by POST stores what it finds once more",
        |server, asked, answer| {
            if let (true, Some(resource_type), Some(bundle)) = (is_posted(asked), asked.resource_type(), answer.json())
                && let Some(found) = bundle["entry"][0].get("resource")
            {
                server
                    .store
                    .write()
                    .create(&resource_type, &server.new_id(), found.clone());
            }
        },
    ),
];

fn is_posted(asked: &Asked) -> bool {
    asked.is(SearchType) && *asked.method() == Method::POST
}
