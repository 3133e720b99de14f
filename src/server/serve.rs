//! A CCR's way: read, translated, decided, and its answer written into the connection's outbox.

use std::rc::Rc;

use super::bucket::Bucket;
use super::connection::Connection;
use super::figures::Timed;
use super::hub::{Hub, Waiting};
use super::reauth;
use crate::charging::request::{Kind, Request};
use crate::diameter::base::error_answer::Refusal as Objection;
use crate::diameter::message::Message;
use crate::diameter::peer::registry::ConnectionId;
use crate::engine::core::{Answered, Handled, Route, Tag};
use crate::engine::run::Engine;
use crate::ro::cca::{self, Asked, Failures, Origin, Refusal};
use crate::ro::ccr::Ccr;
use crate::ro::convert::{self, Charge};
use crate::ro::foreign_money;
use crate::ro::profile::{Profile, Profiles};
use crate::ro::result;
use crate::time::{Monotonic, Timestamp};

impl Hub {
    /// Serves a request that the peer machine let pass, or that it objects to: a call to an emergency number is
    /// granted whatever else is wrong with its request (`FREE-2`).
    pub(super) fn serve(&mut self, id: ConnectionId, message: Message, objection: Option<Objection>) {
        let now = self.now();
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.requests = connection.requests.saturating_add(1);
        let arrived = connection.arrived;
        let name = profile_name(connection);
        let profile = self.parts.profiles.by_name_or_standard(&name);
        let catalogue = std::sync::Arc::clone(self.parts.engine.core().catalogue());
        let serves = |context: &str| catalogue.service_of(context).is_some();
        let (request, fault) = match Ccr::read(&message, &self.parts.dictionary, profile) {
            Ok(ccr) => {
                let connection = self.connections.get_mut(&id);
                note_origin(&ccr, connection, &mut self.parts.engine, now.wall);
                let fault = foreign_money(&message, Some(catalogue.currency().numeric));
                (convert::request(ccr, profile, now.wall, serves), fault)
            }
            Err(unreadable) => {
                let fault = unreadable.first();
                let understood = unreadable.understood;
                (understood.and_then(|ccr| convert::request(*ccr, profile, now.wall, serves)), Some(fault))
            }
        };
        let timed = request.as_ref().map(|request| {
            let service = catalogue.service_of(&request.context).and_then(|place| catalogue.service(place));
            self.durations.begin(service.map(|service| service.name.as_ref()), request.kind, arrived)
        });
        if objection.is_some() || fault.is_some() {
            let answered = request.and_then(|request| self.parts.engine.emergency(&request, now.wall));
            match (answered, objection, fault) {
                (Some(answered), ..) => self.write(id, &message, &name, &answered, timed),
                (None, Some(objection), _) => self.object(id, &message, &objection, timed.as_ref()),
                (None, None, Some(fault)) => self.refuse(id, &message, &Refusal::of(&fault), timed.as_ref()),
                (None, None, None) => {
                    self.refuse(id, &message, &Refusal::new(result::FAILED), timed.as_ref());
                }
            }
            return;
        }
        match request.zip(timed) {
            Some((request, timed)) => {
                self.decide(request, Waiting { connection: id, message, profile: name, timed });
            }
            None => self.refuse(id, &message, &Refusal::new(result::FAILED), None),
        }
    }

    fn decide(&mut self, request: Request, asking: Waiting) {
        let now = self.now();
        if self.is_over_rate(asking.connection, &request) {
            let handled = match self.parts.engine.emergency(&request, now.wall) {
                Some(answered) => Handled::Answered(answered),
                None => Handled::Overloaded,
            };
            return self.answer(asking, handled);
        }
        let tag = self.tag();
        let route = Some(Route::of(asking.connection.0));
        match self.parts.engine.handle_from(tag, route, request, now.wall) {
            Handled::Parked => {
                if let Some(connection) = self.connections.get_mut(&asking.connection) {
                    connection.parked = connection.parked.saturating_add(1);
                }
                self.waiting.insert(tag.0, asking);
            }
            handled => self.answer(asking, handled),
        }
    }

    fn answer(&mut self, asking: Waiting, handled: Handled) {
        let Waiting { connection: id, message, profile, timed } = asking;
        match handled {
            Handled::Answered(answered) => self.write(id, &message, &profile, &answered, Some(timed)),
            // the engine parks a request once and answers it once: anything else is too much work in hand
            Handled::Overloaded | Handled::Parked => {
                self.refuse(id, &message, &Refusal::new(result::BUSY), Some(&timed));
            }
        }
    }

