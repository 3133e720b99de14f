//! A gateway on the `diameter` crate, driven by lines on standard input (see ../../README.md).
//!
//! The crate's own client takes every message for an answer and stops reading at the first request of the server. So its
//! messages and its codec are used, and the connection is read here.
//!
//! usage: outside-gateway HOST PORT SERVER-REALM

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use diameter::avp::address::Value::IPv4;
use diameter::avp::flags::M;
use diameter::avp::{
    Address, Avp, AvpValue, Enumerated, Grouped, Identity, OctetString, UTF8String, Unsigned32, Unsigned64,
};
use diameter::avp::AvpType;
use diameter::dictionary::{AvpDefinition, Dictionary, DEFAULT_DICT_XML};
use diameter::transport::Codec;
use diameter::{flags, ApplicationId, CommandCode, DiameterMessage};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, Mutex};

const HOST: &str = "pgw.rust.test";
const REALM: &str = "rust.test";

/// AVPs of TS 32.299 that the stack's own dictionary lacks: it drops an answer that holds one it does not know.
const LACKING: [(u32, &str, AvpType); 10] = [
    (868, "Time-Quota-Threshold", AvpType::Unsigned32),
    (869, "Volume-Quota-Threshold", AvpType::Unsigned32),
    (871, "Quota-Holding-Time", AvpType::Unsigned32),
    (1226, "Unit-Quota-Threshold", AvpType::Unsigned32),
    (2022, "Refund-Information", AvpType::OctetString),
    (873, "Service-Information", AvpType::Grouped),
    (876, "IMS-Information", AvpType::Grouped),
    (829, "Role-Of-Node", AvpType::Enumerated),
    (832, "Called-Party-Address", AvpType::UTF8String),
    (862, "Node-Functionality", AvpType::Enumerated),
];

fn dictionary() -> Dictionary {
    let mut dict = Dictionary::new(&[&DEFAULT_DICT_XML]);
    for (code, name, avp_type) in LACKING {
        dict.add_avp(AvpDefinition { code, vendor_id: Some(10415), name: name.into(), avp_type, m_flag: true });
    }
    // it has this one, of a type that it cannot read
    let name = "Restriction-Filter-Rule".into();
    dict.add_avp(AvpDefinition { code: 438, vendor_id: None, name, avp_type: AvpType::OctetString, m_flag: true });
    dict
}

fn grouped(avps: Vec<Avp>, dict: &Arc<Dictionary>) -> AvpValue {
    Grouped::new(avps, Arc::clone(dict)).into()
}

fn avp(dict: &Arc<Dictionary>, code: u32, value: impl Into<AvpValue>) -> Avp {
    Avp::new(code, None, M, value.into(), Arc::clone(dict))
}

fn tgpp(dict: &Arc<Dictionary>, code: u32, value: impl Into<AvpValue>) -> Avp {
    Avp::new(code, Some(10415), M, value.into(), Arc::clone(dict))
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}

fn units(dict: &Arc<Dictionary>, unit: u32, count: u64) -> Avp {
    if unit == 420 {
        return avp(dict, unit, Unsigned32::new(u32::try_from(count).expect("seconds")));
    }
    avp(dict, unit, Unsigned64::new(count))
}

fn mscc(text: &str, unit: u32, token: Option<&str>, dict: &Arc<Dictionary>) -> AvpValue {
    let mut parts = text.split(':');
    let mut next = || parts.next().filter(|part| *part != "-");
    let (group, ask, used) = (next(), next(), next());
    let mut avps = Vec::new();
    if let Some(token) = token {
        avps.push(tgpp(dict, 2022, OctetString::new(octets(token))));
    }
    if let Some(ask) = ask {
        let wanted = ask.parse().ok().map(|count| units(dict, unit, count));
        avps.push(avp(dict, 437, grouped(wanted.into_iter().collect(), dict)));
    }
    if let Some(used) = used {
        avps.push(avp(dict, 446, grouped(vec![units(dict, unit, used.parse().expect("used"))], dict)));
    }
    if let Some(group) = group {
        avps.push(avp(dict, 432, Unsigned32::new(group.parse().expect("rating group"))));
    }
    grouped(avps, dict)
}

