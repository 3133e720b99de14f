//! What only the network side can tell operators, or do for them.

use super::connection::Connection;
use super::hub::Hub;
use crate::diameter::base::disconnect::DisconnectCause;
use crate::diameter::peer::event::Command;
use crate::engine::control::{ControlError, NetworkAsk, PeerView, Reply, Response};

impl Hub {
    pub(super) fn network(&mut self, ask: &NetworkAsk) -> Response {
        match ask {
            NetworkAsk::Peers => Ok(Reply::Peers(self.peers())),
            NetworkAsk::Disconnect(host) => self.disconnect(host),
            NetworkAsk::Reload => Err(later("reloading while running")),
        }
    }

    fn peers(&self) -> Vec<PeerView> {
        let now = self.now();
        let view = |connection: &Connection| {
            let known = connection.known.as_ref()?;
            let phase = format!("{:?}", connection.machine.phase()).to_lowercase();
            let watchdog = format!("{:?}", connection.machine.watchdog()).to_lowercase();
            Some(PeerView {
                host: known.host.as_ref().into(),
                realm: known.realm.as_ref().into(),
                address: connection.remote.to_string().into(),
                product: known.product.as_ref().into(),
                profile: known.profile.as_ref().into(),
                because: known.because.into(),
                state: if phase == "open" { watchdog.into() } else { phase.into() },
                since: Some(now.wall.minus(now.run.since(connection.since))),
                requests: connection.requests,
            })
        };
        self.connections.values().filter_map(view).collect()
    }

    fn disconnect(&mut self, host: &str) -> Response {
        let now = self.now().run;
        let mut found = false;
        for (id, connection) in &mut self.connections {
            if connection.known.as_ref().is_some_and(|known| known.host.eq_ignore_ascii_case(host)) {
                let cause = DisconnectCause::DoNotWantToTalkToYou;
                connection.machine.handle_command(Command::Stop { cause }, now);
                self.touched.push(*id);
                found = true;
            }
        }
        if found {
            return Ok(Reply::Done);
        }
        Err(ControlError::Refused(format!("no peer {host:?} is connected: see `gyro peer list`").into()))
    }
}

fn later(what: &str) -> ControlError {
    ControlError::Refused(format!("{what} come with a later version of gyro").into())
}
