//! The watchdog of RFC 3539 §3.4.1, as its table of states has it.
//!
//! DWR is never sent again while one is without an answer. The table is for a client that has an alternate; a
//! responder serves requests in REOPEN too, and lets only its own requests wait for OKAY.

use core::time::Duration;

use super::ids::Jitter;
use super::limits::LEAST_WATCHDOG;
use crate::time::Monotonic;

/// How far Tw is spread around Twinit, to either side.
pub const SPREAD: Duration = Duration::from_secs(2);

/// The state of a connection in the eyes of the watchdog.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WatchdogState {
    /// Never up.
    Initial,
    /// Alive.
    Okay,
    /// Silent for more than Tw after a DWR.
    Suspect,
    /// Not there.
    Down,
    /// Up again; three answers will prove it.
    Reopen,
}

/// What happens to a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WatchdogEvent {
    /// The capabilities exchange has succeeded.
    ConnectionUp,
    /// The transport is gone.
    ConnectionDown,
    /// A DWA came.
    Dwa,
    /// Any other message came.
    NonDwa,
    /// Tw has passed.
    TimerExpires,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct WatchdogActions {
    /// Send a DWR.
    pub send_watchdog: bool,
    /// Close the transport connection.
    pub close_connection: bool,
    /// Send what waits elsewhere.
    pub failover: bool,
    /// Use this connection again.
    pub failback: bool,
    /// Try to connect.
    pub attempt_open: bool,
    /// The message is not for use.
    pub throwaway: bool,
}

const NOTHING: WatchdogActions = WatchdogActions {
    send_watchdog: false,
    close_connection: false,
    failover: false,
    failback: false,
    attempt_open: false,
    throwaway: false,
};

/// The watchdog of one connection.
#[derive(Clone, Debug)]
pub struct Watchdog {
    state: WatchdogState,
    pending: bool,
    num_dwa: i8,
    tw_init: Duration,
    jitter: Jitter,
    deadline: Option<Monotonic>,
}

impl Watchdog {
    /// For a connection that was not up before; `tw_init` below [`LEAST_WATCHDOG`] counts as that.
    pub fn new(tw_init: Duration, jitter: Jitter) -> Self {
        Self {
            state: WatchdogState::Initial,
            pending: false,
            num_dwa: 0,
            tw_init: tw_init.max(LEAST_WATCHDOG),
            jitter,
            deadline: None,
        }
    }

    /// The same for a connection that replaces one which the watchdog has closed.
    #[must_use]
    pub fn reopening(mut self) -> Self {
        self.state = WatchdogState::Down;
        self
    }

    /// The state.
    pub const fn state(&self) -> WatchdogState {
        self.state
    }

    /// Whether a DWR waits for its answer.
    pub const fn is_pending(&self) -> bool {
        self.pending
    }

    /// When Tw has passed.
    pub const fn deadline(&self) -> Option<Monotonic> {
        self.deadline
    }

    /// A DWR is to be sent now, before Tw has passed; false when one is without an answer.
    pub fn ask_now(&mut self, now: Monotonic) -> bool {
        if self.pending {
            return false;
        }
        self.pending = true;
        self.set_watchdog(now);
        true
    }

    /// SetWatchdog of the standard: Tw anew, with jitter drawn anew.
    fn set_watchdog(&mut self, now: Monotonic) {
        self.deadline = Some(now.plus(self.jitter.around(self.tw_init, SPREAD)));
    }