fn request(line: &str, realm: &str, sequence: u32, dict: &Arc<Dictionary>) -> (DiameterMessage, u32) {
    let words: Vec<(&str, &str)> = line.split_whitespace().filter_map(|word| word.split_once('=')).collect();
    let field: HashMap<&str, &str> = words.iter().copied().collect();
    let unit = field.get("unit").map_or(421, |unit| unit.parse().expect("unit"));
    let kind: i32 = field["type"].parse().expect("type");
    let mut ccr = DiameterMessage::new(
        CommandCode::CreditControl,
        ApplicationId::CreditControl,
        flags::REQUEST | flags::PROXYABLE,
        sequence,
        sequence,
        Arc::clone(dict),
    );
    ccr.add_avp(263, None, M, UTF8String::new(&format!("{HOST};{}", field["session"])).into());
    ccr.add_avp(264, None, M, Identity::new(HOST).into());
    ccr.add_avp(296, None, M, Identity::new(REALM).into());
    ccr.add_avp(283, None, M, Identity::new(realm).into());
    ccr.add_avp(258, None, M, Unsigned32::new(4).into());
    ccr.add_avp(461, None, M, UTF8String::new(field["context"]).into());
    ccr.add_avp(416, None, M, Enumerated::new(kind).into());
    ccr.add_avp(415, None, M, Unsigned32::new(field["number"].parse().expect("number")).into());
    let subscription = vec![avp(dict, 450, Enumerated::new(0)), avp(dict, 444, UTF8String::new(field["msisdn"]))];
    ccr.add_avp(443, None, M, grouped(subscription, dict));
    match kind {
        4 => {
            let action = field.get("action").map_or(0, |action| action.parse().expect("action"));
            ccr.add_avp(436, None, M, Enumerated::new(action).into());
        }
        3 => ccr.add_avp(295, None, M, Enumerated::new(1).into()),
        _ => ccr.add_avp(455, None, M, Enumerated::new(1).into()),
    }
    for (_, value) in words.iter().filter(|(name, _)| *name == "mscc") {
        ccr.add_avp(456, None, M, mscc(value, unit, field.get("refund").copied(), dict));
    }
    if let Some(called) = field.get("called") {
        let call = vec![
            tgpp(dict, 829, Enumerated::new(0)),
            tgpp(dict, 862, Enumerated::new(6)),
            tgpp(dict, 832, UTF8String::new(called)),
        ];
        let ims = tgpp(dict, 876, grouped(call, dict));
        ccr.add_avp(873, Some(10415), M, grouped(vec![ims], dict));
    }
    (ccr, unit)
}

fn find(avps: &[Avp], code: u32) -> Option<&Avp> {
    avps.iter().find(|avp| avp.get_code() == code && avp.get_vendor_id().is_none())
}

fn number(avp: Option<&Avp>) -> String {
    let Some(avp) = avp else { return "-".into() };
    let small = avp.get_unsigned32().map(u64::from).or_else(|| avp.get_unsigned64());
    small.map_or_else(|| avp.get_enumerated().map_or("?".into(), |value| value.to_string()), |value| value.to_string())
}

fn signed(avp: Option<&Avp>) -> String {
    let Some(avp) = avp else { return "-".into() };
    let long = avp.get_integer64().or_else(|| avp.get_integer32().map(i64::from));
    long.map_or("?".into(), |value| value.to_string())
}

fn members(avp: Option<&Avp>) -> &[Avp] {
    avp.and_then(Avp::get_grouped).map_or(&[], Grouped::avps)
}

fn answer(cca: &DiameterMessage, unit: u32) -> String {
    let mut line = format!(
        "cca result={} type={} number={}",
        number(cca.get_avp(268)),
        number(cca.get_avp(416)),
        number(cca.get_avp(415))
    );
    for part in cca.get_avps().iter().filter(|avp| avp.get_code() == 456) {
        let part = members(Some(part));
        let fields = [
            number(find(part, 432)),
            number(find(part, 268)),
            number(find(members(find(part, 431)), unit)),
            number(find(part, 448)),
            number(find(members(find(part, 430)), 449)),
        ];
        line.push_str(&format!(" mscc={}", fields.join(":")));
        let token = part.iter().find(|avp| avp.get_code() == 2022 && avp.get_vendor_id() == Some(10415));
        if let Some(token) = token.and_then(Avp::get_octetstring) {
            let hex: String = token.value().iter().map(|octet| format!("{octet:02x}")).collect();
            line.push_str(&format!(" refund={hex}"));
        }
    }
    if let Some(check) = cca.get_avp(422) {
        line.push_str(&format!(" check={}", number(Some(check))));
    }
    if let Some(cost) = cca.get_avp(423) {
        let value = members(find(members(Some(cost)), 445));
        line.push_str(&format!(" cost={}e{}", signed(find(value, 447)), signed(find(value, 429))));
    }
    line
}

/// A connection: what is written to it, and who waits for which answer.
struct Connection {
    writer: Mutex<OwnedWriteHalf>,
    waiting: Mutex<HashMap<u32, oneshot::Sender<DiameterMessage>>>,
    dict: Arc<Dictionary>,
}

