//! What is asked of every request of an open connection, in order: the first row that applies is the answer.

use crate::diameter::base::avps;
use crate::diameter::base::error_answer::Refusal;
use crate::diameter::base::local::{Application, Identity, LocalNode};
use crate::diameter::error::Scope;
use crate::diameter::header::{ApplicationId, CommandCode, Header};
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;

/// A request, and what it is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The request.
    pub request: &'a Message,
    /// We.
    pub node: &'a LocalNode,
    /// The applications agreed on with the peer.
    pub applications: &'a [ApplicationId],
    /// The Origin-Realm of the peer.
    pub peer_realm: &'a Identity,
}

struct Row {
    applies: fn(&Subject<'_>) -> bool,
    result_code: ResultCode,
    message: &'static str,
}

/// Condition → answer. All are protocol errors, without Failed-AVP.
const ROWS: [Row; 6] = [
    Row {
        applies: has_contradicting_flags,
        result_code: ResultCode::INVALID_HDR_BITS,
        message: "the flags of the header contradict the command",
    },
    Row {
        applies: is_unknown_command,
        result_code: ResultCode::COMMAND_UNSUPPORTED,
        message: "this command is not served here",
    },
    Row {
        applies: is_foreign_application,
        result_code: ResultCode::APPLICATION_UNSUPPORTED,
        message: "this application was not agreed on, or does not have this command",
    },
    Row {
        applies: is_for_another_host,
        result_code: ResultCode::UNABLE_TO_DELIVER,
        message: "Destination-Host is not this host or has no Destination-Realm, and nothing is forwarded here",
    },
    Row {
        applies: is_for_another_realm,
        result_code: ResultCode::REALM_NOT_SERVED,
        message: "Destination-Realm is not served here",
    },
    Row {
        applies: has_been_here,
        result_code: ResultCode::LOOP_DETECTED,
        message: "a Route-Record names this host",
    },
];

/// The answer to a request that is not to be served; `None` for one that is.
///
/// Faults of single AVPs within groups are left to the application. Behind the rows: AVPs that cannot be read.
pub fn refusal(subject: &Subject<'_>) -> Option<Refusal> {
    if let Some(row) = ROWS.iter().find(|row| (row.applies)(subject)) {
        return Some(Refusal::new(row.result_code, row.message));
    }
    structure(subject.request)
}

/// The answer to a request whose AVPs cannot be told apart; `None` for one whose AVPs can.
pub fn structure(request: &Message) -> Option<Refusal> {
    let fault = request.faults().iter().find(|fault| fault.scope > Scope::Avp)?;
    Some(Refusal::of_fault(fault, "the AVPs of the message cannot be read"))
}

/// The answer to a CER, DWR, or DPR that is not to be served: E is for answers, and P for commands that agents may
/// forward (RFC 6733 §5.3.1, §5.4.1, §5.5.1). The AVPs of each are looked at behind it.
pub fn base_refusal(request: &Message) -> Option<Refusal> {
    let flags = request.header().flags;
    let row = ROWS.first().filter(|_| flags.is_error() || flags.is_proxiable());
    row.map(|row| Refusal::new(row.result_code, row.message)).or_else(|| structure(request))
}

/// E in a request, or no P in a command that agents may forward: all that an application serves here.
fn has_contradicting_flags(subject: &Subject<'_>) -> bool {
    let flags = subject.request.header().flags;
    flags.is_error() || (!flags.is_proxiable() && is_served(subject))
}

fn is_served(subject: &Subject<'_>) -> bool {
    let command = subject.request.header().command;
    subject.node.applications.iter().any(|application| application.serves.contains(&command))
}

/// CER, DWR, DPR.
pub const fn is_base(header: Header) -> bool {
    header.application.get() == ApplicationId::BASE.get() && is_base_command(header.command)
}

const fn is_base_command(command: CommandCode) -> bool {
    matches!(
        command,
        CommandCode::CAPABILITIES_EXCHANGE | CommandCode::DEVICE_WATCHDOG | CommandCode::DISCONNECT_PEER
    )
}

fn is_unknown_command(subject: &Subject<'_>) -> bool {
    !is_served(subject) && !is_base_command(subject.request.header().command)
}

fn is_foreign_application(subject: &Subject<'_>) -> bool {
    let Header { application, command, .. } = subject.request.header();
    !subject.applications.contains(&application)
        || !served_by(subject.node, application).is_some_and(|ours| ours.serves.contains(&command))
}

/// Our side of an application.
pub fn served_by(node: &LocalNode, application: ApplicationId) -> Option<&Application> {
    node.applications.iter().find(|ours| ours.id == application)
}

/// Without Destination-Host, and without Destination-Realm too, a request is for who gets it (RFC 6733 §6.1.4). A
/// Destination-Host without Destination-Realm cannot be delivered, whomever it names (§7.1.3).
fn is_for_another_host(subject: &Subject<'_>) -> bool {
    let mut hosts = subject.request.all(avps::DESTINATION_HOST.key).peekable();
    let lacks_realm = hosts.peek().is_some() && subject.request.find(avps::DESTINATION_REALM.key).is_none();
    lacks_realm || hosts.any(|avp| !subject.node.host.is(avp.data()))
}

/// The peer's own realm counts as served: it has sent the request straight to us.
fn is_for_another_realm(subject: &Subject<'_>) -> bool {
    let served = |realm: &[u8]| subject.node.serves_realm(realm) || subject.peer_realm.is(realm);
    subject.request.all(avps::DESTINATION_REALM.key).any(|avp| !served(avp.data()))
}

fn has_been_here(subject: &Subject<'_>) -> bool {
    subject.request.all(avps::ROUTE_RECORD.key).any(|avp| subject.node.host.is(avp.data()))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::diameter::avp::AvpDef;
    use crate::diameter::encode::Encoder;
    use crate::diameter::header::{CommandFlags, EndToEnd, HopByHop};
    use crate::diameter::parse::{BaseShapes, Limits, parse};

    const GX: u32 = 16_777_238;

    type Case<'a> = (u8, u32, u32, &'a [(AvpDef, &'a str)], Option<u32>);

    fn verdict_on(flags: u8, command: u32, application: u32, avps: &[(AvpDef, &str)]) -> Option<u32> {
        let header = Header {
            flags: CommandFlags::new(flags),
            command: CommandCode::new(command),
            application: ApplicationId::new(application),
            hop_by_hop: HopByHop::new(1),
            end_to_end: EndToEnd::new(2),
        };
        let mut out = BytesMut::new();
        let mut message = Encoder::start(&mut out, header);
        for (def, value) in avps {
            message.utf8(*def, value);
        }
        message.finish().unwrap();
        let request = parse(out.freeze(), &Limits::DEFAULT, &BaseShapes).unwrap();
        let identity = |text| Identity::new(text).unwrap();
        let mut node = LocalNode::charging_server(identity("ocs.kz"), identity("kz"), 1);
        node.also_realms.push(identity("also.kz"));
        let subject = Subject {
            request: &request,
            node: &node,
            applications: &[ApplicationId::CREDIT_CONTROL],
            peer_realm: &identity("epc.kz"),
        };
        refusal(&subject).map(|refusal| refusal.result_code.get())
    }

    #[test]
    fn each_condition_has_its_answer() {
        let host = |text| (avps::DESTINATION_HOST, text);
        let realm = |text| (avps::DESTINATION_REALM, text);
        let route = |text| (avps::ROUTE_RECORD, text);
        let cases: [Case<'_>; 22] = [
            (0xc0, 272, 4, &[], None),
            (0xd0, 272, 4, &[host("OCS.kz"), realm("KZ")], None),
            (0xc0, 272, 4, &[realm("also.kz"), route("dra.kz")], None),
            (0xc0, 272, 4, &[realm("EPC.kz")], None),
            (0xc0, 272, 4, &[host("ocs.kz"), realm("kz")], None),
            (0xc0, 272, 4, &[host("ocs.kz")], Some(3002)),
            // reserved bits are ignored
            (0xcf, 272, 4, &[], None),
            (0xe0, 272, 4, &[], Some(3008)),
            (0x80, 272, 4, &[], Some(3008)),
            (0x80, 9_999_999, 4, &[], Some(3001)),
            (0xc0, 9_999_999, 4, &[], Some(3001)),
            (0xc0, 9_999_999, 0, &[], Some(3001)),
            (0xc0, 258, 4, &[], Some(3001)),
            (0xc0, 272, GX, &[], Some(3007)),
            (0xc0, 272, 0, &[], Some(3007)),
            (0xc0, 280, 4, &[], Some(3007)),
            (0xc0, 272, 4, &[host("other.kz"), realm("kz")], Some(3002)),
            (0xc0, 272, 4, &[host("other.kz")], Some(3002)),
            (0xc0, 272, 4, &[realm("other.kz")], Some(3003)),
            (0xc0, 272, 4, &[host("ocs.kz"), realm("")], Some(3003)),
            (0xc0, 272, 4, &[route("dra.kz"), route("ocs.KZ")], Some(3005)),
            (0xc0, 272, 4, &[route("ocs.kz"), host("other.kz")], Some(3002)),
        ];
        for (flags, command, application, avps, expected) in cases {
            let got = verdict_on(flags, command, application, avps);
            assert_eq!(got, expected, "{flags:#x} {command} {application} {avps:?}");
        }
    }

    #[test]
    fn avps_that_cannot_be_read_are_the_last_row() {
        let mut octets = vec![1, 0, 0, 28, 0xc0, 0, 1, 16, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2];
        octets.extend([0, 0, 1, 7, 0x40, 0, 0, 99]);
        let request = parse(octets.into(), &Limits::DEFAULT, &BaseShapes).unwrap();
        let refusal = structure(&request).unwrap();
        assert_eq!(refusal.result_code, ResultCode::INVALID_AVP_LENGTH);
        assert!(!refusal.failed_avp.is_empty());
    }
}
