//! Clients that the engine wants to be asked: over which connection, and what came of it (RFC 6733 §8.3, §8.5).

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

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

/// Connections that are gone and whose peers are remembered: their sessions are asked over another one of the peer.
const GONE: usize = 1_024;

/// A request that waits for its answer.
struct Asked {
    id: ErrandId,
    /// Whom it is for.
    host: Box<str>,
    /// The client can be expected to report after it.
    follows: bool,
}

/// Requests that wait for their answers, and what is known of where clients are.
#[derive(Default)]
pub(super) struct Asking {
    asked: BTreeMap<Tag, Asked>,
    /// The peers of connections that are gone, the latest last.
    gone: VecDeque<(Route, Rc<str>)>,
}

impl Asking {
    /// A connection of a peer is gone.
    pub(super) fn forget(&mut self, id: ConnectionId, peer: &Rc<str>) {
        if self.gone.len() >= GONE {
            self.gone.pop_front();
        }
        self.gone.push_back((Route::of(id.0), Rc::clone(peer)));
    }

    fn gone(&self, route: Route) -> Option<&str> {
        self.gone.iter().rev().find(|(gone, _)| *gone == route).map(|(_, peer)| peer.as_ref())
    }
}

/// A connection that a request could take, as the choice sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Way<'a> {
    route: Route,
    /// The peer at its other end.
    host: &'a str,
    realm: &'a str,
    /// The peer passes on what is for others.
    relays: bool,
    /// Requests of ours that wait on it.
    pending: usize,
}

/// Whom a request is for, and how to get there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Aim<'a> {
    host: &'a str,
    realm: &'a str,
    /// Where the session's last request came from.
    route: Option<Route>,
    /// The peer at the other end of that, where it is known.
    peer: Option<&'a str>,
    tried: &'a [Route],
}

/// How good a way is, the least is the best; none where it does not lead there. A way not tried yet comes before one
/// that was, and of those the one tried longest ago. The way that the session's last request came comes before the other
/// connections of that peer, the client's own before those of agents, and agents of its realm before others. A peer that
/// is neither the client nor an agent is never asked: it would say of sessions that are not its own that it has none.
fn rank(way: &Way<'_>, aim: &Aim<'_>) -> Option<(usize, u8, usize)> {
    let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let own = is(way.host, aim.host);
    let fit = if !own && !way.relays {
        return None;
    } else if aim.route == Some(way.route) && (own || aim.peer.is_some_and(|peer| is(peer, way.host))) {
        0
    } else if own {
        1
    } else if aim.peer.is_some_and(|peer| is(peer, way.host)) {
        2
    } else if is(way.realm, aim.realm) {
        3
    } else {
        4
    };
    let tried = aim.tried.iter().position(|tried| *tried == way.route).map_or(0, |at| at.saturating_add(1));
    Some((tried, fit, way.pending))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn way(route: u64, host: &'static str, relays: bool) -> Way<'static> {
        Way { route: Route::of(route), host, realm: "epc.kz", relays, pending: 0 }
    }

    const AIM: Aim<'static> = Aim { host: "pgw.kz", realm: "epc.kz", route: None, peer: None, tried: &[] };

    /// The places of the ways, the best first.
    fn order(ways: &[Way<'_>], aim: &Aim<'_>) -> Vec<usize> {
        let mut ranked: Vec<_> =
            ways.iter().enumerate().filter_map(|(at, way)| Some((rank(way, aim)?, at))).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, at)| at).collect()
    }

    #[test]
    fn the_way_of_the_last_request_comes_first_then_that_host_then_agents() {
        let ways = [
            Way { realm: "other.kz", ..way(1, "dra3.kz", true) },
            way(2, "dra2.kz", true),
            way(3, "dra1.kz", true),
            way(4, "PGW.kz", false),
            way(5, "dra1.kz", true),
            way(6, "pgw2.kz", false),
        ];
        let through_agent = Aim { route: Some(Route::of(5)), peer: Some("dra1.kz"), ..AIM };
        assert_eq!(order(&ways, &through_agent), [4, 3, 2, 1, 0]);
        let direct = Aim { route: Some(Route::of(4)), peer: Some("pgw.kz"), ..AIM };
        assert_eq!(order(&ways, &direct), [3, 1, 2, 4, 0]);
        assert_eq!(order(&ways, &AIM), [3, 1, 2, 4, 0]);
    }

    #[test]
    fn a_gateway_is_never_asked_for_the_session_of_another() {
        assert_eq!(order(&[way(1, "pgw2.kz", false)], &AIM), [0usize; 0]);
        let reused = Aim { route: Some(Route::of(1)), peer: Some("pgw2.kz"), ..AIM };
        assert_eq!(order(&[way(1, "pgw2.kz", false)], &reused), [0usize; 0]);
    }

    #[test]
    fn a_way_that_was_tried_comes_behind_those_that_were_not_and_the_oldest_try_first() {
        let ways = [way(1, "pgw.kz", false), way(2, "pgw.kz", false), way(3, "dra.kz", true)];
        let tried = [Route::of(1)];
        assert_eq!(order(&ways, &Aim { tried: &tried, ..AIM }), [1, 2, 0]);
        let tried = [Route::of(2), Route::of(3), Route::of(1)];
        assert_eq!(order(&ways, &Aim { tried: &tried, ..AIM }), [1, 2, 0]);
    }

    #[test]
    fn of_two_alike_the_one_with_less_to_wait_for_is_taken() {
        let ways = [Way { pending: 9, ..way(1, "pgw.kz", false) }, way(2, "pgw.kz", false)];
        assert_eq!(order(&ways, &AIM), [1, 0]);
    }

    #[test]
    fn peers_of_connections_that_are_gone_are_remembered_for_a_while() {
        let mut asking = Asking::default();
        asking.forget(ConnectionId(1), &"dra.kz".into());
        assert_eq!(asking.gone(Route::of(1)), Some("dra.kz"));
        (2..=1_025).for_each(|id| asking.forget(ConnectionId(id), &"other.kz".into()));
        assert_eq!(asking.gone(Route::of(1)), None);
        assert_eq!(asking.gone.len(), GONE);
    }
}
