//! A sorted list in which an insertion moves a bounded number of items, however long the list is.
//!
//! It consists of runs of bounded length, one after the other. The first run is stored in place, because most lists are
//! short.

use std::cmp::Ordering;

use crate::invariant::broken;

use crate::storage::lists::allocation;
use crate::storage::lists::work_counter;

/// The largest number of items in a run.
const RUN: usize = 256;
/// Neighbouring runs with at most this many items together are joined.
const SHORT: usize = RUN / 2;

/// See the module documentation.
#[derive(Clone, Debug)]
pub(crate) struct SortedList<T> {
    /// Empty only if all runs are empty.
    first: Vec<T>,
    /// None of these runs is empty.
    rest: Vec<Vec<T>>,
}

/// The place of an item, or the place where it would be inserted: the run, and the index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListPosition(usize, usize);

impl<T> Default for SortedList<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> SortedList<T> {
    pub const fn new() -> Self {
        Self { first: Vec::new(), rest: Vec::new() }
    }

    pub const fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    pub fn len(&self) -> usize {
        self.rest.iter().fold(self.first.len(), |len, run| len.saturating_add(run.len()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.rest.iter().flatten()).inspect(|_| work_counter::count(1))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(self.rest.iter_mut().flatten()).inspect(|_| work_counter::count(1))
    }

    /// Finds an item: `Ok` with its place, or `Err` with the place where it would be inserted. `order` compares an item
    /// of the list with the one to be found.
    pub fn find(&self, order: impl Fn(&T) -> Ordering) -> Result<ListPosition, ListPosition> {
        self.find_near(order, |_| 0)
    }

    /// The same as [`Self::find`], with a guess. `guess` gets the first item of a run, and returns the probable index
    /// in the run of the item to be found.
    pub fn find_near(
        &self,
        order: impl Fn(&T) -> Ordering,
        guess: impl Fn(&T) -> usize,
    ) -> Result<ListPosition, ListPosition> {
        let begins_later = |run: &Vec<T>| run.first().is_some_and(|first| order(first) == Ordering::Greater);
        let number = self.rest.partition_point(|run| {
            work_counter::count(1);
            !begins_later(run)
        });
        let run = self.run(number);
        let guessed = run.first().map_or(0, guess);
        if run.get(guessed).is_some_and(|item| order(item) == Ordering::Equal) {
            return Ok(ListPosition(number, guessed));
        }
        let found = run.binary_search_by(|item| {
            work_counter::count(1);
            order(item)
        });
        found.map(|index| ListPosition(number, index)).map_err(|index| ListPosition(number, index))
    }

    pub fn get(&self, ListPosition(run, index): ListPosition) -> Option<&T> {
        self.run(run).get(index)
    }

    pub fn get_mut(&mut self, ListPosition(run, index): ListPosition) -> Option<&mut T> {
        self.run_mut(run)?.get_mut(index)
    }

    /// Inserts an item at the place that [`Self::find`] returned, and returns its place.
    pub fn insert(&mut self, ListPosition(number, index): ListPosition, item: T) -> ListPosition {
        let is_last = number >= self.rest.len();
        let Some(run) = self.run_mut(number) else {
            broken("an item is inserted into a run of its list");
            return ListPosition(number, index);
        };
        if run.len() < RUN {
            work_counter::count(run.len().saturating_sub(index));
            run.insert(index.min(run.len()), item);
            return ListPosition(number, index);
        }
        let next = number.saturating_add(1);
        // Items that arrive in order fill one run after the other.
        if index >= run.len() && is_last {
            self.rest.push(vec![item]);
            return ListPosition(next, 0);
        }
        let half = run.split_off(RUN / 2);
        work_counter::count(half.len());
        self.rest.insert(number, half);
        let place = if index <= RUN / 2 {
            ListPosition(number, index)
        } else {
            ListPosition(next, index.saturating_sub(RUN / 2))
        };
        self.insert(place, item)
    }

    pub fn remove(&mut self, ListPosition(number, index): ListPosition) -> Option<T> {
        let run = self.run_mut(number).filter(|run| index < run.len())?;
        let item = run.remove(index);
        work_counter::count(run.len().saturating_sub(index));
        // The removal may have left neighbouring runs that are short together.
        self.join(number);
        self.join(number.saturating_sub(1));
        Some(item)
    }

    /// Keeps the items for which `keep` returns true.
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        work_counter::count(self.len());
        self.first.retain_mut(&mut keep);
        self.rest.iter_mut().for_each(|run| run.retain_mut(&mut keep));
        let runs = std::mem::take(&mut self.rest);
        for mut run in runs {
            let last = self.rest.last_mut().unwrap_or(&mut self.first);
            if last.len().saturating_add(run.len()) <= SHORT || last.is_empty() {
                last.append(&mut run);
            } else {
                self.rest.push(run);
            }
        }
        self.rest.retain(|run| !run.is_empty());
    }

