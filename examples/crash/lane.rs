//! A gateway: one connection and the sessions on it, a closed loop of requests. It outlives its connections: what has
//! no answer is sent again over the next one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use gyro::charging::request::{Measured, Used};
use gyro::diameter::base::local::Identity;
use gyro::diameter::dictionary;
use gyro::diameter::frame::{Cut, cut};
use gyro::diameter::header::{CommandCode, EndToEnd, HopByHop};
use gyro::diameter::parse::{Limits, MESSAGE_OCTETS, parse};
use gyro::ro::cca::Cca;
use gyro::ro::ccr::{Ccr, RequestType};
use gyro::ro::mscc::Mscc;
use gyro::ro::service_information::{CONTEXT_DATA, CONTEXT_IMS, CONTEXT_SMS, Recipient};
use gyro::ro::subscription::{Subscription, SubscriptionType};
use gyro::sim::gateway::{Gateway, Who};
use gyro::sim::tap::NoTap;

use super::Fault;
use super::dice::Dice;
use super::model::{Cost, Model, What};

/// The largest use that is reported at once: what a grant has.
const GRANT: u64 = 1 << 20;

/// DIAMETER_TOO_BUSY (RFC 6733 §7.1.3).
const TOO_BUSY: u32 = 3_004;

/// Requested-Action of a message (RFC 8506 §8.41).
const DIRECT_DEBITING: i32 = 0;

/// An answer that does not come within this is a fault.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that may have an answer.
#[derive(Clone, Copy)]
struct Open {
    kind: RequestType,
    used: u64,
    cost: Cost,
    /// It went out over an earlier connection.
    again: bool,
}

struct Session {
    id: String,
    subscriber: usize,
    what: What,
    /// The number of the open request, or of the next.
    number: u32,
    /// Requests before its last.
    updates: u32,
    /// Octets reported by requests that are acknowledged.
    used: u64,
    open: Option<Open>,
}

/// What all gateways share.
pub(crate) struct Shared {
    pub(crate) model: Mutex<Model>,
    pub(crate) subscribers: Vec<String>,
    /// Answers so far.
    pub(crate) answers: AtomicU64,
    /// Requests that were sent again.
    pub(crate) again: AtomicU64,
    /// Requests that were refused because the server was too busy.
    pub(crate) refused: AtomicU64,
    /// Its store has failed, or is to: it may say that it is too busy.
    pub(crate) may_refuse: AtomicBool,
    /// No new session begins, and each ends.
    pub(crate) winds_up: AtomicBool,
}

/// A gateway with its sessions.
pub(crate) struct Lane {
    number: usize,
    serial: u64,
    dice: Dice,
    sessions: Vec<Session>,
}

impl Lane {
    /// Gateway `number`, with so many sessions side by side.
    pub(crate) fn new(number: usize, sessions: usize, subscribers: usize, seed: u64) -> Self {
        let dice = Dice::new(seed ^ u64::try_from(number).unwrap_or(0).wrapping_mul(0x9e37_79b9));
        let mut lane = Self { number, serial: 0, dice, sessions: Vec::new() };
        for _ in 0..sessions {
            let session = lane.fresh(subscribers);
            lane.sessions.push(session);
        }
        lane
    }

    fn fresh(&mut self, subscribers: usize) -> Session {
        self.serial += 1;
        let what = [What::Money, What::Volume, What::Message][self.dice.below(3)];
        Session {
            id: format!("gw{}.crash;{};{what:?}", self.number, self.serial),
            subscriber: self.dice.below(subscribers),
            what,
            number: 0,
            updates: u32::try_from(self.dice.below(6)).unwrap_or(0),
            used: 0,
            open: None,
        }
    }

