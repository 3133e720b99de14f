//! What a commit costs: one batch appended and made durable, by its number of records of 300 octets.
#![allow(clippy::expect_used, reason = "a bench stops at what is not as it should be")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gyro::store::local::{self, Options};
use gyro::store::{Batch, Class, Commit, Key, Probe, Record, Sequence, guard};

fn batch(sequence: Sequence, records: u64) -> Batch {
    let first = sequence.number().wrapping_mul(records);
    let record =
        |place: u64| Record::put(Class::Account, Key::from_u64(first.wrapping_add(place)), vec![7; 300]);
    Batch { sequence, guards: Vec::new(), records: (0..records).map(record).collect() }
}

fn commit(commit: &mut dyn Commit, batch: &Batch) -> Sequence {
    let done = commit.append(batch).and_then(|()| commit.sync());
    done.expect("the disk takes it")
}

fn journal_commit(criterion: &mut Criterion) {
    guard().expect("the filter can be installed");
    let dir = tempfile::TempDir::new().expect("a directory can be made");
    let mut opened = local::open(dir.path(), Options::new(Probe::Here)).expect("a store can be made");
    let next = std::cell::Cell::new(opened.commit.durable().next());
    let mut group = criterion.benchmark_group("journal_commit");
    for records in [1_u64, 4, 16, 64, 256, 1_024] {
        group.throughput(Throughput::Elements(records));
        group.bench_function(BenchmarkId::from_parameter(records), |bencher| {
            bencher.iter_batched(
                || batch(next.get(), records),
                |batch| next.set(black_box(commit(&mut *opened.commit, &batch)).next()),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50);
    targets = journal_commit
}
criterion_main!(benches);
