//! What the store asks of the operating system that the standard library does not offer. The only unsafe code.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::StoreError;

/// Makes `sync_file_range` fail with `ENOSYS` in every thread of this process, and checks it by trying.
///
/// sled 0.34 makes nothing durable on Linux where that call works, and calls `fsync` where it is missing. To be
/// called at the start of the process; calling it again does no harm.
pub fn guard() -> Result<(), StoreError> {
    #[cfg(target_os = "linux")]
    {
        if !linux::is_guarded() && linux::install().is_err() {
            return Err(StoreError::Unguarded);
        }
        if !linux::is_guarded() {
            return Err(StoreError::Unguarded);
        }
    }
    Ok(())
}

/// Lets a write beyond the limit on the size of files (`ulimit -f`) fail with `EFBIG`, so that it can be told, in place
/// of ending the process by SIGXFSZ. To be called at the start of the process; children inherit it.
#[allow(unsafe_code, reason = "the standard library sets no dispositions of signals")]
pub fn outlive_size_limits() {
    // SAFETY: no handler is installed; ignoring a signal is what any thread may ask for at any time.
    let before = unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    debug_assert_ne!(before, libc::SIG_ERR, "the number and the disposition are ones of this system");
}

/// Whether [`guard`] is in force.
pub(crate) fn is_guarded() -> bool {
    #[cfg(target_os = "linux")]
    {
        linux::is_guarded()
    }
    #[cfg(not(target_os = "linux"))]
    {
        true
    }
}

/// Octets that an unprivileged process can still write on the file system of `path`.
#[allow(unsafe_code, reason = "the standard library has no statvfs")]
pub(crate) fn available(path: &Path) -> io::Result<u64> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut found = core::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: `path` ends in a zero octet, `found` is valid for writes, and all zeros are a valid `statvfs`.
    let found = unsafe {
        if libc::statvfs(path.as_ptr(), found.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        found.assume_init()
    };
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the standard library has neither seccomp nor sync_file_range")]
mod linux {
    use std::io;

    // Classic BPF: load a word at an absolute place, jump if equal, return.
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    // Where `struct seccomp_data` has the call's number and the architecture.
    const NUMBER_AT: u32 = 0;
    const ARCHITECTURE_AT: u32 = 4;

    #[cfg(target_arch = "x86_64")]
    const ARCHITECTURE: u32 = 0xC000_003E;
    #[cfg(target_arch = "aarch64")]
    const ARCHITECTURE: u32 = 0xC000_00B7;

    const fn op(code: u16, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
        libc::sock_filter { code, jt, jf, k }
    }

    /// Whether `sync_file_range` fails with `ENOSYS`: tried on a descriptor that cannot exist, so it does nothing.
    pub(super) fn is_guarded() -> bool {
        // SAFETY: no memory is passed; the descriptor -1 is refused by a kernel that knows the call.
        let result = unsafe { libc::sync_file_range(-1, 0, 0, 0) };
        result != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ENOSYS)
    }

    /// Installs the filter in all threads.
    pub(super) fn install() -> io::Result<()> {
        let number = u32::try_from(libc::SYS_sync_file_range).map_err(io::Error::other)?;
        let refuse = libc::SECCOMP_RET_ERRNO | u32::try_from(libc::ENOSYS).map_err(io::Error::other)?;
        let mut filter = [
            op(LOAD, 0, 0, ARCHITECTURE_AT),
            op(JUMP_IF_EQUAL, 0, 3, ARCHITECTURE),
            op(LOAD, 0, 0, NUMBER_AT),
            op(JUMP_IF_EQUAL, 0, 1, number),
            op(RETURN, 0, 0, refuse),
            op(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog {
            len: u16::try_from(filter.len()).map_err(io::Error::other)?,
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: plain numbers are passed.
        if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `program` and the filter it points to live until the call returns; the kernel copies them.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_TSYNC,
                &raw const program,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_holds_in_threads_that_were_there_before() {
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let before = std::thread::spawn(move || {
            receive.recv().unwrap();
            is_guarded()
        });
        guard().unwrap();
        guard().unwrap();
        assert!(is_guarded());
        send.send(()).unwrap();
        assert!(before.join().unwrap());
    }

    #[test]
    fn room_is_told_and_a_missing_place_is_an_error() {
        assert!(available(Path::new("/")).unwrap() > 0);
        assert!(available(Path::new("/no/such/place")).is_err());
    }
}