    /// Connects and goes on until the connection is gone or, when it winds up, all sessions are over. Fails where an
    /// answer is not what it must be.
    pub(crate) fn run(&mut self, server: SocketAddr, shared: &Shared) -> Result<(), Fault> {
        for open in self.sessions.iter_mut().filter_map(|session| session.open.as_mut()) {
            open.again = true;
        }
        // the server may be killed while capabilities are exchanged
        let Ok(mut stream) = connect(server, self.number) else { return Ok(()) };
        let dictionary = dictionary::builtin();
        let mut output = BytesMut::new();
        for place in 0..self.sessions.len() {
            self.write(place, shared, &mut output)?;
        }
        let (mut input, mut buffer) = (BytesMut::new(), vec![0; 64 * 1024]);
        loop {
            if stream.write_all(&output).is_err() {
                // what it has said before it went is still to be read
                output.clear();
            }
            output.clear();
            if self.sessions.is_empty() {
                return Ok(());
            }
            match stream.read(&mut buffer) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(format!(
                        "gateway {}: no answer within {} s",
                        self.number,
                        PATIENCE.as_secs()
                    )
                    .into());
                }
                Ok(0) | Err(_) => return Ok(()),
                Ok(octets) => input.extend_from_slice(buffer.get(..octets).unwrap_or_default()),
            }
            while let Cut::Message(octets) = cut(&mut input, MESSAGE_OCTETS)? {
                let message = parse(octets, &Limits::DEFAULT, &dictionary)?;
                if message.header().command == CommandCode::DISCONNECT_PEER {
                    return Ok(());
                }
                if !message.header().flags.is_request() {
                    let answer = Cca::read(&message).map_err(|fault| format!("{fault:?}"))?;
                    self.take(&answer, shared, &mut output)?;
                }
            }
        }
    }

    /// Takes an answer, and goes on with its session or a new one.
    fn take(&mut self, answer: &Cca<'_>, shared: &Shared, output: &mut BytesMut) -> Result<(), Fault> {
        let said = answer.session_id.unwrap_or_default();
        let Some(place) = self.sessions.iter().position(|session| session.id == said) else {
            return Err(format!("an answer for {said}, which has no open request").into());
        };
        let session = &mut self.sessions[place];
        let open = session.open.take().ok_or_else(|| format!("{said} was answered twice"))?;
        let fits = answer.number == Some(session.number) && answer.request_type == Some(open.kind.value());
        let granted = answer.msccs.iter().any(|quota| quota.granted.is_some());
        let wants = open.kind != RequestType::Termination;
        if fits && answer.result_code.get() == TOO_BUSY && shared.may_refuse.load(Ordering::Relaxed) {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            // it is asked again when the server is there again
            session.open = Some(open);
            return Ok(());
        }
        if answer.result_code.get() != 2_001 || !fits || (wants && !granted) {
            let Cca { result_code, error_message, number, .. } = answer;
            let asked = session.number;
            return Err(format!(
                "{said} {:?} {asked} was answered {number:?}, {result_code}, granted {granted}, {error_message:?}",
                open.kind
            )
            .into());
        }
        shared.answers.fetch_add(1, Ordering::Relaxed);
        let key = (session.id.clone(), session.number);
        lock(&shared.model).acknowledged(session.subscriber, key)?;
        session.used += open.used;
        session.number += 1;
        if matches!(open.kind, RequestType::Termination | RequestType::Event) {
            if shared.winds_up.load(Ordering::Relaxed) {
                self.sessions.swap_remove(place);
                return Ok(());
            }
            self.sessions[place] = self.fresh(shared.subscribers.len());
        }
        self.write(place, shared, output)
    }

    /// Writes the open request of a session, or its next.
    fn write(&mut self, place: usize, shared: &Shared, output: &mut BytesMut) -> Result<(), Fault> {
        let session = &mut self.sessions[place];
        let open = *session.open.get_or_insert_with(|| {
            let ends = session.number > session.updates || shared.winds_up.load(Ordering::Relaxed);
            let kind = match (session.what, session.number) {
                (What::Message, _) => RequestType::Event,
                (_, 0) => RequestType::Initial,
                _ if ends => RequestType::Termination,
                _ => RequestType::Update,
            };
            let reports = matches!(kind, RequestType::Update | RequestType::Termination);
            let used = if reports { self.dice.up_to(GRANT) } else { 0 };
            let costs = reports || kind == RequestType::Event;
            let cost = if costs { Cost::of(session.what, session.used, used) } else { Cost::default() };
            Open { kind, used, cost, again: false }
        });
        if open.again {
            shared.again.fetch_add(1, Ordering::Relaxed);
        }
        lock(&shared.model).sent(session.subscriber, (session.id.clone(), session.number), open.cost);
        let msisdn = shared.subscribers.get(session.subscriber).map_or("", String::as_str);
        request(self.number, session, open, msisdn, output)
    }
}

