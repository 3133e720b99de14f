//! Peers: the state machine of RFC 6733 §5.6 and the watchdog of RFC 3539, without IO, clock or randomness.
//!
//! A [`Machine`](machine::Machine) is one transport connection. It is fed with messages, deadlines and commands,
//! and asked for octets, events and its one next deadline:
//!
//! ```text
//! handle_message  handle_fragment  handle_frame_error  handle_timeout  handle_transport_closed  handle_command
//!        |
//!   poll_transmit (into the caller's buffer)   poll_event   poll_timeout   poll_notice <-> registry
//! ```
//!
//! A [`Registry`](registry::Registry) is the node: it knows which connection is the live one of an identity and
//! decides what becomes of a second one. Machines give it [`Notice`](event::Notice)s and take its
//! [`Order`](event::Order)s; whoever owns both carries them over after every call, until there are none:
//!
//! ```text
//! while let Some(notice) = machine.poll_notice() { registry.handle_notice(id, notice); }
//! while let Some((id, order)) = registry.poll_order() { machines[id].handle_order(order, now); }
//! ```
//!
//! The states of the standard's table, which speaks of one peer with up to two connections, are those of both
//! machines and the registry together; [`Registry::state`](registry::Registry::state) names them. Octets are to
//! be taken before events are acted on, so that a CEA leaves ahead of the answer to what came behind the CER.
//!
//! Left out: SCTP, TLS negotiated in CER (RFC 6733 §13.1), reconnection after Tc, which the owner of an initiator
//! does by a new machine.

pub mod checks;
pub mod event;
pub mod ids;
pub mod limits;
pub mod machine;
pub mod pending;
pub mod registry;
pub mod roster;
pub mod timer;
pub mod watchdog;
