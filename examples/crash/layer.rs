//! A layer between a process and its disk, for `LD_PRELOAD`: the chosen call on a file of the journal fails.
//!
//! `FAULT_LAYER=KIND:N` with KIND `write` (an I/O error, nothing is written), `torn` (an I/O error, half is written),
//! `full` (no space) or `sync` (an I/O error, nothing is synced): the N-th such call on a segment of the journal fails,
//! once, counted from when the file in `FAULT_LAYER_FROM` is there. Everything else goes to the kernel as it is.
#![allow(
    unsafe_code,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the C library's own calls are taken over, with its own types; the kernel checks what is passed on"
)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Torn,
    Full,
    Sync,
}

struct Plan {
    kind: Kind,
    at: u64,
    from: String,
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
static CALLS: AtomicU64 = AtomicU64::new(0);

fn plan() -> Option<&'static Plan> {
    let read = || {
        let said = std::env::var("FAULT_LAYER").ok()?;
        let (kind, at) = said.split_once(':')?;
        let kind = match kind {
            "write" => Kind::Write,
            "torn" => Kind::Torn,
            "full" => Kind::Full,
            "sync" => Kind::Sync,
            _ => return None,
        };
        Some(Plan { kind, at: at.parse().ok()?, from: std::env::var("FAULT_LAYER_FROM").ok()? })
    };
    PLAN.get_or_init(read).as_ref()
}

/// The fault that this call on `fd` is to meet.
fn fault(fd: libc::c_int, syncs: bool) -> Option<Kind> {
    let plan = plan().filter(|plan| (plan.kind == Kind::Sync) == syncs)?;
    let name = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    let of_journal = name.extension().is_some_and(|extension| extension == "seg");
    if !of_journal || !std::path::Path::new(&plan.from).exists() {
        return None;
    }
    (CALLS.fetch_add(1, Ordering::Relaxed) + 1 == plan.at).then_some(plan.kind)
}

fn fails(errno: libc::c_int) {
    // SAFETY: the place is this thread's own and is always there.
    unsafe { *libc::__errno_location() = errno };
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
    let fault = fault(fd, false);
    if matches!(fault, None | Some(Kind::Torn)) {
        let count = if fault.is_some() { count / 2 } else { count };
        // SAFETY: the caller's own arguments, or fewer octets of them.
        let written = unsafe { libc::syscall(libc::SYS_pwrite64, fd, octets, count, offset) };
        if fault.is_none() {
            return written as libc::ssize_t;
        }
    }
    fails(if fault == Some(Kind::Full) { libc::ENOSPC } else { libc::EIO });
    -1
}

/// `fdatasync`.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: libc::c_int) -> libc::c_int {
    if fault(fd, true).is_some() {
        fails(libc::EIO);
        return -1;
    }
    // SAFETY: a plain number is passed.
    unsafe { libc::syscall(libc::SYS_fdatasync, fd) as libc::c_int }
}
