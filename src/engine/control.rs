//! What operators ask of a running server: commands and questions to the engine, and what only the network side can
//! tell or do. The admin runtime holds a [`Control`]; the loop holds the [`Inbox`] behind it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

pub use super::core::Tag;
pub use super::core::command::{
    Change, Command, CommandError, Import, Imported, LifeChange, LifeError, MOST_ROWS, NewSubscriber,
    NewVouchers, OperationKey, Publication, RowRefused, SubscriberChange, mode_name,
};
pub use super::core::facts::{Facts, ServiceFacts};
pub use super::core::query::{
    Bar, ContractView, EngineStatus, Explanation, Hindrance, InvoiceView, LedgerCursor, LedgerPage, Mode,
    Outcome, PAGE, Query, Refusal, SessionCursor, SessionView, SubscriberView, View, Why,
};
pub use super::core::reauth::{Outstanding, Reason, ReauthFacts, Scope, Stage, What};
pub use super::core::sink::{Done, OperationRecord, TariffRecord};
pub use crate::store::Status as StoreStatus;
pub use crate::time::Timestamp;

/// How many asks may wait for the loop.
const WAITING: usize = 1_024;

/// Something that operators ask.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// A command to the engine.
    Command(Command),
    /// A question to the engine.
    Query(Query),
    /// The store's own figures.
    StoreStatus,
    /// A backup of the store into a new file.
    Backup(PathBuf),
    /// The engine's figures brought up to date, for whoever reads them next.
    Figures,
    /// The clock is right, after a jump: expiry goes on.
    ConfirmClock,
    /// Something that only the network side can tell or do.
    Network(NetworkAsk),
}

/// What only the network side can tell or do; the server answers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NetworkAsk {
    /// The peers that are connected or configured.
    Peers,
    /// Disconnect a peer, by its identity.
    Disconnect(Box<str>),
    /// Read tariffs, dictionaries and peers again: all or nothing.
    Reload,
}

/// What operators are told.
#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    /// The engine's view.
    View(View),
    /// The store's own figures.
    Store(Box<StoreStatus>),
    /// It was done, or is on its way.
    Done,
    /// The peers.
    Peers(Vec<PeerView>),
}

/// Why an ask was not carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The engine refused it.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The store or the network side could not do it.
    #[error("{0}")]
    Refused(Box<str>),
    /// The server has too many asks waiting.
    #[error("the server is too busy: try again")]
    Busy,
    /// The server has ended.
    #[error("the server has ended")]
    Ended,
}

/// What an ask came to.
pub type Response = Result<Reply, ControlError>;

/// A peer, as operators see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerView {
    /// Its Origin-Host.
    pub host: Box<str>,
    /// Its Origin-Realm.
    pub realm: Box<str>,
    /// Where it connects from.
    pub address: Box<str>,
    /// Its Product-Name.
    pub product: Box<str>,
    /// The profile that its messages are read and written by.
    pub profile: Box<str>,
    /// Why that profile: `configured`, `product name`, `default`.
    pub because: Box<str>,
    /// The state of its connection (RFC 6733 §5.6, RFC 3539 §3.4.1).
    pub state: Box<str>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Requests that it sent.
    pub requests: u64,
}

/// What serves the asks: the engine, as the loop has it.
pub trait Serve {
    /// Takes a command; what it came to is told by [`Serve::poll_reply`].
    fn command(&mut self, tag: Tag, command: Command, now: Timestamp);
    /// Takes a question; what it came to is told by [`Serve::poll_reply`].
    fn query(&mut self, tag: Tag, query: Query, now: Timestamp);
    /// Begins a backup into a new file; the loop tells [`Inbox::backed_up`] when it is whole.
    fn backup(&mut self, tag: Tag, to: PathBuf);
    /// The store's own figures.
    fn store_status(&self) -> &StoreStatus;
    /// Brings the figures up to date.
    fn publish(&mut self, now: Timestamp);
    /// The clock is right, after a jump.
    fn confirm_clock(&mut self);
    /// What a command or question came to; it is durable.
    fn poll_reply(&mut self) -> Option<(Tag, Outcome)>;
}

/// The admin runtime's end: cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    to: mpsc::Sender<Asked>,
}

/// An ask on its way to the loop.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub ask: Ask,
    /// Who waits for it.
    pub reply: oneshot::Sender<Response>,
}

