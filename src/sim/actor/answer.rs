//! Answers: whether they are accepted, and what becomes of the session.

use core::time::Duration;

use super::{Actor, Answered, Ending, Outgoing, Phase, Standing};
use crate::diameter::message::Message;
use crate::ro::ccr::RequestType;
use crate::sim::ask::{Ask, Want};
use crate::sim::check;
use crate::sim::heard::{Heard, Offer};
use crate::sim::manners::{Fate, Level, Pick};
use crate::sim::objection::{Objection, Rule};
use crate::sim::quota::Quota;

/// How often a request is sent elsewhere before it is given up.
const TRIES: u32 = 3;

/// What a gateway has for a group that an answer leaves out: END_USER_SERVICE_DENIED.
const LEFT_OUT: u32 = 4_010;

impl Actor {
    /// Takes the answer to a request that was sent under `token`. An objection is the first rule of its make that the
    /// answer hurts; the session is then given up, as if there were no answer.
    pub fn answered(&mut self, token: u64, message: &Message) -> Result<(), Objection> {
        let Some(at) = self.flight.iter().position(|sent| sent.token == token) else {
            return Err(Objection::new(Rule::Belongs, "an answer that nobody waits for"));
        };
        let sent = self.flight.remove(at);
        let dictionary = std::sync::Arc::clone(&self.dictionary);
        let heard = Heard::new(message, &dictionary);
        let accepted = self.accept(&sent.ask, &heard);
        if accepted.is_err() {
            self.give_up(&sent.ask);
            return accepted;
        }
        let mut offers = heard.offers();
        offers.extend(heard.command().filter(|_| self.manners().level == Level::Command));
        self.answered = Some(Answered { code: heard.code(), offers });
        if !sent.replay {
            self.learned = heard.text(264).map(Into::into);
            self.take(sent, &heard);
        }
        Ok(())
    }

    /// Looks at a message of the server that is no answer to a CCR, and at the head of one that is: the server's name
    /// and state stay what they are.
    pub fn watch(&mut self, message: &Message) -> Result<(), Objection> {
        let dictionary = std::sync::Arc::clone(&self.dictionary);
        let heard = Heard::new(message, &dictionary);
        let wanted = &self.who.server_host;
        if let Some(host) = heard.text(264).filter(|_| !wanted.is_empty()) {
            Objection::unless(host.eq_ignore_ascii_case(wanted), Rule::SameHost, format_args!("{host:?}"))?;
        }
        if let Some(state) = heard.word(278) {
            let same = self.state.is_none_or(|known| known == state);
            Objection::unless(same, Rule::SameState, format_args!("{:?}, then {state}", self.state))?;
            self.state = Some(state);
        }
        Ok(())
    }

    fn accept(&mut self, ask: &Ask, heard: &Heard<'_>) -> Result<(), Objection> {
        self.watch(heard.message())?;
        check::belongs(self.make, ask, heard)?;
        self.make.check(ask, heard)
    }

    fn take(&mut self, sent: Outgoing, heard: &Heard<'_>) {
        let (kind, code) = (sent.ask.kind, heard.code());
        let about: Vec<Option<u32>> = sent.ask.wants.iter().map(|want| want.group).collect();
        for quota in self.session.iter_mut().flat_map(|session| &mut session.quotas) {
            quota.asked &= !about.contains(&quota.group);
        }
        match kind {
            RequestType::Event => {}
            RequestType::Termination => self.set_phase(Phase::Over(Ending::Closed)),
            RequestType::Initial | RequestType::Update if code != check::SUCCESS => self.refused(sent, code),
            RequestType::Initial | RequestType::Update => self.granted(&sent.ask, heard),
        }
    }

    /// The session as a whole was refused.
    fn refused(&mut self, sent: Outgoing, code: u32) {
        match (self.manners().refused)(sent.ask.kind, code) {
            Fate::Free => self.set_phase(Phase::Over(Ending::Free)),
            Fate::Lives => self.give_up(&sent.ask),
            Fate::Terminates => self.end(),
            Fate::Elsewhere if sent.tries < TRIES => {
                let tries = sent.tries.saturating_add(1);
                self.ready.push_front(Outgoing { again: true, tries, ..sent });
            }
            Fate::Ends | Fate::Drops | Fate::Blocks(_) | Fate::Elsewhere => {
                self.set_phase(Phase::Over(Ending::Refused(code)));
            }
        }
    }

    /// The session goes on: each quota takes what is its own.
    fn granted(&mut self, ask: &Ask, heard: &Heard<'_>) {
        let first = self.phase() == Some(Phase::Opening);
        if first {
            self.set_phase(Phase::Open);
        }
        let offers = check::offers(ask, heard, self.manners().level);
        for want in &ask.wants {
            let theirs =
                |(offer, _): &&(Offer, Option<&Want>)| check::same(offer, want.group, &want.services);
            let offer = match self.manners().pick {
                Pick::First => offers.first(),
                Pick::Last => offers.last(),
                Pick::ByGroup => offers.iter().find(theirs),
            };
            self.offered(ask.kind, want, offer.map(|(offer, _)| offer));
        }
        if first && self.phase() == Some(Phase::Open) {
            self.opened();
        }
    }

    fn offered(&mut self, kind: RequestType, want: &Want, offer: Option<&Offer>) {
        let (manners, now) = (self.manners(), self.now);
        let asked = want.asks.is_some();
        let code = match offer {
            // what stands at command level was said yes to as a whole
            Some(offer) if manners.level == Level::PerGroup => offer.code.unwrap_or(check::SUCCESS),
            Some(_) => check::SUCCESS,
            None if asked => LEFT_OUT,
            None => return,
        };
        // success and nothing with it is no success
        let empty = offer.is_some_and(|offer| offer.granted.is_none() && offer.last.is_none());
        let code = if code == check::SUCCESS && asked && empty { LEFT_OUT } else { code };
        let closed = |quota: &Quota| matches!(quota.standing, Standing::Blocked(_) | Standing::Dropped);
        let Some(quota) = self.quota_mut(want.group) else { return };
        match offer.filter(|_| code == check::SUCCESS) {
            // what was closed with its last report stays so
            Some(_) if !asked && closed(quota) => {}
            Some(offer) => quota.take(offer, manners, now),
            None => match (manners.refused_group)(kind, code) {
                Fate::Blocks(retry) => {
                    let until = retry.map(|seconds| now.plus(Duration::from_secs(seconds.into())));
                    quota.standing = Standing::Blocked(until);
                }
                Fate::Drops => quota.standing = Standing::Dropped,
                Fate::Lives => quota.old = true,
                Fate::Terminates => self.end(),
                Fate::Free => self.set_phase(Phase::Over(Ending::Free)),
                Fate::Ends | Fate::Elsewhere => self.set_phase(Phase::Over(Ending::Refused(code))),
            },
        }
    }

    /// The session is open: a make that opens bare asks for its quotas now, one that tells of the answer tells.
    fn opened(&mut self) {
        let (manners, now) = (self.manners(), self.now);
        let Some(session) = &mut self.session else { return };
        let later = core::mem::take(&mut session.later);
        let bare = session.quotas.is_empty() && !later.is_empty();
        if bare {
            session.quotas = later.iter().map(|group| Quota::new(*group, manners.services, now)).collect();
        }
        if bare || manners.tells_answer {
            self.send_for(RequestType::Update, |_| true, None, true);
        }
    }
}
