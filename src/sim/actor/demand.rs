//! What the server asks for by itself: RAR and ASR (RFC 8506 §5.5, RFC 6733 §8.5).

use bytes::Bytes;

use super::{Actor, Phase, Standing};
use crate::diameter::avp::AvpKey;
use crate::diameter::header::CommandCode;
use crate::diameter::message::Message;
use crate::ro::ccr::RequestType;
use crate::sim::ask::Why;
use crate::sim::manners::Follows;
use crate::sim::quota::Quota;
use crate::sim::words::{code, message as whole, text, word};

/// The session is not known.
const UNKNOWN_SESSION: u32 = 5_002;

/// What a gateway says to a demand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demanded {
    /// Result-Code of its answer; none where it does not answer.
    pub code: Option<u32>,
    /// Its answer.
    pub reply: Option<Bytes>,
}

impl Actor {
    /// Takes a RAR or an ASR: what is answered to it; what follows comes with [`Actor::step`].
    pub fn demanded(&mut self, demand: &Message) -> Demanded {
        let session = demand.find(AvpKey::SESSION_ID).and_then(|avp| avp.utf8().ok()).unwrap_or_default();
        let mine = self.session.as_ref().filter(|mine| mine.id.as_ref() == session);
        let runs = mine.is_some_and(|mine| matches!(mine.phase, Phase::Opening | Phase::Open));
        let is_reauth = demand.header().command == CommandCode::RE_AUTH;
        let (reauth, follows) = self.manners().reauth;
        let result = match (is_reauth, self.manners().abort) {
            (false, None) => None,
            _ if !runs => Some(UNKNOWN_SESSION),
            (true, _) => Some(reauth),
            (false, abort) => abort,
        };
        let reply = result.map(|result| self.reply(demand, session, result));
        match (runs, is_reauth) {
            (true, true) => {
                let group = demand.find(AvpKey::base(432)).and_then(|avp| avp.u32().ok());
                self.reauthorise(group, follows);
            }
            (true, false) if result.is_some() => self.end(),
            _ => {}
        }
        Demanded { code: result, reply }
    }

    fn reply(&self, demand: &Message, session: &str, result: u32) -> Bytes {
        let avps = [
            text(code::SESSION_ID, session),
            word(code::RESULT_CODE, result),
            text(code::ORIGIN_HOST, &self.who.host),
            text(code::ORIGIN_REALM, &self.who.realm),
        ];
        whole(demand.header().answer(), &avps)
    }

    /// Reports and asks for what is to be authorised anew: one group, or all of them.
    fn reauthorise(&mut self, group: Option<u32>, follows: Follows) {
        let about =
            |quota: &Quota| quota.standing != Standing::Dropped && (group.is_none() || group == quota.group);
        let groups: Vec<Option<u32>> = match &self.session {
            Some(session) => {
                session.quotas.iter().filter(|one| about(one)).map(|quota| quota.group).collect()
            }
            None => Vec::new(),
        };
        let forced = Some(Why::Forced);
        match follows {
            Follows::Nothing => {}
            Follows::One => self.send_for(RequestType::Update, about, forced, true),
            Follows::Each => {
                for group in groups {
                    self.send_for(RequestType::Update, |quota| quota.group == group, forced, true);
                }
            }
        }
    }
}