fn request(
    gateway: usize,
    session: &Session,
    open: Open,
    msisdn: &str,
    output: &mut BytesMut,
) -> Result<(), Fault> {
    let host = format!("gw{gateway}.crash");
    let mut ccr = Ccr::new(&session.id, open.kind, session.number, &host, "crash");
    ccr.retransmitted = open.again;
    ccr.destination_realm = Some("crash");
    ccr.subscriptions = vec![Subscription { kind: SubscriptionType::E164, data: msisdn }];
    let mut quota = Mscc::default();
    if session.what == What::Message {
        ccr.context = Some(CONTEXT_SMS);
        ccr.requested_action = Some(DIRECT_DEBITING);
        ccr.information.kinds.sms = true;
        ccr.information.recipients = vec![Recipient { kind: Some(1), address: "77010009999" }];
        quota.requested = Some(Measured { pieces: Some(1), ..Measured::default() });
    } else {
        ccr.context = Some(CONTEXT_DATA);
        ccr.information.kinds.ps = true;
        quota.rating_group = Some(if session.what == What::Money { 10 } else { 20 });
        if open.kind != RequestType::Termination {
            quota.requested = Some(Measured::default());
        }
        if open.kind != RequestType::Initial {
            let measured = Measured { total_octets: Some(open.used), ..Measured::default() };
            quota.used = vec![Used { measured, side: None }];
        }
    }
    ccr.msccs = vec![quota];
    // one request of a session is open at a time: its number alone tells a repetition
    ccr.write(output, HopByHop::new(session.number), EndToEnd::new(session.number))?;
    Ok(())
}

/// What a call to a number is answered while the store has failed: its Result-Code.
pub(crate) fn call(server: SocketAddr, called: &str, serial: u64) -> Result<u32, Fault> {
    let session = format!("ims.crash;{serial};{called}");
    let mut ccr = Ccr::new(&session, RequestType::Initial, 0, "ims.crash", "crash");
    ccr.destination_realm = Some("crash");
    ccr.context = Some(CONTEXT_IMS);
    ccr.information.kinds.ims = true;
    ccr.information.called = Some(called);
    ccr.subscriptions = vec![Subscription { kind: SubscriptionType::E164, data: "77010000000" }];
    ccr.msccs = vec![Mscc { requested: Some(Measured::default()), ..Mscc::default() }];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let who = Who {
            host: Identity::new("ims.crash")?,
            realm: Identity::new("crash")?,
            product: "crash".into(),
        };
        let dictionary = Arc::new(dictionary::builtin());
        let mut gateway = Gateway::connect(server, who, dictionary, serial, Box::new(NoTap)).await?;
        let answer = gateway.call(&ccr).await?;
        let answer = Cca::read(&answer).map_err(|fault| format!("{fault:?}"))?;
        Ok(answer.result_code.get())
    })
}

fn connect(server: SocketAddr, number: usize) -> Result<TcpStream, Fault> {
    let who = Who {
        host: Identity::new(&format!("gw{number}.crash"))?,
        realm: Identity::new("crash")?,
        product: "crash".into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let dictionary = Arc::new(dictionary::builtin());
        let gateway = Gateway::connect(server, who, dictionary, 1, Box::new(NoTap)).await?;
        Ok::<_, Fault>(gateway.into_stream().into_std()?)
    })?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

pub(crate) fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
