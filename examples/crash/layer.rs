//! A layer between a process and its disk, for `LD_PRELOAD`: the chosen call on a file of the journal fails.
//!
//! `FAULT_LAYER=KIND:N` with KIND `write` (an I/O error, nothing is written), `torn` (an I/O error, half is written),
//! `full` (no space) or `sync` (an I/O error, nothing is synced): the N-th such call on a segment of the journal fails,
//! once, counted from when the file in `FAULT_LAYER_FROM` is there. With `cut` the layer keeps what is written until it is
//! synced, as a disk's cache does; at the N-th sync some of the sectors that it keeps reach the disk, in whatever order,
//! and the process is gone. Everything else goes to the kernel as it is.
#![allow(
    unsafe_code,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the C library's own calls are taken over, with its own types; the kernel checks what is passed on"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Torn,
    Full,
    Sync,
    Cut,
}

struct Plan {
    kind: Kind,
    at: u64,
    from: String,
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
static CALLS: AtomicU64 = AtomicU64::new(0);

/// What is written and not synced: descriptor, place, octets.
static KEPT: Mutex<Vec<(libc::c_int, libc::off64_t, Vec<u8>)>> = Mutex::new(Vec::new());

/// What a disk writes wholly or not at all.
const SECTOR: usize = 512;

fn plan() -> Option<&'static Plan> {
    let read = || {
        let said = std::env::var("FAULT_LAYER").ok()?;
        let (kind, at) = said.split_once(':')?;
        let kind = match kind {
            "write" => Kind::Write,
            "torn" => Kind::Torn,
            "full" => Kind::Full,
            "sync" => Kind::Sync,
            "cut" => Kind::Cut,
            _ => return None,
        };
        Some(Plan { kind, at: at.parse().ok()?, from: std::env::var("FAULT_LAYER_FROM").ok()? })
    };
    PLAN.get_or_init(read).as_ref()
}

/// Whether a file is a segment of the journal, and the faults have begun.
fn counts(fd: libc::c_int, plan: &Plan) -> bool {
    let name = std::fs::read_link(format!("/proc/self/fd/{fd}"));
    let of_journal = name.is_ok_and(|name| name.extension().is_some_and(|extension| extension == "seg"));
    of_journal && std::path::Path::new(&plan.from).exists()
}

/// The fault that this call on `fd` is to meet.
fn fault(fd: libc::c_int, syncs: bool) -> Option<Kind> {
    let plan = plan().filter(|plan| matches!(plan.kind, Kind::Sync | Kind::Cut) == syncs)?;
    if !counts(fd, plan) {
        return None;
    }
    (CALLS.fetch_add(1, Ordering::Relaxed) + 1 == plan.at).then_some(plan.kind)
}

fn fails(errno: libc::c_int) {
    // SAFETY: the place is this thread's own and is always there.
    unsafe { *libc::__errno_location() = errno };
}

fn write(fd: libc::c_int, octets: &[u8], offset: libc::off64_t) -> libc::ssize_t {
    // SAFETY: the octets are there for the length of the call.
    unsafe { libc::syscall(libc::SYS_pwrite64, fd, octets.as_ptr(), octets.len(), offset) as libc::ssize_t }
}

/// The power goes: of what is kept, each sector reaches the disk or does not.
fn cut(kept: &[(libc::c_int, libc::off64_t, Vec<u8>)], seed: u64) -> ! {
    let mut chance = seed;
    for (fd, offset, octets) in kept {
        let mut place = *offset;
        let mut rest = octets.as_slice();
        while !rest.is_empty() {
            // up to the next boundary of sectors on the disk
            let room = SECTOR - usize::try_from(place).unwrap_or(0) % SECTOR;
            let (sector, after) = rest.split_at(room.min(rest.len()));
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if chance >> 63 == 0 {
                write(*fd, sector, place);
            }
            place = place.saturating_add(libc::off64_t::try_from(sector.len()).unwrap_or(0));
            rest = after;
        }
    }
    // SAFETY: it does not return; nothing is run on the way out, as when the power goes.
    unsafe { libc::_exit(137) }
}

/// `pwrite64`, as the standard library writes at a place.
///
/// # Safety
///
/// As that of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    fd: libc::c_int,
    octets: *const libc::c_void,
    count: libc::size_t,
    offset: libc::off64_t,
) -> libc::ssize_t {
    // SAFETY: the caller's own arguments.
    let octets = unsafe { std::slice::from_raw_parts(octets.cast::<u8>(), count) };
    if plan().is_some_and(|plan| plan.kind == Kind::Cut && counts(fd, plan)) {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push((fd, offset, octets.to_vec()));
        return libc::ssize_t::try_from(count).unwrap_or(-1);
    }
    match fault(fd, false) {
        None => write(fd, octets, offset),
        Some(kind) => {
            if kind == Kind::Torn {
                write(fd, octets.split_at(count / 2).0, offset);
            }
            fails(if kind == Kind::Full { libc::ENOSPC } else { libc::EIO });
            -1
        }
    }
}

/// `fdatasync`.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: libc::c_int) -> libc::c_int {
    let fault = fault(fd, true);
    let kept = std::mem::take(&mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner));
    match fault {
        Some(Kind::Cut) => cut(&kept, plan().map_or(0, |plan| plan.at)),
        Some(_) => {
            fails(libc::EIO);
            return -1;
        }
        None => {}
    }
    for (to, offset, octets) in &kept {
        if write(*to, octets, *offset) < 0 {
            return -1;
        }
    }
    // SAFETY: a plain number is passed.
    unsafe { libc::syscall(libc::SYS_fdatasync, fd) as libc::c_int }
}
