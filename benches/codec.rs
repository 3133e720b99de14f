//! Reading and writing one message: a CCR-U of a data session with its PS-Information, and the CCA to it.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gyro::diameter::avp::AvpDef;
use gyro::diameter::data::Address;
use gyro::diameter::dictionary;
use gyro::diameter::encode::Encoder;
use gyro::diameter::frame::{self, Cut};
use gyro::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use gyro::diameter::parse::{Limits, parse};
use gyro::time::Timestamp;

const SESSION_ID: &str = "smf1.epc.localdomain;1763839500;17";
const HOST: &str = "smf1.epc.localdomain";
const REALM: &str = "epc.localdomain";
const SERVER: &str = "ocs1.localdomain";

type Write = fn(&mut BytesMut) -> usize;

fn header(flags: CommandFlags) -> Header {
    Header {
        flags,
        command: CommandCode::CREDIT_CONTROL,
        application: ApplicationId::CREDIT_CONTROL,
        hop_by_hop: HopByHop::new(0x1122_3344),
        end_to_end: EndToEnd::new(0x5566_7788),
    }
}

/// A CCR-U as a session management function sends it: one rating group, use reported, location given.
fn write_ccr(out: &mut BytesMut) -> usize {
    let base = AvpDef::base;
    let tgpp = AvpDef::tgpp;
    let mut ccr = Encoder::start_session(out, header(CommandFlags::PROXIABLE_REQUEST), SESSION_ID);
    ccr.utf8(base(264), HOST)
        .utf8(base(296), REALM)
        .utf8(base(283), REALM)
        .u32(base(258), 4)
        .utf8(base(461), "32251@3gpp.org")
        .i32(base(416), 2)
        .u32(base(415), 7)
        .time(base(55), Timestamp::from_secs(1_763_839_500))
        .grouped(base(443), |id| {
            id.i32(base(450), 1).utf8(base(444), "401020000000001");
        })
        .grouped(base(443), |id| {
            id.i32(base(450), 0).utf8(base(444), "77010000001");
        })
        .i32(base(455), 1)
        .grouped(base(456), |mscc| {
            mscc.grouped(base(437), |_| {})
                .grouped(base(446), |usu| {
                    usu.i32(tgpp(872), 3)
                        .u32(base(420), 37)
                        .u64(base(412), 1_234_567)
                        .u64(base(414), 9_876_543);
                })
                .u32(base(432), 10);
        })
        .grouped(tgpp(873), |information| {
            information.grouped(tgpp(874), |ps| {
                ps.octets(tgpp(2), &[0, 0, 0x30, 0x39])
                    .i32(tgpp(3), 0)
                    .address(tgpp(1228), Address::V4([10, 10, 0, 1].into()))
                    .utf8(tgpp(18), "40102")
                    .utf8(base(30), "internet")
                    .octets(tgpp(21), &[6])
                    .octets(tgpp(22), &[0x82, 4, 0xf1, 0x20, 0, 1, 4, 0xf1, 0x20, 0, 0, 1, 2]);
            });
        });
    ccr.finish().unwrap_or_default()
}

/// The answer to it: 50 MiB more.
fn write_cca(out: &mut BytesMut) -> usize {
    let base = AvpDef::base;
    let mut cca = Encoder::start_session(out, header(CommandFlags::PROXIABLE_ANSWER), SESSION_ID);
    cca.u32(base(268), 2_001)
        .utf8(base(264), SERVER)
        .utf8(base(296), REALM)
        .u32(base(258), 4)
        .i32(base(416), 2)
        .u32(base(415), 7)
        .grouped(base(456), |mscc| {
            mscc.u32(base(432), 10)
                .grouped(base(431), |gsu| {
                    gsu.u64(base(421), 52_428_800);
                })
                .u32(base(448), 3_600)
                .u32(base(268), 2_001)
                .u32(AvpDef::tgpp(869), 10_485_760);
        });
    cca.finish().unwrap_or_default()
}

fn made(write: Write) -> Bytes {
    let mut out = BytesMut::new();
    write(&mut out);
    out.freeze()
}

fn codec(criterion: &mut Criterion) {
    let dictionary = dictionary::builtin();
    let messages: [(&str, Write); 2] = [("ccr", write_ccr), ("cca", write_cca)];
    for (name, write) in messages {
        let octets = made(write);
        let mut group = criterion.benchmark_group(format!("{name}-{}", octets.len()));
        group.throughput(Throughput::Bytes(u64::try_from(octets.len()).unwrap_or(u64::MAX)));
        group.bench_function("decode", |bench| {
            bench.iter(|| parse(black_box(octets.clone()), &Limits::DEFAULT, &dictionary));
        });
        group.bench_function("encode", |bench| {
            let mut out = BytesMut::with_capacity(4_096);
            bench.iter(|| {
                out.clear();
                write(black_box(&mut out))
            });
        });
        group.bench_function("cut", |bench| {
            let filled = || BytesMut::from(&octets[..]);
            bench.iter_batched_ref(
                filled,
                |stream| matches!(frame::cut(stream, 65_536), Ok(Cut::Message(_))),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
