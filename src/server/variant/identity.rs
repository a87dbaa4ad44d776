//! Ids and version ids of another form (`resource.html#id`, `http.html#versioning`), and other formats (`http.html#mime-type`).

use super::Variant;
use crate::server::rewrite::Rewrite::Switch as On;
use crate::server::rewrite::Switch;

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "numeric-ids",
        "ids are numbers that are counted up",
        &[On(Switch::NumericIds)],
    ),
    Variant::new(
        "prefixed-ids",
        "ids begin with a word and hold dots and capitals",
        &[On(Switch::PrefixedIds)],
    ),
    Variant::new(
        "versions-from-zero",
        "the first version is 0",
        &[On(Switch::VersionsFromZero)],
    ),
    Variant::new(
        "opaque-versions",
        "version ids are words without an order",
        &[On(Switch::OpaqueVersions)],
    ),
    Variant::new("json-only", "the server has no XML", &[On(Switch::JsonOnly)]),
    Variant::new(
        "xml-by-default",
        "what is asked for in no format comes in XML",
        &[On(Switch::XmlFirst)],
    ),
];
