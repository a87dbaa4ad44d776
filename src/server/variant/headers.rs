//! Headers of another form.

use super::Variant;
use crate::server::rewrite::Rewrite::After;

pub(super) const ALL: &[Variant] = &[
    Variant::new(
        "unknown-headers",
        "answers carry headers that nobody knows",
        &[After(|_, _, answer| {
            answer.set("x-powered-by", "a variant");
            answer.set("x-custom", "W/\"1\"");
        })],
    ),
    Variant::new(
        "relative-location",
        "Location is relative to the origin, as HTTP allows (RFC 9110 section 10.2.2)",
        &[After(|_, _, answer| {
            answer.change("location", |text| match text.split_once("://") {
                Some((_, rest)) => rest
                    .find('/')
                    .map_or_else(String::new, |slash| rest[slash..].to_owned()),
                None => text.to_owned(),
            });
        })],
    ),
    Variant::new(
        "strong-etags",
        "ETags are strong, which says more than a weak one",
        &[After(|_, _, answer| {
            answer.change("etag", |text| text.trim_start_matches("W/").to_owned())
        })],
    ),
];