    /// Whether the peer begins more than it may. Sessions that are open are never held up by it.
    fn is_over_rate(&mut self, id: ConnectionId, request: &Request) -> bool {
        if matches!(request.kind, Kind::Update | Kind::Terminate) {
            return false;
        }
        let now = self.now().run;
        let Some(known) = self.connections.get(&id).and_then(|connection| connection.known.as_ref()) else {
            return false;
        };
        let Some(rate) = self.parts.rates.get(known.host.as_ref()) else { return false };
        let bucket = self.buckets.entry(Rc::clone(&known.host)).or_insert_with(|| Bucket::new(*rate, now));
        !bucket.take(now)
    }

    /// Answers a request that had waited for something to be loaded.
    pub(super) fn answer_parked(&mut self, tag: Tag, handled: Handled) {
        let Some(waiting) = self.waiting.remove(&tag.0) else { return };
        if let Some(connection) = self.connections.get_mut(&waiting.connection) {
            connection.parked = connection.parked.saturating_sub(1);
            connection.wake.notify_one();
        }
        self.answer(waiting, handled);
    }

    /// Writes an answer into the outbox, held until what it shows is durable.
    fn write(
        &mut self,
        id: ConnectionId,
        message: &Message,
        asking: &str,
        answered: &Answered,
        timed: Option<Timed>,
    ) {
        let now = self.now().run;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let name = answered.profile.as_deref().unwrap_or(asking);
        let profile = self.parts.profiles.by_name_or_standard(name);
        let charge = if answered.held.is_none() { Charge::Free } else { Charge::Counted };
        let Connection { config, outbox, tally, held, .. } = connection;
        let currency = self.parts.engine.core().catalogue().currency().numeric;
        let origin = Origin { currency: Some(currency), ..origin(config.node.origin(), self.parts.failures) };
        let asked = Asked::of(message);
        let mut put = |out: &mut bytes::BytesMut| {
            let before = out.len();
            let written = convert::answer(out, &origin, &asked, &answered.answer, charge, profile);
            // longer than a message can be: nothing was written, and the client must hear something
            let written =
                written.or_else(|_| cca::refuse(out, &origin, &asked, &Refusal::new(result::FAILED)));
            tally.count(out.get(before..).unwrap_or_default());
            written
        };
        let written = match answered.held {
            Some(batch) => {
                let written = outbox.hold(batch.0, put);
                if let Some(timed) = timed {
                    held.push(batch.0, timed);
                }
                // what it shows may be durable already: nothing will say so again
                outbox.release(self.released);
                held.release(self.released, now);
                written
            }
            None => {
                let written = put(outbox.now());
                leaves(timed.as_ref(), now);
                written
            }
        };
        if let Err(error) = written {
            tracing::error!(%error, "an answer could not be written");
        }
    }

    /// Refuses a request as a whole. Nothing was read or written for it, so the answer waits for nothing.
    fn refuse(&mut self, id: ConnectionId, message: &Message, refusal: &Refusal<'_>, timed: Option<&Timed>) {
        let now = self.now().run;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Connection { config, outbox, tally, .. } = connection;
        let origin = origin(config.node.origin(), self.parts.failures);
        let out = outbox.now();
        let before = out.len();
        if let Err(error) = cca::refuse(out, &origin, &Asked::of(message), refusal) {
            tracing::error!(%error, "a refusal could not be written");
        }
        tally.count(out.get(before..).unwrap_or_default());
        leaves(timed, now);
    }

    fn object(&mut self, id: ConnectionId, message: &Message, objection: &Objection, timed: Option<&Timed>) {
        let now = self.now().run;
        if let Some(connection) = self.connections.get_mut(&id) {
            // the machine's octets are taken over, and counted, as soon as this request is done with
            connection.machine.refuse(message, objection);
            leaves(timed, now);
        }
    }
}

/// Who asks: another host than the peer itself, which then is an agent; with an Origin-State-Id, which says whether it
/// has lost its sessions (RFC 6733 §8.16).
fn note_origin(ccr: &Ccr<'_>, connection: Option<&mut Connection>, engine: &mut Engine, now: Timestamp) {
    if let Some(connection) = connection.filter(|connection| !connection.relays) {
        let known = connection.known.as_ref();
        connection.relays = known.is_some_and(|known| !known.host.eq_ignore_ascii_case(ccr.origin_host));
    }
    if let Some(state) = ccr.origin_state_id {
        reauth::origin_state(engine, ccr.origin_host, state, now);
    }
}

fn leaves(timed: Option<&Timed>, now: Monotonic) {
    if let Some(timed) = timed {
        timed.observe(now);
    }
}

fn profile_name(connection: &Connection) -> Rc<str> {
    match &connection.known {
        Some(known) => Rc::clone(&known.profile),
        None => standard(),
    }
}

fn standard() -> Rc<str> {
    let standard: &Profile = Profiles::standard();
    standard.name.as_ref().into()
}

fn origin(base: crate::diameter::base::local::Origin<'_>, failures: Failures) -> Origin<'_> {
    Origin { state_id: base.state_id, failures, ..Origin::new(base.host, base.realm) }
}
