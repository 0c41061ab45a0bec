//! Limits how fast changes are followed, because a server may report changes without end.

use std::time::Duration;

/// Time between two ticks. Each tick renews the budgets.
pub const TICK: Duration = Duration::from_millis(50);

/// What may be spent until the next tick. Overspending is allowed and paid off by the following ticks, so a large
/// item is done as a whole and the average holds.
#[derive(Debug)]
pub struct TickBudget {
    left: usize,
    debt: usize,
    most: usize,
}

impl TickBudget {
    /// Allows `most` per tick.
    pub const fn new(most: usize) -> Self {
        Self { left: most, debt: 0, most }
    }

    /// What may be spent now.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Whether a tick would change nothing.
    pub const fn is_full(&self) -> bool {
        self.left == self.most
    }

    /// Spends an amount, which may exceed what is left.
    pub const fn spend(&mut self, spent: usize) {
        self.debt = self.debt.saturating_add(spent.saturating_sub(self.left));
        self.left = self.left.saturating_sub(spent);
    }

    /// Renews the budget after a tick, less the debt.
    pub const fn refill(&mut self) {
        self.left = self.most.saturating_sub(self.debt);
        self.debt = self.debt.saturating_sub(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_beyond_an_allowance_is_paid_off_by_the_ticks_that_follow() {
        let mut allowance = TickBudget::new(10);
        allowance.spend(4);
        assert_eq!((allowance.left(), allowance.is_full()), (6, false));
        allowance.spend(29);
        let ticks: Vec<usize> = std::iter::repeat_with(|| {
            allowance.refill();
            allowance.left()
        })
        .take(4)
        .collect();
        assert_eq!(ticks, [0, 0, 7, 10]);
        assert!(allowance.is_full());
    }
}
