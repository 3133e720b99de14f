//! Before a connection is open: CER and CEA (RFC 6733 §5.3, and the states of §5.6 up to the open ones).

use core::net::IpAddr;
use std::collections::VecDeque;

use super::{Machine, Opened, State};
use crate::diameter::base::avps;
use crate::diameter::base::capabilities::{self, Capabilities};
use crate::diameter::base::error_answer::Refusal;
use crate::diameter::header::{ApplicationId, CommandCode, Header};
use crate::diameter::message::Message;
use crate::diameter::peer::checks;
use crate::diameter::peer::event::{Introduction, Notice, PeerEvent, Reason, Up};
use crate::diameter::peer::timer::Timer;
use crate::diameter::peer::watchdog::WatchdogEvent;
use crate::diameter::result_code::ResultCode;
use crate::time::Monotonic;

pub(super) fn is_capabilities_exchange(header: Header) -> bool {
    header.command == CommandCode::CAPABILITIES_EXCHANGE && header.application == ApplicationId::BASE
}

impl Machine {
    /// The transport connection of an initiator is there; `local` is our end of it.
    pub fn handle_connected(&mut self, local: IpAddr, now: Monotonic) {
        let State::WaitConnAck { expected } = &self.state else { return };
        //   Wait-Conn-Ack    I-Rcv-Conn-Ack   I-Snd-CER        Wait-I-CEA
        //   Wait-Conn-Ack/   I-Rcv-Conn-Ack   I-Snd-CER,Elect  Wait-Returns
        //   Elect
        let expected = expected.clone();
        self.local = Some(local);
        let cer = self.next_hop_by_hop();
        let end_to_end = self.config.end_to_end.draw();
        self.state = State::WaitCea { expected, cer };
        self.timers.set(Timer::Handshake, now.plus(self.config.limits.capabilities));
        self.write(|out, node| capabilities::write_cer(out, cer, end_to_end, node, local));
        self.notices.push_back(Notice::Connected);
    }

    /// The transport connection of an initiator could not be opened.
    pub fn handle_connect_failed(&mut self) {
        //   Wait-Conn-Ack    I-Rcv-Conn-Nack  Cleanup          Closed
        if matches!(self.state, State::WaitConnAck { .. }) {
            self.close(Reason::ConnectFailed);
        }
    }

    /// The first message to a responder: CER, and nothing else.
    pub(super) fn first_request(&mut self, message: &Message, now: Monotonic) {
        let header = message.header();
        if !is_capabilities_exchange(header) || !header.flags.is_request() {
            return self.close(Reason::NotCapabilities);
        }
        if message.bytes().len() > self.config.limits.cer_octets {
            return self.close(Reason::CerTooLong);
        }
        //   Closed           R-Conn-CER       R-Accept,        R-Open
        //                                     Process-CER,
        //                                     R-Snd-CEA
        match self.process_cer(message) {
            Ok((peer, applications)) => {
                let who = Introduction { host: peer.host.clone(), remote: self.remote };
                let backlog = VecDeque::new();
                self.state = State::Introduced { cer: header, peer: Box::new(peer), applications, backlog };
                self.timers.set(Timer::Handshake, now.plus(self.config.limits.hold));
                self.notices.push_back(Notice::Introduced(Box::new(who)));
            }
            Err(refusal) => self.end_with_cea(header, &refusal),
        }
    }

    /// Process-CER: what the peer is and what both sides have, or the answer that says why not.
    pub(super) fn process_cer(
        &self,
        message: &Message,
    ) -> Result<(Capabilities, Vec<ApplicationId>), Refusal> {
        if let Some(refusal) = checks::base_refusal(message) {
            return Err(refusal);
        }
        let peer = Capabilities::read(message)?;
        let applications = self.config.node.common_applications(&peer.applications);
        if applications.is_empty() {
            return Err(capabilities::no_common_application(message));
        }
        Ok((peer, applications))
    }

    pub(super) fn write_cea(&mut self, cer: Header, refusal: Option<&Refusal>) {
        let Some(local) = self.local else { return };
        self.write(|out, node| capabilities::write_cea(out, cer, node, local, refusal));
    }