    /// One row of the table.
    #[expect(clippy::match_same_arms, reason = "an arm stands below its rows of the table")]
    pub fn handle(&mut self, event: WatchdogEvent, now: Monotonic) -> WatchdogActions {
        use WatchdogEvent as E;
        use WatchdogState as S;

        //   STATE         Event                Actions              New State
        match (self.state, event) {
            //   OKAY          Receive DWA          Pending = FALSE
            //                                      SetWatchdog()        OKAY
            (S::Okay, E::Dwa) => {
                self.pending = false;
                self.set_watchdog(now);
                NOTHING
            }
            //   OKAY          Receive non-DWA      SetWatchdog()        OKAY
            (S::Okay, E::NonDwa) => {
                self.set_watchdog(now);
                NOTHING
            }
            //   SUSPECT       Receive DWA          Pending = FALSE
            //                                      Failback()
            //                                      SetWatchdog()        OKAY
            (S::Suspect, E::Dwa) => {
                self.pending = false;
                self.set_watchdog(now);
                self.state = S::Okay;
                WatchdogActions { failback: true, ..NOTHING }
            }
            //   SUSPECT       Receive non-DWA      Failback()
            //                                      SetWatchdog()        OKAY
            (S::Suspect, E::NonDwa) => {
                self.set_watchdog(now);
                self.state = S::Okay;
                WatchdogActions { failback: true, ..NOTHING }
            }
            //   REOPEN        Receive DWA &        Pending = FALSE
            //                 NumDWA == 2          NumDWA++
            //                                      Failback()           OKAY
            (S::Reopen, E::Dwa) if self.num_dwa == 2 => {
                self.pending = false;
                self.num_dwa = 3;
                self.state = S::Okay;
                WatchdogActions { failback: true, ..NOTHING }
            }
            //   REOPEN        Receive DWA &        Pending = FALSE
            //                 NumDWA < 2           NumDWA++             REOPEN
            (S::Reopen, E::Dwa) => {
                self.pending = false;
                self.num_dwa = self.num_dwa.saturating_add(1);
                NOTHING
            }
            //   REOPEN        Receive non-DWA      Throwaway()          REOPEN
            //   INITIAL       Receive non-DWA      Throwaway()          INITIAL
            //   DOWN          Receive non-DWA      Throwaway()          DOWN
            (S::Reopen | S::Initial | S::Down, E::NonDwa) => WatchdogActions { throwaway: true, ..NOTHING },
            //   INITIAL       Receive DWA          Pending = FALSE
            //                                      Throwaway()          INITIAL
            //   DOWN          Receive DWA          Pending = FALSE
            //                                      Throwaway()          DOWN
            (S::Initial | S::Down, E::Dwa) => {
                self.pending = false;
                WatchdogActions { throwaway: true, ..NOTHING }
            }
            //   OKAY          Timer expires &      SendWatchdog()
            //                 !Pending             SetWatchdog()
            //                                      Pending = TRUE       OKAY
            //   REOPEN        Timer expires &      SendWatchdog()
            //                 !Pending             SetWatchdog()
            //                                      Pending = TRUE       REOPEN
            (S::Okay | S::Reopen, E::TimerExpires) if !self.pending => {
                self.pending = true;
                self.set_watchdog(now);
                WatchdogActions { send_watchdog: true, ..NOTHING }
            }
            //   OKAY          Timer expires &      Failover()
            //                 Pending              SetWatchdog()        SUSPECT
            (S::Okay, E::TimerExpires) => {
                self.set_watchdog(now);
                self.state = S::Suspect;
                WatchdogActions { failover: true, ..NOTHING }
            }
            //   SUSPECT       Timer expires        CloseConnection()
            //                                      SetWatchdog()        DOWN
            (S::Suspect, E::TimerExpires) => self.closed(now),
            //   REOPEN        Timer expires &      CloseConnection()
            //                 Pending &            SetWatchdog()
            //                 NumDWA < 0                                DOWN
            (S::Reopen, E::TimerExpires) if self.num_dwa < 0 => self.closed(now),
            //   REOPEN        Timer expires &      NumDWA = -1
            //                 Pending &            SetWatchdog()
            //                 NumDWA >= 0                               REOPEN
            (S::Reopen, E::TimerExpires) => {
                self.num_dwa = -1;
                self.set_watchdog(now);
                NOTHING
            }
            //   INITIAL       Timer expires        AttemptOpen()
            //                                      SetWatchdog()        INITIAL
            //   DOWN          Timer expires        AttemptOpen()
            //                                      SetWatchdog()        DOWN
            (S::Initial | S::Down, E::TimerExpires) => {
                self.set_watchdog(now);
                WatchdogActions { attempt_open: true, ..NOTHING }
            }
            //   INITIAL       Connection up        SetWatchdog()        OKAY
            (S::Initial, E::ConnectionUp) => {
                self.set_watchdog(now);
                self.state = S::Okay;
                NOTHING
            }
            //   DOWN          Connection up        NumDWA = 0
            //                                      SendWatchdog()
            //                                      SetWatchdog()
            //                                      Pending = TRUE       REOPEN
            (S::Down, E::ConnectionUp) => {
                self.num_dwa = 0;
                self.pending = true;
                self.set_watchdog(now);
                self.state = S::Reopen;
                WatchdogActions { send_watchdog: true, ..NOTHING }
            }
            //   OKAY          Connection down      CloseConnection()
            //                                      Failover()
            //                                      SetWatchdog()        DOWN
            (S::Okay, E::ConnectionDown) => WatchdogActions { failover: true, ..self.closed(now) },
            //   SUSPECT       Connection down      CloseConnection()
            //                                      SetWatchdog()        DOWN
            //   REOPEN        Connection down      CloseConnection()
            //                                      SetWatchdog()        DOWN
            (S::Suspect | S::Reopen, E::ConnectionDown) => self.closed(now),
            // The table has no rows for a connection that comes up twice, or goes down without being up.
            (S::Okay | S::Suspect | S::Reopen, E::ConnectionUp)
            | (S::Initial | S::Down, E::ConnectionDown) => NOTHING,
        }
    }

    fn closed(&mut self, now: Monotonic) -> WatchdogActions {
        self.pending = false;
        self.set_watchdog(now);
        self.state = WatchdogState::Down;
        WatchdogActions { close_connection: true, ..NOTHING }
    }
}
