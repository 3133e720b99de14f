//! A CCR's way: read, translated, decided, and its answer written into the connection's outbox.

use std::rc::Rc;

use super::bucket::Bucket;
use super::connection::Connection;
use super::hub::{Hub, Waiting};
use crate::charging::request::{Kind, Request};
use crate::diameter::base::error_answer::Refusal as Objection;
use crate::diameter::message::Message;
use crate::diameter::peer::registry::ConnectionId;
use crate::engine::core::{Answered, Handled, Tag};
use crate::ro::cca::{self, Asked, Origin, Refusal};
use crate::ro::ccr::Ccr;
use crate::ro::convert::{self, Charge};
use crate::ro::profile::{Profile, Profiles};
use crate::ro::result;

impl Hub {
    /// Serves a request that the peer machine let pass, or that it objects to: a call to an emergency number is
    /// granted whatever else is wrong with its request (`FREE-2`).
    pub(super) fn serve(&mut self, id: ConnectionId, message: Message, objection: Option<Objection>) {
        let now = self.now();
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.requests = connection.requests.saturating_add(1);
        let name = profile_name(connection);
        let profile = self.parts.profiles.by_name_or_standard(&name);
        let catalogue = std::sync::Arc::clone(self.parts.engine.core().catalogue());
        let serves = |context: &str| catalogue.service_of(context).is_some();
        let (request, fault) = match Ccr::read(&message, &self.parts.dictionary, profile) {
            Ok(ccr) => (convert::request(ccr, profile, now.wall, serves), None),
            Err(unreadable) => {
                let fault = unreadable.first();
                let understood = unreadable.understood;
                (understood.and_then(|ccr| convert::request(*ccr, profile, now.wall, serves)), Some(fault))
            }
        };
        if objection.is_some() || fault.is_some() || request.is_none() {
            let answered = request.and_then(|request| self.parts.engine.emergency(&request, now.wall));
            match (answered, objection, fault) {
                (Some(answered), ..) => self.write(id, &message, &name, &answered),
                (None, Some(objection), _) => self.object(id, &message, &objection),
                (None, None, Some(fault)) => self.refuse(id, &message, &Refusal::of(&fault)),
                (None, None, None) => self.refuse(id, &message, &Refusal::new(result::FAILED)),
            }
            return;
        }
        if let Some(request) = request {
            self.decide(id, message, name, request);
        }
    }

    fn decide(&mut self, id: ConnectionId, message: Message, profile: Rc<str>, request: Request) {
        let now = self.now();
        if self.is_over_rate(id, &request) {
            match self.parts.engine.emergency(&request, now.wall) {
                Some(answered) => self.write(id, &message, &profile, &answered),
                None => self.refuse(id, &message, &Refusal::new(result::BUSY)),
            }
            return;
        }
        let tag = self.tag();
        match self.parts.engine.handle(tag, request, now.wall) {
            Handled::Answered(answered) => self.write(id, &message, &profile, &answered),
            Handled::Overloaded => self.refuse(id, &message, &Refusal::new(result::BUSY)),
            Handled::Parked => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.parked = connection.parked.saturating_add(1);
                }
                self.waiting.insert(tag.0, Waiting { connection: id, message, profile });
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
        let Waiting { connection: id, message, profile } = waiting;
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.parked = connection.parked.saturating_sub(1);
            connection.wake.notify_one();
        }
        match handled {
            Handled::Answered(answered) => self.write(id, &message, &profile, &answered),
            // the engine parks a request once and answers it once: anything else is too much work in hand
            Handled::Overloaded | Handled::Parked => self.refuse(id, &message, &Refusal::new(result::BUSY)),
        }
    }

    /// Writes an answer into the outbox, held until what it shows is durable.
    fn write(&mut self, id: ConnectionId, message: &Message, asking: &str, answered: &Answered) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let name = answered.profile.as_deref().unwrap_or(asking);
        let profile = self.parts.profiles.by_name_or_standard(name);
        let charge = if answered.held.is_none() { Charge::Free } else { Charge::Counted };
        let Connection { config, outbox, .. } = connection;
        let origin = origin(config.node.origin());
        let asked = Asked::of(message);
        let put = |out: &mut bytes::BytesMut| {
            let written = convert::answer(out, &origin, &asked, &answered.answer, charge, profile);
            // longer than a message can be: nothing was written, and the client must hear something
            written.or_else(|_| cca::refuse(out, &origin, &asked, &Refusal::new(result::FAILED)))
        };
        let written = match answered.held {
            Some(batch) => {
                let written = outbox.hold(batch.0, put);
                // what it shows may be durable already: nothing will say so again
                outbox.release(self.released);
                written
            }
            None => put(outbox.now()),
        };
        if let Err(error) = written {
            tracing::error!(%error, "an answer could not be written");
        }
    }

    /// Refuses a request as a whole. Nothing was read or written for it, so the answer waits for nothing.
    fn refuse(&mut self, id: ConnectionId, message: &Message, refusal: &Refusal<'_>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Connection { config, outbox, .. } = connection;
        let origin = origin(config.node.origin());
        if let Err(error) = cca::refuse(outbox.now(), &origin, &Asked::of(message), refusal) {
            tracing::error!(%error, "a refusal could not be written");
        }
    }

    fn object(&mut self, id: ConnectionId, message: &Message, objection: &Objection) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.machine.refuse(message, objection);
        }
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

fn origin(base: crate::diameter::base::local::Origin<'_>) -> Origin<'_> {
    Origin { state_id: base.state_id, ..Origin::new(base.host, base.realm) }
}
