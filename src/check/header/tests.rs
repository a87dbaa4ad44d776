use super::*;
use crate::check::judged::Judged;
use crate::check::testing::{World, exchange, template};
use crate::fhir::FhirVersion;
use HeaderMatcher::*;

const HEADERS: [(&str, &str); 10] = [
    ("ETag", "W/\"3\""),
    ("Strong", "\"3\""),
    ("Bare", "3"),
    ("Location", "/fhir/Patient/1/_history/3"),
    ("Last-Modified", "Fri, 13 Feb 2009 23:31:30 GMT"),
    ("Content-Type", "application/fhir+json; charset=UTF-8"),
    ("Allow", "GET, HEAD"),
    ("Allow", "put"),
    ("Empty", ""),
    ("Odd", "yes and no"),
];

fn judged(name: &str, matcher: &HeaderMatcher) -> String {
    let exchange = exchange("GET", "Patient/1", 200, &HEADERS, "");
    let world = World::new();
    match judge(
        name,
        matcher,
        &Reading::new(&exchange, FhirVersion::R4),
        &world.context(),
    ) {
        Judged::Holds => "holds".to_owned(),
        Judged::LeftOut => "left out".to_owned(),
        Judged::Broken(told) => format!("{} (expected {})", told.message, told.expected.unwrap_or_default()),
        Judged::Unjudged(told) => format!("unjudged: {}", told.message),
        Judged::Tolerated(..) => unreachable!("no header is tolerated"),
    }
}

fn regex_of(pattern: &str) -> HeaderMatcher {
    let compiled = (!pattern.contains("${")).then(|| ::regex::Regex::new(pattern).unwrap());
    Matches(Box::new(Regex {
        pattern: template(pattern),
        compiled,
    }))
}

#[test]
fn headers_are_judged() {
    let types = || vec!["application/fhir+json".to_owned(), "application/fhir+xml".to_owned()];
    let day = |text| template(text);
    let table: Vec<(&str, HeaderMatcher)> = vec![
        ("etag", Present(true)),
        ("X-None", Present(true)),
        ("ETag", Present(false)),
        ("X-None", Present(false)),
        ("ETag", OneOf(vec![template("W/\"${v1}\"")])),
        ("ETag", OneOf(vec![template("W/\"1\""), template("W/\"2\"")])),
        ("X-None", OneOf(vec![template("a")])),
        ("Empty", OneOf(vec![template("a")])),
        ("ETag", Not(vec![template("W/\"2\"")])),
        ("ETag", Not(vec![template("W/\"3\"")])),
        ("X-None", Not(vec![template("a")])),
        ("Odd", regex_of("and")),
        ("Odd", regex_of("^and$")),
        ("Location", regex_of("/${id}/")),
        ("Location", regex_of("/${none}/")),
        ("Location", regex_of("/${never}/")),
        ("Allow", Includes(vec![template("PUT"), template("head")])),
        (
            "Allow",
            Includes(vec![template("GET"), template("POST"), template("DELETE")]),
        ),
        ("Content-Type", MediaType(types())),
        ("Odd", MediaType(types())),
        ("Content-Type", MediaType(vec!["text/html".to_owned()])),
        ("ETag", Version(template("${v1}"))),
        ("Strong", Version(template("3"))),
        ("ETag", Version(template("4"))),
        ("Bare", Version(template("3"))),
        ("X-None", Version(template("3"))),
        ("Location", Reference(template("Patient/${id}"))),
        ("Location", Reference(template("Patient/${id}/_history/3"))),
        ("Location", Reference(template("Patient/2"))),
        ("Odd", Reference(template("Patient/2"))),
        ("Location", Reference(template("nothing"))),
        ("Last-Modified", HttpDate),
        ("Odd", HttpDate),
        (
            "Last-Modified",
            Date(DateBound::NotBefore, day("2009-02-14T00:31:30.999+01:00")),
        ),
        ("Last-Modified", Date(DateBound::NotAfter, day("2009-02-13T23:31:29Z"))),
        (
            "Last-Modified",
            Date(DateBound::NotBefore, day("Fri, 13 Feb 2009 23:31:31 GMT")),
        ),
        ("Last-Modified", Date(DateBound::NotBefore, day("soon"))),
        ("Odd", Date(DateBound::NotBefore, day("2009-02-13T23:31:29Z"))),
    ];
    let lines: Vec<String> = table
        .iter()
        .map(|(name, matcher)| format!("{name}: {}", judged(name, matcher)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
