//! Clients that the engine wants to be asked: over which connection, and what came of it (RFC 6733 §8.3, §8.5).

use std::rc::Rc;

use super::asking::{Aim, Asked, Way, rank};
use super::connection::Connection;
use super::hub::Hub;
use crate::diameter::header::{ApplicationId, EndToEnd};
use crate::diameter::message::Message;
use crate::diameter::peer::machine::Outgoing;
use crate::diameter::peer::pending::Tag;
use crate::diameter::peer::registry::ConnectionId;
use crate::diameter::peer::watchdog::WatchdogState;
use crate::engine::core::reauth::{Scope, What};
use crate::engine::core::{Errand, ErrandId, Route, Told};
use crate::engine::run::Engine;
use crate::ro::profile::{Profile, Rar};
use crate::ro::reauth::{self, Reply, Verdict};
use crate::time::Timestamp;

fn way(id: ConnectionId, connection: &Connection) -> Option<Way<'_>> {
    let known = connection.known.as_ref()?;
    let machine = &connection.machine;
    let usable = machine.is_open()
        && machine.watchdog() == WatchdogState::Okay
        && machine.applications().contains(&ApplicationId::CREDIT_CONTROL)
        && connection.closing.is_none();
    let offers_relay =
        || machine.peer().is_some_and(|peer| peer.applications.contains(&ApplicationId::RELAY));
    usable.then(|| Way {
        route: Route::of(id.0),
        host: &known.host,
        realm: &known.realm,
        relays: connection.relays || offers_relay(),
        pending: machine.pending(),
    })
}

impl Hub {
    /// Asks the clients that the engine wants to be asked.
    pub(super) fn run_errands(&mut self) {
        while let Some(errand) = self.parts.engine.poll_errand() {
            let profile = self.parts.profiles.by_name_or_standard(&errand.profile);
            let told = match (errand.what, profile.rar) {
                (What::Reauthorise(_), Rar::None) => Told::NotWanted,
                _ => {
                    let follows = follows(profile);
                    self.send_errand(&errand, follows)
                }
            };
            tracing::debug!(what = ?errand.what, reason = errand.reason.as_str(), peer = %errand.host, ?told, "a client is to be asked");
            let now = self.now().wall;
            self.parts.engine.told(errand.id, told, now);
        }
    }

    fn send_errand(&mut self, errand: &Errand, follows: bool) -> Told {
        let Some(id) = self.choose(errand) else { return Told::NoRoute };
        let now = self.now().run;
        let tag = Tag(self.tag().0);
        let Some(connection) = self.connections.get_mut(&id) else { return Told::NoRoute };
        let Connection { machine, config, .. } = connection;
        let origin = config.node.origin();
        let demand = reauth::Demand {
            what: what(errand.what),
            session_id: errand.session.as_str(),
            origin_host: origin.host,
            origin_realm: origin.realm,
            destination_realm: &errand.realm,
            destination_host: &errand.host,
            origin_state_id: origin.state_id,
        };
        let outgoing = Outgoing {
            tag,
            command: demand.what.command(),
            application: ApplicationId::CREDIT_CONTROL,
            deadline: now.plus(errand.timeout),
            again: errand.token.map(EndToEnd::new),
        };
        match machine.send(outgoing, |out| demand.fill(out)) {
            Ok(end_to_end) => {
                let asked = Asked { id: errand.id, host: errand.host.clone(), follows };
                self.asking.asked.insert(tag, asked);
                self.touched.push(id);
                Told::Sent { route: Route::of(id.0), token: end_to_end.get() }
            }
            Err(error) => {
                tracing::debug!(%error, peer = %errand.host, "a client could not be asked");
                Told::NoRoute
            }
        }
    }

    /// The connection to ask a client over.
    fn choose(&self, errand: &Errand) -> Option<ConnectionId> {
        let open = |route: Route| {
            let of = |(id, connection): (&ConnectionId, &'_ Connection)| {
                (Route::of(id.0) == route)
                    .then(|| connection.known.as_ref().map(|known| Rc::clone(&known.host)))
            };
            self.connections.iter().find_map(of).flatten()
        };
        let peer =
            errand.route.and_then(|route| open(route).or_else(|| self.asking.gone(route).map(Rc::from)));
        let aim = Aim {
            host: &errand.host,
            realm: &errand.realm,
            route: errand.route,
            peer: peer.as_deref(),
            tried: &errand.tried,
        };
        let ways = self.connections.iter().filter_map(|(id, connection)| Some((*id, way(*id, connection)?)));
        let ranked = ways.filter_map(|(id, way)| Some((rank(&way, &aim)?, id)));
        ranked.min().map(|(_, id)| id)
    }

    /// The answer to a request of ours.
    pub(super) fn answered(&mut self, tag: Tag, message: &Message) {
        let Some(Asked { id, host, follows }) = self.asking.asked.remove(&tag) else { return };
        let reply = Reply::read(message);
        let told = match reply.verdict(&host) {
            Verdict::Done => Told::Done { follows },
            Verdict::Unknown => Told::Unknown,
            Verdict::Elsewhere => Told::Elsewhere,
            Verdict::Refused => Told::Refused,
        };
        if !matches!(told, Told::Done { .. }) {
            let code = reply.result_code.get();
            let command = message.header().command.get();
            tracing::info!(peer = %host, result_code = code, command, "a client that was asked has not said yes");
        }
        self.tell(id, told);
    }

    /// No answer came, or none will.
    pub(super) fn unanswered(&mut self, tag: Tag) {
        if let Some(Asked { id, host, .. }) = self.asking.asked.remove(&tag) {
            tracing::info!(peer = %host, "a client that was asked has not answered");
            self.tell(id, Told::Silent);
        }
    }

    fn tell(&mut self, id: ErrandId, told: Told) {
        let now = self.now().wall;
        self.parts.engine.told(id, told, now);
    }

    /// A peer has told its Origin-State-Id on its connection.
    pub(super) fn peer_state(&mut self, host: &str, state: Option<u32>) {
        let now = self.now().wall;
        if let Some(state) = state {
            origin_state(&mut self.parts.engine, host, state, now);
        }
    }
}

/// A host has told its Origin-State-Id (RFC 6733 §8.16).
pub(super) fn origin_state(engine: &mut Engine, host: &str, state: u32, now: Timestamp) {
    if engine.origin_state_of(host, state, now) {
        tracing::warn!(peer = host, state, "a host has lost its sessions: those it had are freed");
    }
}

/// Whether a client that says yes can be expected to report.
const fn follows(profile: &Profile) -> bool {
    matches!(profile.rar, Rar::Reacts)
}

const fn what(what: What) -> reauth::What {
    match what {
        What::Reauthorise(Scope::Session) => reauth::What::ReAuthorise(reauth::Scope::Session),
        What::Reauthorise(Scope::RatingGroup(group)) => {
            reauth::What::ReAuthorise(reauth::Scope::RatingGroup(group))
        }
        What::Reauthorise(Scope::Service(service)) => {
            reauth::What::ReAuthorise(reauth::Scope::Service(service))
        }
        What::Abort => reauth::What::Abort,
    }
}
