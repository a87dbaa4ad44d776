//! Results made by hand: one with every verdict and with what a hostile server might send, an empty one, and large
//! ones that pass.

#![allow(dead_code)] // the tests and the bench use different parts

#[path = "pieces.rs"]
pub mod pieces;

use fhir_assay::exchange::Body;
use fhir_assay::fhir::FhirVersion;
use fhir_assay::requirement::{Actor, Catalogue, Level, RequirementId};
use fhir_assay::suite::SuiteId;
use fhir_assay::verdict::{
    CaseVerdict, Cleanup, Finding, LeftBehind, Lost, Mend, Outcome, Part, Phase, Reason, ReasonKind, RequirementResult,
    Rule, RunResult, SuiteResult, TargetInfo, ToolInfo, Verdict,
};
use pieces::{case, exchange, finding, left_out, mismatch, request, rule, site, step, suite_of, with_verdict};

pub const BASE: &str = "http://localhost:8080/fhir";

/// What a hostile server might put anywhere.
pub const HOSTILE: &str = "</script></pre><script>alert(1)</script><img src=x onerror=alert(2)> ]]> ``` \u{1b}[31mred\u{1b}[0m \u{0}\u{7}\u{9b} \u{202e}txt | *bold* [a](javascript:alert(3)) {{ 7*7 }} &amp;";

