//! How long loading takes: 1,000 cases may cost 30 ms at most.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fhir_assay::source::SourceFile;
use fhir_assay::suite::Suites;
use fhir_assay::suite::parse::{self, FixtureFault, FixtureSource};

const FILES: usize = 20;
const CASES: usize = 50;

/// A suite of `CASES` cases, each as long as those of the project are on average.
fn suite(file: usize) -> String {
    let mut text = format!(
        "suite: bench.file-{file}\ntitle: A suite to measure with\nfhir: [R4, R4B, R5, R6]\n\
         fixtures: {{ ada: fixtures/ada.json }}\nvariables: {{ system: 'urn:fhir-assay:test' }}\ncases:\n"
    );
    for case in 0..CASES {
        write!(
            text,
            r#"
  - id: case-{case}
    title: A patient is created, read, and refused when the version is stale
    needs: {{ Patient: {{ interaction: [create, read, update], versioning: versioned-update }} }}
    setup:
      - create: Patient
        body: {{ fixture: ada, set: {{ active: true, identifier: [{{ system: '${{system}}', value: '${{case.tag}}' }}] }} }}
        capture:
          id: {{ location: id }}
          v1: [{{ etag: version }}, {{ location: version }}]
    steps:
      - read: Patient/${{id}}
        expect:
          - requirement: read.returns-current
            status: 200
            headers: {{ Content-Type: {{ media-type: application/fhir+json }}, ETag: {{ version: '${{v1}}' }} }}
            body: {{ like: ada, fhirpath: 'id = %id' }}
      - update: Patient/${{id}}
        note: an earlier version, so the server has to refuse
        headers: {{ If-Match: 'W/"0"' }}
        body: {{ fixture: ada, set: {{ id: '${{id}}' }} }}
        expect:
          - {{ requirement: update.success-200, status: {{ pass: 412, note: [400], because: 'some say so' }} }}
          - requirement: read.returns-current
            headers: {{ Location: {{ matches: '^https?://.*/Patient/[^/]+$' }} }}
"#
        )
        .expect("writing to a text does not fail");
    }
    text
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("fixtures")).expect("a folder inside");
    let body = r#"{ "resourceType": "Patient", "name": [{ "family": "Lovelace", "given": ["Ada"] }] }"#;
    fs::write(folder.path().join("fixtures/ada.json"), body).expect("a fixture");
    for file in 0..FILES {
        fs::write(folder.path().join(format!("{file}.yaml")), suite(file)).expect("a suite");
    }
    folder
}

struct NoFixtures;

impl FixtureSource for NoFixtures {
    fn fixture(&self, _: &SourceFile, _: &str) -> Result<Arc<serde_json::Value>, FixtureFault> {
        Ok(Arc::new(serde_json::json!({ "resourceType": "Patient" })))
    }
}

fn measure(criterion: &mut Criterion) {
    let folder = folder();
    let load = |path: &Path| Suites::load([path]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(load(folder.path()).cases().count(), FILES * CASES);
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements((FILES * CASES) as u64));
    group.bench_function("a folder of 1000 cases", |bencher| {
        bencher.iter(|| black_box(load(folder.path())))
    });

    let texts: Vec<_> = (0..FILES).map(suite).collect();
    let parse = |texts: Vec<String>| {
        for text in texts {
            let file = Arc::new(SourceFile::new("bench.yaml", text));
            black_box(parse::parse(
                &file,
                &NoFixtures,
                fhir_assay::requirement::Catalogue::embedded(),
            ));
        }
    };
    group.bench_function("1000 cases on one core", |bencher| {
        bencher.iter_batched(|| texts.clone(), parse, BatchSize::LargeInput);
    });
    let tree = |texts: Vec<String>| {
        for text in texts {
            let file = Arc::new(SourceFile::new("bench.yaml", text));
            black_box(parse::yaml::read(&file, &mut Default::default()));
        }
    };
    group.bench_function("their YAML alone", |bencher| {
        bencher.iter_batched(|| texts.clone(), tree, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
