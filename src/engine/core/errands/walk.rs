//! Going through the sessions that a demand is about, a limited number at a time.

use std::collections::VecDeque;

use crate::charging::account::AccountId;
use crate::charging::units::Digits;
use crate::engine::core::directory::{Directory, account_mark, host_mark};
use crate::engine::core::query::SessionCursor;
use crate::engine::core::reauth::Lost;

use super::schedule::Wish;

/// Walks that may wait.
const WALKS: usize = 1_024;

/// Demands that go through all sessions together.
const TOGETHER: usize = 64;

/// Sessions looked up at once.
const PAGE: usize = 128;

/// What is done with each session that is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::engine::core) enum Found {
    /// Its client is to be asked.
    Ask(u64, Wish),
    /// It ends, if it is of that host.
    End(u64, Lost),
}

/// Which sessions of all.
#[derive(Clone, Debug)]
enum Filter {
    All(Wish),
    Account(u32, Wish),
    Host(u16, Lost),
}

#[derive(Clone, Debug)]
enum Walk {
    Number(Digits, Wish, Option<SessionCursor>),
    Limited(AccountId, Wish, Option<u64>),
    Everyone(Vec<Filter>, Option<SessionCursor>),
}

/// Walks that are under way, by turns.
#[derive(Debug, Default)]
pub(in crate::engine::core) struct Walks {
    /// Those that somebody waits for.
    urgent: VecDeque<Walk>,
    /// Those that may wait until there is room for what they find.
    calm: VecDeque<Walk>,
}

impl Walks {
    /// Whether there are none.
    pub(in crate::engine::core) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.calm.is_empty()
    }

    /// Through the sessions of a number. False where too many wait.
    pub(in crate::engine::core) fn number(&mut self, msisdn: Digits, wish: Wish) -> bool {
        self.push(Walk::Number(msisdn, wish, None), wish.reason.is_urgent())
    }

    /// Through the limited sessions of an account. False where too many wait.
    pub(in crate::engine::core) fn limited(&mut self, account: AccountId, wish: Wish) -> bool {
        self.push(Walk::Limited(account, wish, None), wish.reason.is_urgent())
    }

    /// Through all sessions of an account. False where too many wait.
    pub(in crate::engine::core) fn account(&mut self, account: AccountId, wish: Wish) -> bool {
        self.everyone(Filter::Account(account_mark(account), wish), wish.reason.is_urgent())
    }

    /// Through all sessions. False where too many wait.
    pub(in crate::engine::core) fn all(&mut self, wish: Wish) -> bool {
        self.everyone(Filter::All(wish), wish.reason.is_urgent())
    }

    /// Through all sessions of a host. False where too many wait.
    pub(in crate::engine::core) fn host(&mut self, lost: Lost) -> bool {
        self.everyone(Filter::Host(host_mark(&lost.host), lost), true)
    }

    /// A walk through all sessions that has not begun takes more along.
    fn everyone(&mut self, filter: Filter, urgent: bool) -> bool {
        if let Some(Walk::Everyone(filters, None)) = self.queue(urgent).back_mut()
            && filters.len() < TOGETHER
        {
            filters.push(filter);
            return true;
        }
        self.push(Walk::Everyone(vec![filter], None), urgent)
    }

    fn push(&mut self, walk: Walk, urgent: bool) -> bool {
        let queue = self.queue(urgent);
        let fits = queue.len() < WALKS;
        if fits {
            queue.push_back(walk);
        }
        fits
    }

    fn queue(&mut self, urgent: bool) -> &mut VecDeque<Walk> {
        if urgent { &mut self.urgent } else { &mut self.calm }
    }

    /// Goes on by a page: gives what is found there, and how many sessions were looked at. None where nothing is to
    /// be gone on with; those that may wait are, where there is no `room`.
    pub(in crate::engine::core) fn step(
        &mut self,
        directory: &Directory,
        room: bool,
    ) -> Option<(Vec<Found>, usize)> {
        let urgent = !self.urgent.is_empty();
        if !urgent && !room {
            return None;
        }
        let mut walk = self.queue(urgent).pop_front()?;
        let (found, looked_at) = match &mut walk {
            Walk::Number(msisdn, wish, after) => {
                let page = directory.page(Some(*msisdn), *after, PAGE);
                *after = page.last().copied();
                (page.iter().map(|place| Found::Ask(place.short, *wish)).collect(), page.len())
            }
            Walk::Limited(account, wish, after) => {
                let page = directory.limited_of(*account, *after, PAGE);
                *after = page.last().copied();
                (page.iter().map(|short| Found::Ask(*short, *wish)).collect::<Vec<_>>(), page.len())
            }
            Walk::Everyone(filters, after) => {
                let page = directory.page(None, *after, PAGE);
                *after = page.last().copied();
                let mut found = Vec::new();
                for place in &page {
                    let marks = directory.marks(place.short);
                    found.extend(filters.iter().filter_map(|filter| match filter {
                        Filter::All(wish) => Some(Found::Ask(place.short, *wish)),
                        Filter::Account(mark, wish) => {
                            (marks?.account == *mark).then_some(Found::Ask(place.short, *wish))
                        }
                        Filter::Host(mark, lost) => {
                            (marks?.host == *mark).then(|| Found::End(place.short, lost.clone()))
                        }
                    }));
                }
                (found, page.len())
            }
        };
        if looked_at >= PAGE {
            self.queue(urgent).push_back(walk);
        }
        Some((found, looked_at))
    }
}
