//! What reports cost. Budget: JSON, JUnit and HTML of 1,000 passing cases together well under 50 ms.

use std::hint::black_box;
use std::io;

use criterion::{Criterion, criterion_group, criterion_main};
use fhir_assay::report::{Format, read_json};

#[path = "../tests/reports/sample.rs"]
mod sample;

fn reports(criterion: &mut Criterion) {
    for cases in [1_000, 10_000] {
        let result = sample::passing(cases);
        let mut group = criterion.benchmark_group(format!("report/{cases}"));
        group.sample_size(20);
        for format in Format::ALL {
            group.bench_function(format.name(), |bencher| {
                bencher.iter(|| format.write(black_box(&result), &mut io::sink()).unwrap());
            });
        }
        group.bench_function("json, junit and html", |bencher| {
            bencher.iter(|| {
                for format in [Format::Json, Format::Junit, Format::Html] {
                    format.write(black_box(&result), &mut io::sink()).unwrap();
                }
            });
        });
        let json = Format::Json.render(&result);
        group.bench_function("read json", |bencher| {
            bencher.iter(|| read_json(black_box(&json)).unwrap())
        });
        group.finish();
    }
    let failing = sample::sample();
    criterion.bench_function("report/failures/html", |bencher| {
        bencher.iter(|| Format::Html.write(black_box(&failing), &mut io::sink()).unwrap());
    });
}

criterion_group!(benches, reports);
criterion_main!(benches);