/// The loop's end.
#[derive(Debug)]
pub struct Inbox {
    from: mpsc::Receiver<Asked>,
    waiting: BTreeMap<Tag, oneshot::Sender<Response>>,
    next: u64,
}

/// A pair of ends.
pub fn pair() -> (Control, Inbox) {
    let (to, from) = mpsc::channel(WAITING);
    (Control { to }, Inbox { from, waiting: BTreeMap::new(), next: 0 })
}

impl Control {
    /// Asks, and waits for what it comes to.
    pub async fn ask(&self, ask: Ask) -> Response {
        let (reply, answer) = oneshot::channel();
        self.to.try_send(Asked { ask, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ControlError::Busy,
            mpsc::error::TrySendError::Closed(_) => ControlError::Ended,
        })?;
        answer.await.unwrap_or(Err(ControlError::Ended))
    }

    /// Orders something of the engine.
    pub async fn command(&self, command: Command) -> Result<View, ControlError> {
        view(self.ask(Ask::Command(command)).await)
    }

    /// Asks the engine.
    pub async fn query(&self, query: Query) -> Result<View, ControlError> {
        view(self.ask(Ask::Query(query)).await)
    }
}

fn view(response: Response) -> Result<View, ControlError> {
    match response? {
        Reply::View(view) => Ok(view),
        Reply::Store(_) | Reply::Done | Reply::Peers(_) => Err(ControlError::Ended),
    }
}

impl Inbox {
    /// The next ask; none once every [`Control`] is gone. Safe to be cancelled.
    pub async fn recv(&mut self) -> Option<Asked> {
        self.from.recv().await
    }

    /// The next ask, where one is there already.
    pub fn try_recv(&mut self) -> Option<Asked> {
        self.from.try_recv().ok()
    }

    /// Passes an ask on to the engine. One for the network side is given back.
    pub fn pass(&mut self, asked: Asked, engine: &mut impl Serve, now: Timestamp) -> Option<Asked> {
        let Asked { ask, reply } = asked;
        match ask {
            Ask::Command(command) => {
                let tag = self.wait(reply);
                engine.command(tag, command, now);
            }
            Ask::Query(query) => {
                let tag = self.wait(reply);
                engine.query(tag, query, now);
            }
            Ask::Backup(path) => {
                let tag = self.wait(reply);
                engine.backup(tag, path);
            }
            Ask::StoreStatus => {
                let status = Box::new(engine.store_status().clone());
                // Who asked may have gone: then no one is left to be told.
                let _ = reply.send(Ok(Reply::Store(status)));
            }
            Ask::Figures => {
                engine.publish(now);
                let _ = reply.send(Ok(Reply::Done));
            }
            Ask::ConfirmClock => {
                engine.confirm_clock();
                let _ = reply.send(Ok(Reply::Done));
            }
            Ask::Network(ask) => return Some(Asked { ask: Ask::Network(ask), reply }),
        }
        None
    }

    /// Gives what the engine has decided to those who wait for it. To be called after each of
    /// its turns.
    pub fn deliver(&mut self, engine: &mut impl Serve) {
        while let Some((tag, outcome)) = engine.poll_reply() {
            self.answer(tag, outcome.map(Reply::View).map_err(ControlError::from));
        }
    }

    /// Gives the outcome of a backup to who waits for it.
    pub fn backed_up(&mut self, tag: Tag, outcome: Result<(), String>) {
        let response = outcome.map(|()| Reply::Done);
        self.answer(tag, response.map_err(|why| ControlError::Refused(why.into())));
    }

    fn wait(&mut self, reply: oneshot::Sender<Response>) -> Tag {
        self.next = self.next.wrapping_add(1);
        let tag = Tag(self.next);
        self.waiting.insert(tag, reply);
        tag
    }

