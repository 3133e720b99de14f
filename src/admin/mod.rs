//! What operators reach over HTTP: health, figures, and commands and questions as JSON.
//!
//! It runs on a thread of its own with a runtime of its own, so that nothing an operator asks can hold up a gateway.
//! The listener and the wish to end are handed in; that the listener is on loopback is checked with the configuration.

use core::time::Duration;
use std::io;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use axum::Router;
use tokio::sync::watch;

pub mod api;
mod body;
mod error;
pub mod json;

pub use api::Admin;
pub use error::Told;

/// How long requests under way may take after the wish to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves `router` on `listener` until `end` says so, on a thread of its own.
pub fn serve(
    listener: TcpListener,
    router: Router,
    end: watch::Receiver<bool>,
) -> io::Result<JoinHandle<io::Result<()>>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new()
        .name("gyro-admin".into())
        .spawn(move || runtime.block_on(serve_until(listener, router, end)))
}

async fn serve_until(listener: TcpListener, router: Router, end: watch::Receiver<bool>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let ended = |mut end: watch::Receiver<bool>| async move {
        // An error means that nobody can ask for the end any more: that is the end too.
        drop(end.wait_for(|ended| *ended).await);
    };
    let last = ended(end.clone());
    let served = axum::serve(listener, router).with_graceful_shutdown(ended(end));
    tokio::select! {
        done = async move { served.await } => done,
        () = async move { last.await; tokio::time::sleep(FAREWELL).await } => Ok(()),
    }
}
