//! Questions about an event: whether there is enough for it (RFC 8506 §6.2), and what it would cost (§6.1). Nothing is
//! reserved, charged or kept.
//!
//! Both ask what a debit of the same words would do now. Where a request names no units, one piece is meant. For what
//! is not counted in pieces a balance check then asks whether anything at all would be granted, and a price enquiry
//! gets the price of as many units as the rate names, which the answer says.

use super::books::Books;
use super::case::Case;
use super::line::{Line, empty_quota};
use super::sale::{Refused, lines, priced, sold_so};
use super::settle::{Report, units};
use super::slice::covers;
use crate::charging::answer::{AnswerExtra, Denial};
use crate::charging::rating::lookup::{Price, Terms};
use crate::charging::request::{Part, QuotaKey};
use crate::charging::snapshot::{Changes, Notes};
use crate::charging::units::{Amount, Money, Unit};

/// Whether there is enough for all that is asked for, together.
pub(super) fn balance(case: Case<'_>, books: &Books) -> Result<AnswerExtra, Refused> {
    let whole = QuotaKey::default();
    let mut lines = lines(case, books, &whole)?;
    // money is enough for money, whatever the service is counted in
    let mut money = Money::ZERO;
    lines.retain(|line| match sum_of_money(case, line) {
        Some(asked) => {
            money = money.checked_add(asked).unwrap_or(Money::MAX);
            false
        }
        None => true,
    });
    priced(&lines)?;
    for line in &mut lines {
        line.used = named(line).unwrap_or(1);
    }
    let mut trial = Trial::of(books);
    let enough = match lines.iter().try_for_each(|line| trial.charge(case, line, true)) {
        Ok(()) => money.is_zero() || money <= trial.books.spendable(),
        Err(Denial::NoCredit) => false,
        Err(denial) => return Err(denial.into()),
    };
    Ok(AnswerExtra { enough: Some(enough), ..AnswerExtra::default() })
}

/// What a debit would take in money now, bundles first; whether there is enough is not asked.
pub(super) fn price(case: Case<'_>, books: &Books) -> Result<AnswerExtra, Refused> {
    let whole = QuotaKey::default();
    let mut lines = lines(case, books, &whole)?;
    priced(&lines)?;
    let mut per = None;
    for line in &mut lines {
        sold_so(case.request, line)?;
        line.used = named(line).unwrap_or_else(|| {
            let count = as_the_rate_names(&line.terms);
            per = Some(Amount::new(line.terms.unit, count));
            count
        });
    }
    let mut trial = Trial::of(books);
    for line in &lines {
        trial.charge(case, line, false)?;
    }
    // of several parts the units of one would say nothing of the sum
    let cost_per = per.filter(|_| lines.len() == 1);
    let cost = books.account.both().checked_sub(trial.books.account.both()).ok_or(Denial::Overflow)?;
    Ok(AnswerExtra { cost: Some(cost), cost_per, ..AnswerExtra::default() })
}

/// The units that a line names: those asked for, else those reported, else one piece.
fn named(line: &Line<'_>) -> Option<u64> {
    let reported = Some(line.used).filter(|&used| used > 0);
    line.wanted.or(reported).or((line.terms.unit == Unit::Pieces).then_some(1))
}

/// The money that a line asks for where its service is not counted in money, and nothing else is named.
fn sum_of_money(case: Case<'_>, line: &Line<'_>) -> Option<Money> {
    if line.wanted.is_some() || line.terms.unit == Unit::Money {
        return None;
    }
    let of_it = |part: &&Part| part.key == *line.key;
    let asked = case.request.parts.iter().filter(of_it).filter_map(|part| part.requested?.money);
    asked.reduce(|one, other| one.checked_add(other).unwrap_or(Money::MAX))
}

fn as_the_rate_names(terms: &Terms<'_>) -> u64 {
    match terms.price {
        Price::Rate(rate, _) => rate.per,
        Price::Free | Price::None(_) => 1,
    }
}

/// A copy of the books, to be charged and thrown away.
struct Trial {
    books: Books,
}

impl Trial {
    fn of(books: &Books) -> Self {
        let (account, subscriber) = (books.account.clone(), books.subscriber.clone());
        Self {
            books: Books {
                account,
                subscriber,
                changes: Changes::default(),
                notes: Notes::default(),
                unpaid: books.unpaid,
                uses: Vec::new(),
                now: books.now,
                beyond: books.beyond,
            },
        }
    }

    /// Charges a line as a debit does; refused where it cannot be paid, if that is asked, or has no price.
    fn charge(&mut self, case: Case<'_>, line: &Line<'_>, paid: bool) -> Result<(), Denial> {
        let mut quota = empty_quota(line.key);
        for terms in line.all_terms() {
            if paid {
                covers(&self.books, &quota, terms, line.used)?;
            }
            match terms.price {
                Price::None(denial) if terms.bundle_units(&self.books.subscriber) < line.used => {
                    return Err(denial);
                }
                Price::None(_) | Price::Free | Price::Rate(..) => {}
            }
            units(case, &mut self.books, &mut quota, terms, line.used, Report::Event)?;
        }
        Ok(())
    }
}
