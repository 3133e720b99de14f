//! The committer: a plain thread that appends a batch and makes it durable. One wake-up of the loop a batch.

use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};

use crate::store::{Batch, Commit, StoreError};
use crate::time::Monotonic;

use super::store_thread::ToStore;
use super::{FromThreads, Shared};

/// What the committer is told.
#[derive(Debug)]
pub(super) enum ToCommitter {
    /// A batch to be made durable. At most one is under way.
    Batch(Batch),
    /// Write no more.
    Stop,
}

/// After so long without a batch the last one is confirmed, so that later damage to it is told from a torn end.
const IDLE: Duration = Duration::from_millis(100);

/// After so long a batch that found no room is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// How a batch was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Written {
    pub(super) sequence: crate::store::Sequence,
    pub(super) took: Duration,
    pub(super) records: usize,
    pub(super) octets: u64,
    /// New sessions are to be refused until the state has caught up.
    pub(super) behind: bool,
}

/// Commits until it is told to stop, the loop has gone, or the store fails.
pub(super) fn run(
    mut commit: Box<dyn Commit>,
    from: &Receiver<ToCommitter>,
    to_store: &Sender<ToStore>,
    to_loop: &Sender<FromThreads>,
    shared: &Shared,
) {
    let outcome = serve(commit.as_mut(), from, to_store, to_loop, shared);
    let outcome = outcome.and_then(|()| commit.close());
    // The loop may have gone: then no one is left to be told.
    let _ = to_loop.send(match outcome {
        Ok(()) => FromThreads::CommitterStopped,
        Err(error) => FromThreads::CommitFailed(error),
    });
    (shared.wake)();
}

fn serve(
    commit: &mut dyn Commit,
    from: &Receiver<ToCommitter>,
    to_store: &Sender<ToStore>,
    to_loop: &Sender<FromThreads>,
    shared: &Shared,
) -> Result<(), StoreError> {
    let mut confirmed = true;
    loop {
        let told = if confirmed {
            from.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            from.recv_timeout(IDLE)
        };
        match told {
            Ok(ToCommitter::Batch(batch)) => {
                let begun = (shared.clock)();
                if !append(commit, &batch, from, to_loop, shared)? {
                    return Ok(());
                }
                commit.sync()?;
                let written = written(commit, &batch, (shared.clock)().since(begun));
                // First to the store thread, then to the loop: a load that the loop sends after it knows of the batch
                // is answered behind it.
                let _ = to_store.send(ToStore::Apply(batch));
                let _ = to_loop.send(FromThreads::Durable(written));
                (shared.wake)();
                confirmed = false;
            }
            Ok(ToCommitter::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                commit.confirm()?;
                confirmed = true;
            }
        }
    }
}

/// Appends a batch, again and again while there is no room for it: the loop sees that answers become late and
/// refuses new work. False where it was told to stop meanwhile.
fn append(
    commit: &mut dyn Commit,
    batch: &Batch,
    from: &Receiver<ToCommitter>,
    to_loop: &Sender<FromThreads>,
    shared: &Shared,
) -> Result<bool, StoreError> {
    let mut told = false;
    loop {
        match commit.append(batch) {
            Ok(()) => return Ok(true),
            Err(error @ (StoreError::Overload { .. } | StoreError::Behind { .. })) => {
                if !std::mem::replace(&mut told, true) {
                    let _ = to_loop.send(FromThreads::NoRoom(error));
                    (shared.wake)();
                }
            }
            Err(error) => return Err(error),
        }
        match from.recv_timeout(RETRY) {
            Ok(ToCommitter::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
            Ok(ToCommitter::Batch(_)) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn written(commit: &dyn Commit, batch: &Batch, took: Duration) -> Written {
    let octets = batch.records.iter().filter_map(|record| record.value.as_ref()).map(Vec::len);
    let octets = octets.fold(0usize, usize::saturating_add);
    Written {
        sequence: batch.sequence,
        took,
        records: batch.records.len(),
        octets: u64::try_from(octets).unwrap_or(u64::MAX),
        behind: commit.is_behind(),
    }
}

/// A clock and a wake-up that threads share with the loop.
pub(super) type Clock = dyn Fn() -> Monotonic + Send + Sync;