/// Every verdict, every part of the tree, and hostile content.
pub fn sample() -> RunResult {
    let suites = vec![read_suite(), update_suite(), search_suite(), hostile_suite()];
    let mut result = run(suites);
    result.started = "2026-03-04T05:06:07Z".into();
    result.duration_us = 2_345_678;
    result.options = [("jobs", "16"), ("seed", "4711"), ("level", "may")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
    result.not_checked = vec![
        "XML: the server claims it, and this program tests JSON only.".into(),
        "Client requirements: they bind the harness and not the server.".into(),
    ];
    result.cleanup = Cleanup {
        tag: "urn:fhir-assay:run|4711".into(),
        deleted: 41,
        kept: 2,
        left: vec![LeftBehind {
            url: format!("{BASE}/Patient/17"),
            reason: "the server answered DELETE with 405".into(),
        }],
    };
    result
}

/// A run in which nothing was selected.
pub fn empty() -> RunResult {
    let mut result = run(Vec::new());
    result.requirements.clear();
    result.verdict = Verdict::Skip;
    result
}

/// So many passing cases of one step with six findings, and the whole catalogue.
pub fn passing(cases: usize) -> RunResult {
    let suites = (0..cases.div_ceil(50)).map(|suite| {
        let id = SuiteId::new(&format!("http.suite-{suite}"));
        let file = format!("suites/http/suite-{suite}.yaml");
        let cases = (0..50.min(cases - suite * 50)).map(|number| {
            let mut step = step(1, "read Patient/17", 12);
            let mut exchange = exchange("GET", "Patient/17", "", 200, "");
            exchange.response.body = Body::Elsewhere(2048);
            step.exchanges = vec![exchange];
            let ids = [
                "read.returns-current",
                "read.etag",
                "read.last-modified",
                "read.id-matches-url",
                "update.etag",
                "search.status-200",
            ];
            step.findings = ids
                .map(|id| Finding::pass(Rule::new(RequirementId::new(id), Level::Shall)))
                .into();
            case(
                &id,
                &file,
                &format!("case-{number}"),
                "A read that holds",
                10,
                vec![step],
            )
        });
        suite_of(&id, "Reads", &file, cases.collect())
    });
    run(suites.collect())
}

/// A result of these suites, with the requirements of R4 rolled up as a run does it.
pub fn run(suites: Vec<SuiteResult>) -> RunResult {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let verdict = Verdict::roll_up(cases().map(|case| case.verdict)).unwrap_or(Verdict::Skip);
    let mut requirements = Vec::new();
    for requirement in Catalogue::embedded().iter() {
        let Some(level) = requirement
            .level_in(FhirVersion::R4)
            .filter(|_| requirement.actor == Actor::Server)
        else {
            continue;
        };
        let judged = cases().filter_map(|case| {
            let findings = case.steps.iter().flat_map(|step| &step.findings);
            let mine = findings.filter(|finding| finding.rule.id == requirement.id);
            let verdict = Verdict::roll_up(mine.map(|finding| finding.outcome.verdict()))
                .or_else(|| case.requirements.contains(&requirement.id).then_some(case.verdict))?;
            Some(CaseVerdict {
                case: case.id.clone(),
                verdict,
            })
        });
        let judged: Vec<CaseVerdict> = judged.collect();
        let verdict = Verdict::roll_up(judged.iter().map(|case| case.verdict));
        requirements.push(RequirementResult {
            id: requirement.id.clone(),
            level,
            basis: requirement.basis,
            statement: requirement.statement.clone(),
            url: requirement.url(FhirVersion::R4),
            verdict,
            cases: judged,
            audited: 0,
            untested: verdict.is_none().then(|| {
                let why = requirement.why_not.as_deref();
                why.unwrap_or("no case of this run tests it").to_owned()
            }),
        });
    }
    RunResult {
        format: 1,
        tool: ToolInfo {
            name: "fhir-assay".into(),
            version: "0.1.0".into(),
        },
        target: TargetInfo {
            base: BASE.into(),
            release: FhirVersion::R4,
            fhir_version: Some("4.0.1".into()),
            software: Some("Example FHIR Server 8.1.0".into()),
            assumed: false,
        },
        options: indexmap::IndexMap::new(),
        started: "2026-03-04T05:06:07Z".into(),
        duration_us: 1_000,
        verdict,
        stopped: None,
        suites,
        requirements,
        cleanup: Cleanup::default(),
        not_checked: Vec::new(),
        baseline: None,
        system: None,
    }
}

fn read_suite() -> SuiteResult {
    let id = SuiteId::new("http.read");
    let file = "suites/http/read.yaml";
    let mut passing = step(1, "read Patient/17", 14);
    passing.exchanges = vec![exchange("GET", "Patient/17", "", 200, PATIENT)];
    passing.findings = vec![
        Finding::pass(rule("read.returns-current")),
        Finding::pass(rule("read.id-matches-url")),
    ];
    passing.audited = [RequirementId::new("contention.etag-matches-version")].into();

    let mut warned = step(1, "read Patient/17", 31);
    warned.exchanges = vec![exchange("GET", "Patient/17", "", 200, PATIENT)];
    let no_etag = |exchange| {
        let mut mismatch = mismatch("the answer has no ETag", Part::Header("ETag".into()));
        mismatch.exchange = exchange;
        finding("contention.etag-returned", Outcome::Warning, mismatch)
    };
    warned.findings = vec![no_etag(0)];
    let mut warned_again = warned.clone();
    warned_again.number = 2;

    let mut skipped = case(&id, file, "gone", "A deleted resource is gone", 44, Vec::new());
    left_out(
        &mut skipped,
        Verdict::Skip,
        ReasonKind::Filtered,
        "left out by `--case *existing*`",
    );
    let mut not_claimed = case(&id, file, "vread", "A version can be read", 60, Vec::new());
    let why = "the server does not claim `vread` of Patient";
    left_out(&mut not_claimed, Verdict::Inapplicable, ReasonKind::NotClaimed, why);
    let cases = vec![
        case(
            &id,
            file,
            "existing",
            "A resource that exists is returned",
            10,
            vec![passing],
        ),
        case(
            &id,
            file,
            "etag",
            "A read carries an ETag",
            27,
            vec![warned, warned_again],
        ),
        skipped,
        not_claimed,
    ];
    suite_of(&id, "Reading a resource", file, cases)
}

fn update_suite() -> SuiteResult {
    let id = SuiteId::new("http.update");
    let file = "suites/http/update.yaml";
    let mut setup = step(1, "create Patient", 30);
    setup.phase = Phase::Setup;
    setup.exchanges = vec![exchange("POST", "Patient", PATIENT, 201, PATIENT)];
    let mut held = step(1, "read Patient/17", 36);
    held.exchanges = vec![exchange("GET", "Patient/17", "", 200, PATIENT)];
    held.findings = vec![Finding::pass(rule("read.returns-current"))];
    let mut stale = step(2, "update Patient/17", 40);
    stale.note = Some("With the ETag of the version before.".into());
    let mut put = exchange("PUT", "Patient/17", PATIENT, 200, PATIENT);
    put.request.headers.push("If-Match", "W/\"1\"");
    stale.exchanges = vec![put];
    let mut refused = mismatch("the server answered 200", Part::Status);
    refused.expected = Some("412".into());
    refused.actual = Some("200".into());
    refused.site = Some(site(file, 42, "            status: 412", "412"));
    refused.judgement = Some("409 would have been a warning: the error list of the page names it too".into());
    let mut changed = mismatch("the body differs in 2 places", Part::Body(String::new()));
    changed.site = Some(site(file, 44, "            body: { like: patient }", "like"));
    changed.diff = Some(DIFF.into());
    changed.details = vec![
        "/name/0/family: expected \"Chalmers\", found \"Windsor\"".into(),
        "/active: is missing".into(),
    ];
    changed.mend = Some(Mend {
        text: "keep the resource as it was when the update is refused".into(),
        replacement: Some("\"family\": \"Chalmers\"".into()),
    });
    stale.findings = vec![
        finding("contention.if-match-stale-412", Outcome::Fail, refused),
        finding("contention.version-id-valid", Outcome::Fail, changed),
        finding(
            "update.success-200",
            Outcome::Note,
            mismatch("the server returns the whole resource", Part::Status),
        ),
    ];
    let mut blocked = step(3, "read Patient/17", 47);
    blocked.reason = Some(Reason {
        kind: ReasonKind::Blocked,
        text: "step 2 went wrong".into(),
    });
    let blocked = with_verdict(blocked, Verdict::Skip);
    let mut lost = step(1, "update Patient/18", 70);
    lost.lost = Some(Box::new(Lost {
        request: request("PUT", "Patient/18", PATIENT),
        error: "the server closed the connection before it answered".into(),
    }));
    let mut broken = case(
        &id,
        file,
        "lost",
        "An update of a resource",
        66,
        vec![with_verdict(lost, Verdict::Error)],
    );
    broken.reason = Some(Reason {
        kind: ReasonKind::Transport,
        text: "step 1 got no answer".into(),
    });
    let cases = vec![
        case(
            &id,
            file,
            "life-of-a-patient",
            "Create, update and contend",
            20,
            vec![setup, held, stale, blocked],
        ),
        broken,
    ];
    suite_of(&id, "Updating a resource", file, cases)
}

fn search_suite() -> SuiteResult {
    let id = SuiteId::new("http.search");
    let file = "suites/http/search.yaml";
    let cases = (1..=5).map(|number| {
        let mut step = step(1, &format!("search Patient?name={number}"), 9 + number);
        let url = format!("Patient?name={number}");
        step.exchanges = vec![exchange("GET", &url, "", 500, "<html>Internal Server Error</html>")];
        let mut broken = mismatch("a failed search has no OperationOutcome", Part::Body(String::new()));
        broken.expected = Some("a resource of the type OperationOutcome".into());
        broken.actual = Some("text/html".into());
        step.findings = vec![finding("search.failure-outcome", Outcome::Fail, broken)];
        case(
            &id,
            file,
            &format!("by-name-{number}"),
            "A search by name",
            9 + number,
            vec![step],
        )
    });
    let mut unjudged = step(1, "search Observation", 90);
    unjudged.exchanges = vec![exchange("GET", "Observation", "", 401, "")];
    let why = mismatch("the server asks for a login (401)", Part::Status);
    unjudged.findings = vec![finding("search.bundle-searchset", Outcome::Unjudged, why)];
    let unjudged = case(&id, file, "login", "A search of another type", 88, vec![unjudged]);
    suite_of(&id, "Searching", file, cases.chain([unjudged]).collect())
}

fn hostile_suite() -> SuiteResult {
    let id = SuiteId::new("http.hostile");
    let file = "suites/http/hostile.yaml";
    let mut step = step(1, HOSTILE, 5);
    let mut exchange = exchange("POST", &format!("Patient?{HOSTILE}"), HOSTILE, 200, HOSTILE);
    exchange.response.headers.push("X-Evil", HOSTILE);
    let mut binary = exchange.clone();
    binary.response.body = Body::new(vec![0xFF, 0xFE, b'<', b'b', b'>', 0x00, 0x1B, b'[', b'2', b'J']);
    let mut long = exchange.clone();
    long.response.body = Body::new(format!("{{\"text\":\"{}\"}}", "x".repeat(80_000)));
    step.exchanges = vec![exchange, binary, long];
    let mut broken = mismatch(HOSTILE, Part::Header("X".into()));
    broken.expected = Some("y".repeat(5_000));
    broken.actual = Some(HOSTILE.into());
    broken.details = (0..33)
        .map(|number| format!("/extension/{number}: is missing"))
        .collect();
    broken.details[0] = HOSTILE.into();
    broken.diff = Some(format!("--- expected\n+++ found\n@@ -1 +1 @@\n-good\n+{HOSTILE}\n"));
    let mut outside = broken.clone();
    outside.site = Some(site(file, 7, "      header: { X: good }", "good"));
    outside.message = "the header X has another value".into();
    step.findings = vec![
        finding("general.no-such-rule", Outcome::Fail, broken),
        finding("read.returns-current", Outcome::Fail, outside),
    ];
    let case = case(&id, file, "everything", HOSTILE, 3, vec![step]);
    suite_of(&id, "Hostile content", file, vec![case])
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"17","meta":{"versionId":"2","lastUpdated":"2026-03-04T05:06:07Z"},"active":true,"name":[{"use":"official","family":"Windsor","given":["Peter","James"]}],"birthDate":"1974-12-25","multipleBirthInteger":2}"#;

const DIFF: &str = r#"@@ -3,6 +3,5 @@
   "id": "17",
-  "active": true,
   "name": [
     {
-      "family": "Chalmers"
+      "family": "Windsor"
     }
"#;