    /// Frees unused capacity. Called when few items will be added from now on.
    pub fn shrink(&mut self) {
        self.first.shrink_to_fit();
        self.rest.iter_mut().for_each(Vec::shrink_to_fit);
        self.rest.shrink_to_fit();
    }

    /// The memory of the list itself, without what its items refer to.
    pub fn heap_bytes(&self) -> usize {
        let runs = self.rest.iter().map(|run| allocation::list::<T>(run.capacity()));
        runs.fold(allocation::list::<T>(self.first.capacity()), usize::saturating_add)
            .saturating_add(allocation::list::<Vec<T>>(self.rest.capacity()))
    }

    /// Joins a run with the next one, if they are short together or one of them is empty.
    fn join(&mut self, number: usize) {
        let len = self.run(number).len();
        let Some(next) = self.rest.get(number) else {
            if len == 0 {
                self.rest.pop();
            }
            return;
        };
        if len == 0 || len.saturating_add(next.len()) <= SHORT {
            let mut next = self.rest.remove(number);
            if let Some(run) = self.run_mut(number) {
                run.append(&mut next);
            }
        }
    }

    fn run(&self, number: usize) -> &[T] {
        match number.checked_sub(1) {
            None => &self.first,
            Some(place) => self.rest.get(place).map(Vec::as_slice).unwrap_or_default(),
        }
    }

    fn run_mut(&mut self, number: usize) -> Option<&mut Vec<T>> {
        match number.checked_sub(1) {
            None => Some(&mut self.first),
            Some(place) => self.rest.get_mut(place),
        }
    }
}

impl<T> IntoIterator for SortedList<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::vec::IntoIter<T>, std::iter::Flatten<std::vec::IntoIter<Vec<T>>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn insert(list: &mut SortedList<u32>, item: u32) {
        if let Err(place) = list.find(|held| held.cmp(&item)) {
            let at = list.insert(place, item);
            assert_eq!(list.get(at), Some(&item));
        }
    }

    fn remove(list: &mut SortedList<u32>, item: u32) {
        if let Ok(place) = list.find(|held| held.cmp(&item)) {
            assert_eq!(list.remove(place), Some(item));
        }
    }

    fn items(list: &SortedList<u32>) -> Vec<u32> {
        list.iter().copied().collect()
    }

    fn is_sound(list: &SortedList<u32>) -> bool {
        let bounded = list.rest.iter().all(|run| (1..=RUN).contains(&run.len())) && list.first.len() <= RUN;
        bounded && (list.rest.is_empty() || !list.first.is_empty()) && list.len() == list.iter().count()
    }

    /// The number of runs of a list that was filled in this order.
    fn runs(order: impl Iterator<Item = u32>) -> usize {
        let mut list = SortedList::new();
        order.for_each(|item| insert(&mut list, item));
        assert!(is_sound(&list) && items(&list).is_sorted());
        1 + list.rest.len()
    }

    #[test]
    fn one_more_item_moves_no_more_than_a_run_in_whichever_order_they_come() {
        const MANY: u32 = 20_000;
        let least = usize::try_from(MANY).unwrap().div_ceil(RUN);
        assert_eq!(runs(0..MANY), least, "in their order they fill all runs");
        let scattered = (0..MANY).map(|number| number * 7_919 % MANY);
        for runs in [runs((0..MANY).rev()), runs(scattered)] {
            assert!((least..=2 * least + 1).contains(&runs), "{runs} runs");
        }
    }

    #[test]
    fn what_is_left_of_many_is_a_short_list() {
        let mut list = SortedList::new();
        (0..10_000).for_each(|item| insert(&mut list, item));
        (0..10_000).filter(|item| item % 1_000 > 0).for_each(|item| remove(&mut list, item));
        assert_eq!((list.rest.len(), list.len()), (0, 10));
        let mut list = SortedList::new();
        (0..10_000).for_each(|item| insert(&mut list, item));
        list.retain_mut(|item| *item % 1_000 == 0);
        assert_eq!((list.rest.len(), list.len()), (0, 10));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn it_holds_what_a_set_holds(steps in proptest::collection::vec((any::<bool>(), 0_u32..2_000), 0..3_000), keep in 1_u32..5) {
            let (mut list, mut set) = (SortedList::new(), BTreeSet::new());
            for (inserts, item) in steps {
                if inserts {
                    insert(&mut list, item);
                    set.insert(item);
                } else {
                    remove(&mut list, item);
                    set.remove(&item);
                }
            }
            prop_assert!(is_sound(&list));
            prop_assert_eq!(items(&list), set.iter().copied().collect::<Vec<_>>());
            list.retain_mut(|item| *item % keep == 0);
            set.retain(|item| *item % keep == 0);
            prop_assert!(is_sound(&list));
            prop_assert_eq!(list.into_iter().collect::<Vec<_>>(), set.into_iter().collect::<Vec<_>>());
        }
    }
}
