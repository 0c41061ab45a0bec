//! A fact for which the newest record counts, whatever the order in which records arrive.

use crate::model::Order;

/// What the newest record of one key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewestFact<T> {
    order: Order,
    /// `None` if there was no record, or the newest one is a tombstone.
    value: Option<T>,
}

impl<T> Default for NewestFact<T> {
    fn default() -> Self {
        Self { order: Order(i64::MIN), value: None }
    }
}

impl<T> NewestFact<T> {
    /// Applies a record unless a newer one is held. Returns whether it was applied.
    pub fn set(&mut self, order: Order, mut value: Option<T>) -> bool {
        self.swap(order, &mut value)
    }

    /// The same as [`Self::set`]. If the record is applied, `value` then contains the previous value.
    pub fn swap(&mut self, order: Order, value: &mut Option<T>) -> bool {
        let newer = self.order < order;
        if newer {
            self.order = order;
            std::mem::swap(&mut self.value, value);
        }
        newer
    }

    pub const fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    pub const fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// The order of the newest record, if it is not a tombstone.
    pub fn newest_order(&self) -> Option<Order> {
        self.value.as_ref().map(|_| self.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_record_counts_in_whichever_order_they_come() {
        let mut fact = NewestFact::default();
        assert!(fact.set(Order(5), Some("five")));
        assert!(!fact.set(Order(5), Some("again")) && !fact.set(Order(4), None));
        assert_eq!((fact.get(), fact.newest_order()), (Some(&"five"), Some(Order(5))));
        assert!(fact.set(Order(6), None));
        assert!(!fact.set(Order(2), Some("two")));
        assert_eq!((fact.get(), fact.newest_order()), (None, None));
    }
}
