//! Sockets and the loop: octets from gateways to the peer machines and the engine, and answers back.
//!
//! One thread on a current-thread runtime owns everything. Listeners and the wish to end are handed in.

use core::time::Duration;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::diameter::peer::registry::ConnectionId;
use crate::engine::control::Inbox;
use crate::engine::run::Failure;

mod asking;
mod bucket;
mod clock;
mod connection;
mod figures;
mod hub;
mod network;
mod outbox;
mod reauth;
mod seeds;
mod serve;
pub mod settings;

pub use clock::{Clock, Now};
pub use outbox::Outbox;

use hub::Hub;
use settings::Settings;

/// How long peers have to say good-bye when the server ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long what was decided has to become durable when the server ends.
const SETTLING: Duration = Duration::from_secs(5);
/// How long to wait before taking connections again when the system has no room for them.
const NO_ROOM: Duration = Duration::from_millis(100);

/// A server that is ready to run.
pub struct Server {
    hub: Rc<RefCell<Hub>>,
    inbox: Inbox,
}

impl core::fmt::Debug for Server {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// A server; operators' commands come from `inbox`.
    pub fn new(settings: Settings, inbox: Inbox) -> Self {
        Self { hub: Rc::new(RefCell::new(Hub::new(settings.into_parts()))), inbox }
    }

    /// Serves until `end` says so, then says good-bye to the peers and closes the store. An error is why the store
    /// failed, then or before.
    pub async fn run(
        self,
        listeners: Vec<TcpListener>,
        end: watch::Receiver<bool>,
    ) -> Result<(), Arc<Failure>> {
        let Self { hub, inbox } = self;
        let set = LocalSet::new();
        for listener in listeners {
            set.spawn_local(listen(Rc::clone(&hub), listener));
        }
        set.spawn_local(engine(Rc::clone(&hub)));
        set.spawn_local(operators(Rc::clone(&hub), inbox));
        set.run_until(serve_until(&hub, end)).await;
        drop(set);
        match Rc::try_unwrap(hub) {
            Ok(hub) => hub.into_inner().close(),
            // every task that held it went with the set
            Err(_) => Err(Arc::new(Failure::Thread("server"))),
        }
    }
}

/// Waits for the end, then for the peers' good-byes and for what was decided to become durable.
async fn serve_until(hub: &Rc<RefCell<Hub>>, mut end: watch::Receiver<bool>) {
    let failed = hub.borrow().failure_ends();
    tokio::select! {
        // an error means that nobody can ask for the end any more: that is the end too
        _ = end.wait_for(|ended| *ended) => {}
        () = failed.notified() => {}
    }
    hub.borrow_mut().drain();
    // peers that do not answer in time are left behind
    let _ = timeout(FAREWELL, changes_until(hub, Hub::is_empty)).await;
    let _ = timeout(SETTLING, changes_until(hub, Hub::is_settled)).await;
}

/// Waits until something holds that changes with connections and batches.
async fn changes_until(hub: &Rc<RefCell<Hub>>, holds: impl Fn(&Hub) -> bool) {
    let changes = hub.borrow().changes();
    loop {
        let changed = changes.notified();
        if holds(&hub.borrow()) {
            return;
        }
        changed.await;
    }
}

/// Takes connections.
async fn listen(hub: Rc<RefCell<Hub>>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                // small answers must not wait for the acknowledgement of others; where it cannot be set they do
                let _ = stream.set_nodelay(true);
                let stream = Rc::new(stream);
                let id = hub.borrow_mut().accept(&stream, remote);
                if let Some(id) = id {
                    tokio::task::spawn_local(connection(Rc::clone(&hub), id, stream));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(NO_ROOM).await;
            }
        }
    }
}

/// What one connection's task does: wait, and say what happened.
async fn connection(hub: Rc<RefCell<Hub>>, id: ConnectionId, stream: Rc<TcpStream>) {
    let clock = hub.borrow().clock();
    loop {
        let Some(interest) = hub.borrow_mut().interest(id) else { return };
        let due = interest.due.map(|run| Instant::from_std(clock.instant(run)));
        tokio::select! {
            ready = stream.readable(), if interest.read => match ready {
                Ok(()) => hub.borrow_mut().on_readable(id),
                Err(_) => hub.borrow_mut().on_lost(id),
            },
            ready = stream.writable(), if interest.write => match ready {
                Ok(()) => hub.borrow_mut().on_writable(id),
                Err(_) => hub.borrow_mut().on_lost(id),
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => hub.borrow_mut().on_due(id),
            () = interest.wake.notified() => hub.borrow_mut().on_due(id),
        }
    }
}

/// Moves the engine on when a thread of it has something to say, or when something falls due.
async fn engine(hub: Rc<RefCell<Hub>>) {
    let notices = hub.borrow().notices();
    loop {
        let due = hub.borrow_mut().await_due();
        tokio::select! {
            () = notices.notified() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
        hub.borrow_mut().on_engine();
    }
}

/// Takes operators' commands and questions.
async fn operators(hub: Rc<RefCell<Hub>>, mut inbox: Inbox) {
    let replies = hub.borrow().replies();
    loop {
        tokio::select! {
            asked = inbox.recv() => match asked {
                Some(asked) => hub.borrow_mut().ask(asked, &mut inbox),
                None => return,
            },
            () = replies.notified() => hub.borrow_mut().reply(&mut inbox),
        }
    }
}
