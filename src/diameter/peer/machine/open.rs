//! The open states and Closing (RFC 6733 §5.4 to §5.6): what becomes of each message.

use super::{Machine, State};
use crate::diameter::base::avps;
use crate::diameter::base::disconnect::{self, DisconnectCause};
use crate::diameter::base::error_answer::Refusal;
use crate::diameter::base::{error_answer, grammar, watchdog};
use crate::diameter::error::Fault;
use crate::diameter::header::CommandCode;
use crate::diameter::message::Message;
use crate::diameter::peer::checks::{self, Subject};
use crate::diameter::peer::event::{Notice, PeerEvent, Reason};
use crate::diameter::peer::timer::{Timer, Timers};
use crate::diameter::peer::watchdog::WatchdogEvent;
use crate::diameter::result_code::ResultCode;
use crate::time::Monotonic;

impl Machine {
    /// Any message is a sign of life; then it is dealt with by its kind.
    pub(super) fn open_message(&mut self, message: Message, now: Monotonic) {
        let header = message.header();
        let is_base = checks::is_base(header);
        let is_dwa = is_base && !header.flags.is_request() && header.command == CommandCode::DEVICE_WATCHDOG;
        self.watch(if is_dwa { WatchdogEvent::Dwa } else { WatchdogEvent::NonDwa }, now);
        if self.timers.stop(Timer::Probe) {
            self.notices.push_back(Notice::Alive);
        }
        match (header.flags.is_request(), is_base) {
            (true, true) => self.base_request(&message, now),
            (true, false) => self.request(message),
            (false, true) => self.base_answer(&message),
            (false, false) => self.answer(message),
        }
    }

    fn base_request(&mut self, message: &Message, now: Monotonic) {
        let header = message.header();
        if header.command == CommandCode::CAPABILITIES_EXCHANGE {
            return self.repeated_cer(message);
        }
        if let Some(refusal) = checks::base_refusal(message) {
            return self.write(|out, node| error_answer::write(out, message, node.origin(), &refusal));
        }
        if header.command == CommandCode::DISCONNECT_PEER {
            //   R-Open           R-Rcv-DPR        R-Snd-DPA        Closing
            //   I-Open           I-Rcv-DPR        I-Snd-DPA        Closing
            // a DPA may hold an error, and the connection ends all the same
            match grammar::DISCONNECT.fault(message) {
                Some(fault) => self.object(message, &fault),
                None => self.write(|out, node| disconnect::write_dpa(out, header, node.origin())),
            }
            self.closing(Reason::PeerStopped(DisconnectCause::of(message)), now);
        } else if let Some(fault) = grammar::WATCHDOG.fault(message) {
            self.object(message, &fault);
        } else {
            //   R-Open           R-Rcv-DWR        Process-DWR,     R-Open
            //                                     R-Snd-DWA
            //   I-Open           I-Rcv-DWR        Process-DWR,     I-Open
            //                                     I-Snd-DWA
            self.write(|out, node| watchdog::write_dwa(out, header, node.origin()));
            self.origin_state(message);
        }
    }

    fn object(&mut self, message: &Message, fault: &Fault) {
        let refusal = Refusal::of_fault(fault, "an AVP is missing, or cannot be taken");
        self.write(|out, node| error_answer::write(out, message, node.origin(), &refusal));
    }

    /// The table has no row for a CER on a connection that is open: it is answered, and changes nothing.
    fn repeated_cer(&mut self, message: &Message) {
        let State::Open(opened) = &self.state else { return };
        let refusal = match self.process_cer(message) {
            Ok((peer, _)) if peer.host == opened.peer.host => None,
            Ok(_) => Some(Refusal::new(
                ResultCode::UNABLE_TO_COMPLY,
                "this connection belongs to another Origin-Host",
            )),
            Err(refusal) => Some(refusal),
        };
        self.write_cea(message.header(), refusal.as_ref());
    }

    /// R-Rcv-DWA, I-Rcv-DWA; a CEA or a DPA that nobody waits for is dropped.
    fn base_answer(&mut self, message: &Message) {
        //   R-Open           R-Rcv-DWA        Process-DWA      R-Open
        //   I-Open           I-Rcv-DWA        Process-DWA      I-Open
        if message.header().command == CommandCode::DEVICE_WATCHDOG {
            self.origin_state(message);
        }
    }