    fn end_with_cea(&mut self, cer: Header, refusal: &Refusal) {
        self.write_cea(cer, Some(refusal));
        self.close(Reason::Refused(refusal.result_code));
    }

    /// The registry lets the peer in: CEA, and then what came behind the CER, in its order.
    pub(super) fn admit(&mut self, reopen: bool, now: Monotonic) {
        //   Closed           R-Conn-CER       R-Accept,        R-Open
        //                                     Process-CER,
        //                                     R-Snd-CEA
        //   Wait-Conn-Ack/   I-Rcv-Conn-Nack  R-Snd-CEA        R-Open
        //   Elect
        //   Wait-Returns     Win-Election     I-Disc,R-Snd-CEA R-Open
        //   Wait-Returns     I-Peer-Disc      I-Disc,          R-Open
        //                                     R-Snd-CEA
        if !matches!(self.state, State::Introduced { .. }) {
            return;
        }
        let State::Introduced { cer, peer, applications, backlog } =
            core::mem::replace(&mut self.state, State::WaitCer)
        else {
            return;
        };
        self.write_cea(cer, None);
        self.up(*peer, applications, reopen, now);
        for message in backlog {
            self.dispatch(message, now);
        }
    }

    /// The registry does not let the peer in.
    pub(super) fn refuse_cer(&mut self, refusal: &Refusal) {
        //   each             R-Conn-CER       R-Reject         the same
        if let State::Introduced { cer, .. } = self.state {
            self.end_with_cea(cer, refusal);
        }
    }

    /// The first message to an initiator: CEA, and nothing else.
    pub(super) fn first_answer(&mut self, message: &Message, now: Monotonic) {
        //   Wait-I-CEA       I-Rcv-Non-CEA    Error            Closed
        let header = message.header();
        let State::WaitCea { expected, cer } = &self.state else {
            return self.close(Reason::NotCapabilities);
        };
        let is_cea = is_capabilities_exchange(header) && !header.flags.is_request();
        let result_code = message.find(avps::RESULT_CODE.key).and_then(|avp| avp.u32().ok());
        let Some(result_code) = result_code.filter(|_| is_cea && header.hop_by_hop == *cer) else {
            return self.close(Reason::NotCapabilities);
        };
        //   Wait-I-CEA       I-Rcv-CEA        Process-CEA      I-Open
        //   Wait-Returns     I-Rcv-CEA        R-Disc           I-Open
        let result_code = ResultCode::new(result_code);
        if !result_code.is_success() {
            return self.close(Reason::RefusedByPeer(result_code));
        }
        let Ok(peer) = Capabilities::read(message) else { return self.close(Reason::NotCapabilities) };
        if expected.as_ref().is_some_and(|expected| peer.host != *expected) {
            return self.close(Reason::WrongPeer);
        }
        let applications = self.config.node.common_applications(&peer.applications);
        if applications.is_empty() {
            return self.close(Reason::Refused(ResultCode::NO_COMMON_APPLICATION));
        }
        self.notices.push_back(Notice::Opened);
        self.up(peer, applications, false, now);
    }

    fn up(&mut self, peer: Capabilities, applications: Vec<ApplicationId>, reopen: bool, now: Monotonic) {
        self.timers.stop(Timer::Handshake);
        let up = Up { role: self.role, peer: peer.clone(), applications: applications.clone() };
        self.state = State::Open(Box::new(Opened { peer, applications }));
        self.events.push_back(PeerEvent::Up(Box::new(up)));
        if reopen {
            self.watchdog = self.watchdog.clone().reopening();
        }
        self.watch(WatchdogEvent::ConnectionUp, now);
    }

    pub(super) fn handshake_timeout(&mut self) {
        //   Wait-Conn-Ack    Timeout          Error            Closed
        //   Wait-I-CEA       Timeout          Error            Closed
        //   Wait-Conn-Ack/   Timeout          Error            Closed
        //   Elect
        //   Wait-Returns     Timeout          Error            Closed
        self.close(Reason::HandshakeTimeout);
    }
}
