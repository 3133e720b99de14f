//! From a parsed CCR to charging's request, and from charging's answer to the octets of a CCA.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gyro::charging::answer::{Answer, Grant, Outcome, PartAnswer};
use gyro::charging::request::{QuotaKey, Shape};
use gyro::charging::units::{Amount, Unit};
use gyro::diameter::dictionary::builtin;
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};
use gyro::ro::cca::{Asked, Origin};
use gyro::ro::ccr::Ccr;
use gyro::ro::convert::{self, Charge};
use gyro::ro::profile::Profiles;
use gyro::time::Timestamp;

/// An update of a data session as Open5GS sends it, from the golden octets of its look-alike.
fn request() -> Option<Message> {
    let text = include_str!("../tests/clients/golden/open5gs/update.ccr.hex");
    let digits: String = text.lines().filter_map(|line| line.split('#').next()).collect();
    let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let octets = digits
        .chunks(2)
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok());
    parse(octets.collect::<Bytes>(), &Limits::DEFAULT, &builtin()).ok()
}

fn answer() -> Answer {
    let grant = Grant {
        validity_secs: Some(3_600),
        threshold: Some(10 << 20),
        holding_secs: Some(600),
        ..Grant::of(Amount::new(Unit::Octets, 50 << 20))
    };
    let part = PartAnswer::granted(QuotaKey::default(), Some(grant));
    Answer::new(Outcome::Done, Shape::PerGroup, vec![part])
}

fn ro(criterion: &mut Criterion) {
    let Some(message) = request() else { return };
    let dictionary = builtin();
    let profile = Profiles::standard();
    let now = Timestamp::from_secs(1_767_225_600);
    criterion.bench_function("ro: read a CCR", |bench| {
        bench.iter(|| Ccr::read(black_box(&message), &dictionary, profile).is_ok());
    });
    criterion.bench_function("ro: CCR to request", |bench| {
        let read = || Ccr::read(&message, &dictionary, profile);
        let convert =
            |ccr: Result<Ccr<'_>, _>| ccr.ok().and_then(|ccr| convert::request(ccr, profile, now, |_| true));
        bench.iter_batched(read, convert, BatchSize::SmallInput);
    });
    criterion.bench_function("ro: answer to CCA", |bench| {
        let origin = Origin { state_id: Some(1), ..Origin::new("ocs.gyro.localdomain", "gyro.localdomain") };
        let answer = answer();
        let mut out = BytesMut::with_capacity(1_024);
        bench.iter(|| {
            out.clear();
            let asked = Asked::of(black_box(&message));
            convert::answer(&mut out, &origin, &asked, black_box(&answer), Charge::Counted, profile).is_ok()
        });
    });
}

criterion_group!(benches, ro);
criterion_main!(benches);