    /// A greater Origin-State-Id than before means that the peer lost its sessions; 0 and none mean nothing.
    fn origin_state(&mut self, message: &Message) {
        let told = message.find(avps::ORIGIN_STATE_ID.key).and_then(|avp| avp.u32().ok());
        let State::Open(opened) = &mut self.state else { return };
        let Some(told) = told.filter(|told| *told > opened.peer.origin_state_id.unwrap_or(0)) else { return };
        let known = opened.peer.origin_state_id.replace(told);
        if known.is_some() {
            self.events.push_back(PeerEvent::OriginState(told));
        }
    }

    fn request(&mut self, request: Message) {
        //   R-Open           R-Rcv-Message    Process          R-Open
        //   I-Open           I-Rcv-Message    Process          I-Open
        let State::Open(opened) = &self.state else { return };
        let node = &self.config.node;
        let subject = Subject {
            request: &request,
            node,
            applications: &opened.applications,
            peer_realm: &opened.peer.realm,
        };
        let Some(refusal) = checks::refusal(&subject) else {
            return self.events.push_back(PeerEvent::Request(request));
        };
        let header = request.header();
        let handed_up = checks::served_by(node, header.application)
            .is_some_and(|ours| ours.hands_up_refusals && ours.serves.contains(&header.command));
        if handed_up {
            self.events.push_back(PeerEvent::Objection { request, refusal });
        } else {
            self.write(|out, node| error_answer::write(out, &request, node.origin(), &refusal));
        }
    }

    /// An answer that belongs to no request of ours is dropped.
    fn answer(&mut self, message: Message) {
        let header = message.header();
        if let Some(tag) = self.pending.answered(header.hop_by_hop, header.command) {
            self.events.push_back(PeerEvent::Answer { tag, message });
        }
    }

    pub(super) fn send_dwr(&mut self) {
        let (hop_by_hop, end_to_end) = (self.next_hop_by_hop(), self.config.end_to_end.draw());
        self.write(|out, node| watchdog::write_dwr(out, hop_by_hop, end_to_end, node.origin()));
    }

    /// A new connection of the same identity waits: this one has a short time to show that its peer is there.
    pub(super) fn probe(&mut self, now: Monotonic) {
        if !self.is_open() {
            return;
        }
        self.timers.set_once(Timer::Probe, now.plus(self.config.limits.probe));
        if self.watchdog.ask_now(now) {
            self.send_dwr();
        }
    }

    pub(super) fn stop(&mut self, cause: DisconnectCause, now: Monotonic) {
        match self.state {
            State::Open(_) => {
                //   R-Open           Stop             R-Snd-DPR        Closing
                //   I-Open           Stop             I-Snd-DPR        Closing
                let (hop_by_hop, end_to_end) = (self.next_hop_by_hop(), self.config.end_to_end.draw());
                self.write(|out, node| {
                    disconnect::write_dpr(out, hop_by_hop, end_to_end, node.origin(), cause)
                });
                self.closing(Reason::Stopped(cause), now);
            }
            State::Closing { .. } | State::Closed => {}
            _ => self.close(Reason::Stopped(cause)),
        }
    }

    fn closing(&mut self, reason: Reason, now: Monotonic) {
        if !self.is_open() {
            return;
        }
        self.leave(reason);
        self.state = State::Closing { reason };
        self.timers = Timers::NONE;
        self.timers.set(Timer::Closing, now.plus(self.config.limits.disconnect));
    }

    /// Who has said good-bye sends nothing more (RFC 6733 §5.4); what a peer has sent before it read ours is turned
    /// away, so that it goes elsewhere at once.
    pub(super) fn closing_message(&mut self, message: &Message) {
        let State::Closing { reason } = self.state else { return };
        let header = message.header();
        let is_base = checks::is_base(header);
        let Reason::Stopped(_) = reason else { return };
        match (header.flags.is_request(), is_base, header.command) {
            //   Closing          I-Rcv-DPA        I-Disc           Closed
            //   Closing          R-Rcv-DPA        R-Disc           Closed
            (false, true, CommandCode::DISCONNECT_PEER) => self.close(reason),
            (true, true, CommandCode::DISCONNECT_PEER) => {
                self.write(|out, node| disconnect::write_dpa(out, header, node.origin()));
            }
            (true, true, CommandCode::DEVICE_WATCHDOG) => {
                self.write(|out, node| watchdog::write_dwa(out, header, node.origin()));
            }
            (true, false, _) => {
                let refusal = Refusal::new(ResultCode::TOO_BUSY, "this connection is being closed");
                self.write(|out, node| error_answer::write(out, message, node.origin(), &refusal));
            }
            _ => {}
        }
    }
}
