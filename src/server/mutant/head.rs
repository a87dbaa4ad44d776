//! HEAD (`http.html#head`)

use http::Method;

use super::{Mutant, current};
use crate::fhir::Interaction::{Read, SearchType, Vread};
use crate::server::rewrite::{Answer, Asked};

pub(super) const ALL: &[Mutant] = &[
    Mutant::instead(
        "head.allowed-where-get",
        "HEAD on a search is refused with 400",
        |_, asked| (is_head(asked) && asked.is(SearchType)).then(|| Answer::empty(400)),
    ),
    Mutant::after(
        "head.same-headers",
        "the answer to HEAD has no ETag",
        |_, asked, answer| {
            if is_head(asked) {
                answer.remove("etag");
            }
        },
    ),
    Mutant::instead(
        "head.unsupported-405-or-501",
        "HEAD on what exists is answered 404",
        |server, asked| {
            (is_head(asked) && asked.is(Read) && current(server, asked).is_some()).then(|| Answer::empty(404))
        },
    ),
    Mutant::after(
        "head.vread-existence",
        "HEAD finds every version",
        |_, asked, answer| {
            if is_head(asked) && asked.is(Vread) {
                answer.set_status(200);
            }
        },
    ),
    Mutant::after(
        "head.unknown-resource",
        "HEAD finds every resource",
        |_, asked, answer| {
            if is_head(asked) && asked.is(Read) {
                answer.set_status(200);
            }
        },
    ),
];

fn is_head(asked: &Asked) -> bool {
    *asked.method() == Method::HEAD
}
