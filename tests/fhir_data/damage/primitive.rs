//! Damage to the values of primitives, and to the bytes of a document.

use serde_json::{Value, json};

use super::document::{Damage, Document, Sequence};
use super::{Kind, kind};

const TIMES: [&str; 3] = ["date", "dateTime", "instant"];
const URLS: [&str; 3] = ["uri", "url", "canonical"];

pub const KINDS: &[Kind] = &[
    kind("a thirteenth month", |document, sequence| {
        time(document, sequence, 7, |text| format!("{}13{}", &text[..5], &text[7..]))
    }),
    kind("a day that no calendar has", |document, sequence| {
        time(document, sequence, 10, |text| {
            format!("{}02-30{}", &text[..5], &text[10..])
        })
    }),
    kind("the 29th of February of a year without one", |document, sequence| {
        time(document, sequence, 10, |text| format!("2021-02-29{}", &text[10..]))
    }),
    kind("a date with slashes", |document, sequence| {
        time(document, sequence, 10, |text| {
            format!("{}/{}/{}", &text[8..10], &text[5..7], &text[..4])
        })
    }),
    kind("a date of two digits a year", |document, sequence| {
        time(document, sequence, 10, |text| text[2..].to_owned())
    }),
    kind("a twenty-sixth hour", |document, sequence| {
        time(document, sequence, 19, |text| {
            format!("{}T26{}", &text[..10], &text[13..])
        })
    }),
    kind("a time without seconds", |document, sequence| {
        time(document, sequence, 20, |text| {
            format!(
                "{}{}",
                &text[..16],
                text[19..].trim_start_matches(|next: char| next == '.' || next.is_ascii_digit())
            )
        })
    }),
    kind("an instant without an offset", |document, sequence| {
        document.instead(sequence, &["instant"], json!("2020-01-01T10:00:00"))
    }),
    kind("a blank for the T of a time", |document, sequence| {
        time(document, sequence, 19, |text| text.replace('T', " "))
    }),
    kind("a number below its least", |document, sequence| {
        document.instead(sequence, &["positiveInt", "unsignedInt"], json!(-1))
    }),
    kind("a positiveInt of zero", |document, sequence| {
        document.instead(sequence, &["positiveInt"], json!(0))
    }),
    kind("a whole number with a fraction", |document, sequence| {
        whole(document, sequence, "1.5")
    }),
    kind("a whole number with a fraction of zero", |document, sequence| {
        whole(document, sequence, "1.0")
    }),
    kind("a whole number with an exponent", |document, sequence| {
        whole(document, sequence, "1e2")
    }),
    kind("a whole number of more than 31 bits", |document, sequence| {
        whole(document, sequence, "2147483648")
    }),
    kind("base64 that is none", |document, sequence| {
        document.instead(sequence, &["base64Binary"], json!("*not base64*"))
    }),
    kind("an id with a blank", |document, sequence| {
        text(document, sequence, &["id"], "a b")
    }),
    kind("an id of 65 characters", |document, sequence| {
        text(document, sequence, &["id"], &"a".repeat(65))
    }),
    kind("a URL with a blank", |document, sequence| {
        text(document, sequence, &URLS, "http://example.org/a b")
    }),
    kind("a code with a blank at its end", |document, sequence| {
        let place = document.pick_type(sequence, &["code"])?;
        let code = document.value(&place.pointer).as_str()?;
        Some(document.with(&place.pointer, json!(format!("{code} "))))
    }),
    kind("nothing but blanks", |document, sequence| {
        // That a string or markdown should hold more than blanks is a SHOULD only (`datatypes.html#string`).
        text(
            document,
            sequence,
            &["code", "id", "uri", "url", "canonical", "date", "dateTime", "instant"],
            "  ",
        )
    }),
    kind("a control character", |document, sequence| {
        let place = document.pick_type(sequence, &["string", "markdown"])?;
        let found = document.value(&place.pointer).as_str()?;
        Some(document.with(&place.pointer, json!(format!("{found}\u{1}"))))
    }),
    kind("an OID or UUID that is none", |document, sequence| {
        text(document, sequence, &["oid", "uuid"], "urn:uuid:not-hexadecimal")
    }),
];

/// Changes a date that is written with at least so many characters.
fn time(document: &Document, sequence: &mut Sequence, least: usize, change: impl Fn(&str) -> String) -> Option<Damage> {
    let place = document.pick(sequence, |place, value| {
        TIMES.contains(&place.type_name.as_str()) && value.as_str().is_some_and(|text| text.len() >= least)
    })?;
    let text = document.value(&place.pointer).as_str()?;
    Some(document.with(&place.pointer, json!(change(text))))
}

/// Puts a number in the place of a whole one, as it is written.
fn whole(document: &Document, sequence: &mut Sequence, number: &str) -> Option<Damage> {
    let number: Value = serde_json::from_str(number).unwrap();
    document.instead(sequence, &["integer", "positiveInt", "unsignedInt"], number)
}

fn text(document: &Document, sequence: &mut Sequence, types: &[&str], text: &str) -> Option<Damage> {
    document.instead(sequence, types, json!(text))
}
