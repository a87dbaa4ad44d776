//! `http.html#cread`

use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use serde_json::json;

use super::{Mutant, current};
use crate::fhir::Interaction::Read;
use crate::fhir::time::format_http_date;
use crate::server::rewrite::{Answer, Rewrite};

pub(super) const ALL: &[Mutant] = &[
    Mutant::before(
        "conditional-read.if-none-match-304",
        "If-None-Match is ignored, though it is declared",
        |_, asked| {
            if asked.is(Read) {
                asked.remove_header("if-none-match");
            }
        },
    ),
    Mutant::before(
        "conditional-read.if-modified-since-304",
        "If-Modified-Since is ignored, though it is declared",
        |_, asked| {
            if asked.is(Read) {
                asked.remove_header("if-modified-since");
            }
        },
    ),
    Mutant::before(
        "conditional-read.if-modified-since-304/text",
        "If-Modified-Since is compared as a text, so that a later time is another time",
        |server, asked| {
            let modified = current(server, asked).map(|version| format_http_date(version.at));
            if asked.is(Read) && asked.header("if-modified-since") != modified.as_deref() {
                asked.remove_header("if-modified-since");
            }
        },
    ),
    Mutant::instead(
        "conditional-read.changed-returns-full",
        "every read with If-None-Match is answered 304",
        |_, asked| (asked.is(Read) && asked.headers().contains_key(IF_NONE_MATCH)).then(|| Answer::empty(304)),
    ),
    Mutant::instead(
        "conditional-read.changed-returns-full/date",
        "every read with If-Modified-Since is answered 304",
        |_, asked| (asked.is(Read) && asked.headers().contains_key(IF_MODIFIED_SINCE)).then(|| Answer::empty(304)),
    ),
    Mutant::instead(
        "conditional-read.unsupported-returns-full",
        "If-None-Match is refused, since it is not supported",
        |_, asked| {
            (asked.is(Read) && asked.headers().contains_key(IF_NONE_MATCH))
                .then(|| Answer::refusal(400, "not-supported", "there is no conditional read"))
        },
    )
    .of_variant("no-conditional-read"),
    Mutant::after(
        "conditional-read.encouraged",
        "no read is ever answered 304, and none is declared to be",
        |_, asked, answer| {
            answer.edit_claims(asked, |resource| resource["conditionalRead"] = json!("not-supported"));
        },
    )
    .also(Rewrite::Before(|_, asked| {
        asked.remove_header("if-none-match");
        asked.remove_header("if-modified-since");
    })),
];