    fn answer(&mut self, tag: Tag, response: Response) {
        if let Some(reply) = self.waiting.remove(&tag) {
            // Who asked may have gone: then no one is left to be told.
            let _ = reply.send(response);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charging::units::Digits;

    /// Answers every question with an error that names its place in the order.
    #[derive(Default)]
    struct Echo {
        replies: Vec<(Tag, Outcome)>,
        status: StoreStatus,
        confirmed: bool,
        published: Option<Timestamp>,
        backups: Vec<(Tag, PathBuf)>,
    }

    impl Serve for Echo {
        fn command(&mut self, tag: Tag, _command: Command, _now: Timestamp) {
            self.replies.push((tag, Err(CommandError::KeyUsed)));
        }
        fn query(&mut self, tag: Tag, query: Query, _now: Timestamp) {
            let Query::ShowSubscriber(msisdn) = query else { return };
            self.replies.push((tag, Err(CommandError::UnknownSubscriber(msisdn))));
        }
        fn backup(&mut self, tag: Tag, to: PathBuf) {
            self.backups.push((tag, to));
        }
        fn store_status(&self) -> &StoreStatus {
            &self.status
        }
        fn publish(&mut self, now: Timestamp) {
            self.published = Some(now);
        }
        fn confirm_clock(&mut self) {
            self.confirmed = true;
        }
        fn poll_reply(&mut self) -> Option<(Tag, Outcome)> {
            self.replies.pop()
        }
    }

    fn show(number: &str) -> Ask {
        Ask::Query(Query::ShowSubscriber(Digits::parse(number).unwrap()))
    }

    #[tokio::test]
    async fn everybody_gets_the_answer_to_his_own_ask() {
        let (control, mut inbox) = pair();
        let mut echo = Echo::default();
        let asks = [show("1"), show("2"), Ask::StoreStatus, Ask::ConfirmClock, Ask::Backup("b".into())];
        let asked: Vec<_> = asks
            .into_iter()
            .map(|ask| {
                let control = control.clone();
                tokio::spawn(async move { control.ask(ask).await })
            })
            .collect();
        for _ in 0..5 {
            let ask = inbox.recv().await.unwrap();
            assert!(inbox.pass(ask, &mut echo, Timestamp::EPOCH).is_none());
        }
        inbox.deliver(&mut echo);
        let (tag, to) = echo.backups.pop().unwrap();
        assert_eq!(to, PathBuf::from("b"));
        inbox.backed_up(tag, Err("the disk is full".into()));
        let mut told = Vec::new();
        for asked in asked {
            told.push(asked.await.unwrap().map_err(|error| error.to_string()));
        }
        assert!(echo.confirmed);
        assert_eq!(told[0], Err("there is no subscriber 1: add it with `gyro subscriber add`".into()));
        assert_eq!(told[1], Err("there is no subscriber 2: add it with `gyro subscriber add`".into()));
        assert_eq!(told[2], Ok(Reply::Store(Box::default())));
        assert_eq!(told[3], Ok(Reply::Done));
        assert_eq!(told[4], Err("the disk is full".into()));
    }

    #[tokio::test]
    async fn figures_are_up_to_date_before_it_is_said_so() {
        let (control, mut inbox) = pair();
        let asked = tokio::spawn(async move { control.ask(Ask::Figures).await });
        let ask = inbox.recv().await.unwrap();
        let mut echo = Echo::default();
        assert!(inbox.pass(ask, &mut echo, Timestamp::from_micros(7)).is_none());
        assert_eq!(echo.published, Some(Timestamp::from_micros(7)));
        assert_eq!(asked.await.unwrap(), Ok(Reply::Done));
    }

    #[tokio::test]
    async fn what_is_for_the_network_side_is_given_back() {
        let (control, mut inbox) = pair();
        let asked = tokio::spawn(async move { control.ask(Ask::Network(NetworkAsk::Peers)).await });
        let ask = inbox.recv().await.unwrap();
        let ask = inbox.pass(ask, &mut Echo::default(), Timestamp::EPOCH).unwrap();
        assert_eq!(ask.ask, Ask::Network(NetworkAsk::Peers));
        ask.reply.send(Ok(Reply::Peers(Vec::new()))).unwrap();
        assert_eq!(asked.await.unwrap(), Ok(Reply::Peers(Vec::new())));
    }

    #[tokio::test]
    async fn a_full_or_closed_inbox_refuses_at_once() {
        let (control, inbox) = pair();
        for _ in 0..WAITING {
            let (reply, _) = oneshot::channel();
            control.to.try_send(Asked { ask: Ask::ConfirmClock, reply }).unwrap();
        }
        assert_eq!(control.ask(Ask::ConfirmClock).await, Err(ControlError::Busy));
        drop(inbox);
        assert_eq!(control.ask(Ask::ConfirmClock).await, Err(ControlError::Ended));
    }
}
