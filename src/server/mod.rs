//! Sockets and the loop: octets from gateways to the peer machines and the engine, and answers back.
//!
//! One thread on a current-thread runtime owns everything. Listeners and the wish to end are handed in.

use core::time::Duration;
use std::cell::RefCell;
use std::rc::Rc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::diameter::peer::registry::ConnectionId;

mod bucket;
mod clock;
mod connection;
pub mod control;
mod hub;
mod outbox;
mod seeds;
mod serve;
pub mod settings;

pub use clock::{Clock, Now};
pub use outbox::Outbox;

use control::{Control, Controller};
use hub::Hub;
use settings::Settings;

/// How long peers have to say good-bye when the server ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long to wait before taking connections again when the system has no room for them.
const NO_ROOM: Duration = Duration::from_millis(100);

/// A server that is ready to run.
pub struct Server {
    hub: Rc<RefCell<Hub>>,
    control: mpsc::Receiver<Control>,
}

impl Server {
    /// A server and the operators' end of it.
    pub fn new(settings: Settings) -> (Self, Controller) {
        let (controller, control) = control::channel();
        let hub = Rc::new(RefCell::new(Hub::new(settings.into_parts())));
        (Self { hub, control }, controller)
    }

    /// Serves until `end` says so, then says good-bye to the peers and closes the store. Returns whether the store
    /// was whole to the end.
    pub async fn run(self, listeners: Vec<TcpListener>, mut end: watch::Receiver<bool>) -> bool {
        let Self { hub, control } = self;
        let set = LocalSet::new();
        for listener in listeners {
            set.spawn_local(listen(Rc::clone(&hub), listener));
        }
        set.spawn_local(engine(Rc::clone(&hub)));
        set.spawn_local(operators(Rc::clone(&hub), control));
        set.run_until(async move {
            // an error means that nobody can ask for the end any more: that is the end too
            drop(end.wait_for(|ended| *ended).await);
            hub.borrow_mut().drain();
            drop(timeout(FAREWELL, gone(&hub)).await);
            let mut hub = hub.borrow_mut();
            hub.parts.engine.close()
        })
        .await
    }
}

/// Waits until every connection is gone.
async fn gone(hub: &Rc<RefCell<Hub>>) {
    let departures = hub.borrow().departures();
    loop {
        let departed = departures.notified();
        if hub.borrow().is_empty() {
            return;
        }
        departed.await;
    }
}

/// Takes connections.
async fn listen(hub: Rc<RefCell<Hub>>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                // small answers must not wait for the acknowledgement of others
                drop(stream.set_nodelay(true));
                let stream = Rc::new(stream);
                let id = hub.borrow_mut().accept(&stream, remote);
                if let Some(id) = id {
                    tokio::task::spawn_local(connection(Rc::clone(&hub), id, stream));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// What one connection's task does: wait, and say what happened.
async fn connection(hub: Rc<RefCell<Hub>>, id: ConnectionId, stream: Rc<TcpStream>) {
    loop {
        let Some(interest) = hub.borrow_mut().interest(id) else { return };
        let clock = hub.borrow().parts.clock;
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
    let notices = hub.borrow().parts.engine.notices();
    loop {
        let due = hub.borrow_mut().next_due();
        tokio::select! {
            () = notices.notified() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => hub.borrow_mut().on_engine_due(),
        }
        hub.borrow_mut().turn();
    }
}

/// Takes operators' commands and questions.
async fn operators(hub: Rc<RefCell<Hub>>, mut control: mpsc::Receiver<Control>) {
    while let Some(asked) = control.recv().await {
        hub.borrow_mut().control(asked);
    }
}
