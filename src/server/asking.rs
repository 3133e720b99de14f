//! Requests of ours that wait for their answers, and the choice of the way for one.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::diameter::peer::pending::Tag;
use crate::diameter::peer::registry::ConnectionId;
use crate::engine::core::{ErrandId, Route};

/// Connections that are gone and whose peers are remembered: their sessions are asked over another one of the peer.
const GONE: usize = 1_024;

/// A request that waits for its answer.
pub(super) struct Asked {
    pub(super) id: ErrandId,
    /// Whom it is for.
    pub(super) host: Box<str>,
    /// The client can be expected to report after it.
    pub(super) follows: bool,
}

/// Requests that wait for their answers, and what is known of where clients are.
#[derive(Default)]
pub(super) struct Asking {
    pub(super) asked: BTreeMap<Tag, Asked>,
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

    /// The peer of a connection that is gone.
    pub(super) fn gone(&self, route: Route) -> Option<&str> {
        self.gone.iter().rev().find(|(gone, _)| *gone == route).map(|(_, peer)| peer.as_ref())
    }
}

/// A connection that a request could take, as the choice sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way<'a> {
    pub(super) route: Route,
    /// The peer at its other end.
    pub(super) host: &'a str,
    pub(super) realm: &'a str,
    /// The peer passes on what is for others.
    pub(super) relays: bool,
    /// Requests of ours that wait on it.
    pub(super) pending: usize,
}

/// Whom a request is for, and how to get there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Aim<'a> {
    pub(super) host: &'a str,
    pub(super) realm: &'a str,
    /// Where the session's last request came from.
    pub(super) route: Option<Route>,
    /// The peer at the other end of that, where it is known.
    pub(super) peer: Option<&'a str>,
    pub(super) tried: &'a [Route],
}

/// How good a way is, the least is the best; none where it does not lead there. A way not tried yet comes before one
/// that was, and of those the one tried longest ago. The way that the session's last request came comes before the other
/// connections of that peer, the client's own before those of agents, and agents of its realm before others. A peer that
/// is neither the client nor an agent is never asked: it would say of sessions that are not its own that it has none.
pub(super) fn rank(way: &Way<'_>, aim: &Aim<'_>) -> Option<(usize, u8, usize)> {
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