impl Connection {
    async fn send(&self, message: &DiameterMessage) {
        let mut writer = self.writer.lock().await;
        Codec::encode(&mut *writer, message).await.expect("send");
    }

    /// Sends a request; its answer, if it comes within ten seconds.
    async fn ask(&self, request: &DiameterMessage) -> Option<DiameterMessage> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().await.insert(request.get_hop_by_hop_id(), sender);
        self.send(request).await;
        tokio::time::timeout(Duration::from_secs(10), receiver).await.ok()?.ok()
    }

    /// Hands out answers, and answers requests, until the connection ends.
    async fn listen(&self, mut reader: OwnedReadHalf) {
        loop {
            let message = match Codec::decode(&mut reader, Arc::clone(&self.dict)).await {
                Ok(message) => message,
                Err(error) => return eprintln!("no more is read: {error:?}"),
            };
            if message.get_flags() & flags::REQUEST == 0 {
                if let Some(sender) = self.waiting.lock().await.remove(&message.get_hop_by_hop_id()) {
                    let _ = sender.send(message);
                }
                continue;
            }
            let reply = reply(&message, &self.dict);
            self.send(&reply).await;
        }
    }
}

/// Tells of a RAR or an ASR, and answers it: 2002, what follows is asked for by a line; 2001. A watchdog gets 2001.
fn reply(request: &DiameterMessage, dict: &Arc<Dictionary>) -> DiameterMessage {
    let session = request.get_avp(263).and_then(Avp::get_utf8string).map(|session| session.value().to_owned());
    let name = session.as_deref().unwrap_or_default();
    let name = name.strip_prefix(&format!("{HOST};")).unwrap_or(name);
    let code = match request.get_command_code() {
        CommandCode::ReAuth => {
            let (kind, group) = (number(request.get_avp(285)), number(request.get_avp(432)));
            println!("asked rar session={name} type={kind} group={group}");
            2002
        }
        CommandCode::AbortSession => {
            println!("asked asr session={name}");
            2001
        }
        CommandCode::DeviceWatchdog | CommandCode::DisconnectPeer => 2001,
        _ => 3001,
    };
    let mut reply = DiameterMessage::new(
        request.get_command_code(),
        request.get_application_id(),
        request.get_flags() & !flags::REQUEST,
        request.get_hop_by_hop_id(),
        request.get_end_to_end_id(),
        Arc::clone(dict),
    );
    if let Some(session) = &session {
        reply.add_avp(263, None, M, UTF8String::new(session).into());
    }
    reply.add_avp(268, None, M, Unsigned32::new(code).into());
    reply.add_avp(264, None, M, Identity::new(HOST).into());
    reply.add_avp(296, None, M, Identity::new(REALM).into());
    reply
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, host, port, realm] = arguments.as_slice() else { panic!("usage: outside-gateway HOST PORT SERVER-REALM") };
    let dict = Arc::new(dictionary());
    let stream = TcpStream::connect(format!("{host}:{port}")).await.expect("connect");
    let (reader, writer) = stream.into_split();
    let (writer, waiting) = (Mutex::new(writer), Mutex::new(HashMap::new()));
    let connection = Arc::new(Connection { writer, waiting, dict: Arc::clone(&dict) });
    let listening = Arc::clone(&connection);
    tokio::spawn(async move { listening.listen(reader).await });

    let mut sequence = 1;
    let code = CommandCode::CapabilitiesExchange;
    let mut cer =
        DiameterMessage::new(code, ApplicationId::Common, flags::REQUEST, sequence, sequence, Arc::clone(&dict));
    cer.add_avp(264, None, M, Identity::new(HOST).into());
    cer.add_avp(296, None, M, Identity::new(REALM).into());
    cer.add_avp(257, None, M, Address::new(IPv4(Ipv4Addr::LOCALHOST)).into());
    cer.add_avp(266, None, M, Unsigned32::new(0).into());
    cer.add_avp(269, None, 0, UTF8String::new("diameter-rs").into());
    cer.add_avp(258, None, M, Unsigned32::new(4).into());
    let cea = connection.ask(&cer).await.expect("CEA");
    assert_eq!(number(cea.get_avp(268)), "2001", "CEA");
    println!("ready");

    for line in std::io::stdin().lock().lines() {
        let line = line.expect("input");
        if line.starts_with("quit") {
            break;
        }
        if !line.starts_with("ccr ") {
            continue;
        }
        sequence += 1;
        let (ccr, unit) = request(&line, realm, sequence, &dict);
        match connection.ask(&ccr).await {
            Some(cca) => println!("{}", answer(&cca, unit)),
            None => println!("cca none"),
        }
        std::io::stdout().flush().expect("output");
    }
    println!("bye");
}
