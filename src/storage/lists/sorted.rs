//! A sorted list in which one more item moves a bounded number of others, however long it is: runs of bounded length,
//! one after the other. The first one is in place, since most lists are short.

use std::cmp::Ordering;

use crate::storage::lists::work;

/// So many items are in a run at the most.
const RUN: usize = 256;
/// Runs that are no longer than this together become one.
const SHORT: usize = RUN / 2;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Sorted<T> {
    /// Empty only while all are.
    first: Vec<T>,
    /// None of them is empty.
    rest: Vec<Vec<T>>,
}

/// Where an item stands, or would: its run, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize, usize);

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Sorted<T> {
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
        self.first.iter().chain(self.rest.iter().flatten()).inspect(|_| work::done(1))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(self.rest.iter_mut().flatten()).inspect(|_| work::done(1))
    }

    /// Where an item is, or where it belongs. `order` tells how one of the items is to the one that is looked for.
    pub fn find(&self, order: impl Fn(&T) -> Ordering) -> Result<Place, Place> {
        self.find_near(order, |_| 0)
    }

    /// The same, where `guess` mostly knows how far behind the first item of its run the one that is looked for stands.
    pub fn find_near(&self, order: impl Fn(&T) -> Ordering, guess: impl Fn(&T) -> usize) -> Result<Place, Place> {
        let begins_later = |run: &Vec<T>| run.first().is_some_and(|first| order(first) == Ordering::Greater);
        let number = self.rest.partition_point(|run| {
            work::done(1);
            !begins_later(run)
        });
        let run = self.run(number);
        let guessed = run.first().map_or(0, guess);
        if run.get(guessed).is_some_and(|item| order(item) == Ordering::Equal) {
            return Ok(Place(number, guessed));
        }
        let found = run.binary_search_by(|item| {
            work::done(1);
            order(item)
        });
        found.map(|index| Place(number, index)).map_err(|index| Place(number, index))
    }

    pub fn get(&self, Place(run, index): Place) -> Option<&T> {
        self.run(run).get(index)
    }

    pub fn get_mut(&mut self, Place(run, index): Place) -> Option<&mut T> {
        self.run_mut(run)?.get_mut(index)
    }

    /// Puts an item where [`Self::find`] says that it belongs.
    pub fn insert(&mut self, Place(number, index): Place, item: T) -> Place {
        let is_last = number >= self.rest.len();
        let Some(run) = self.run_mut(number) else { return Place(number, index) };
        if run.len() < RUN {
            work::done(run.len().saturating_sub(index));
            run.insert(index.min(run.len()), item);
            return Place(number, index);
        }
        let next = number.saturating_add(1);
        // What comes in its order fills one run after the other.
        if index >= run.len() && is_last {
            self.rest.push(vec![item]);
            return Place(next, 0);
        }
        let half = run.split_off(RUN / 2);
        work::done(half.len());
        self.rest.insert(number, half);
        let place = if index <= RUN / 2 { Place(number, index) } else { Place(next, index.saturating_sub(RUN / 2)) };
        self.insert(place, item)
    }

    pub fn remove(&mut self, Place(number, index): Place) -> Option<T> {
        let run = self.run_mut(number).filter(|run| index < run.len())?;
        let item = run.remove(index);
        work::done(run.len().saturating_sub(index));
        // Only here can two have become short together.
        self.join(number);
        self.join(number.saturating_sub(1));
        Some(item)
    }

    /// Keeps the items that `keep` says.
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        work::done(self.len());
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

    /// Few are added from now on.
    pub fn shrink(&mut self) {
        self.first.shrink_to_fit();
        self.rest.iter_mut().for_each(Vec::shrink_to_fit);
        self.rest.shrink_to_fit();
    }

    /// Makes a run and the one behind it one, if they are short or one of them is empty.
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

impl<T> IntoIterator for Sorted<T> {
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

    fn insert(list: &mut Sorted<u32>, item: u32) {
        if let Err(place) = list.find(|held| held.cmp(&item)) {
            let at = list.insert(place, item);
            assert_eq!(list.get(at), Some(&item));
        }
    }

    fn remove(list: &mut Sorted<u32>, item: u32) {
        if let Ok(place) = list.find(|held| held.cmp(&item)) {
            assert_eq!(list.remove(place), Some(item));
        }
    }

    fn items(list: &Sorted<u32>) -> Vec<u32> {
        list.iter().copied().collect()
    }

    fn is_sound(list: &Sorted<u32>) -> bool {
        let bounded = list.rest.iter().all(|run| (1..=RUN).contains(&run.len())) && list.first.len() <= RUN;
        bounded && (list.rest.is_empty() || !list.first.is_empty()) && list.len() == list.iter().count()
    }

    /// Runs of a list that was filled in some order.
    fn runs(order: impl Iterator<Item = u32>) -> usize {
        let mut list = Sorted::new();
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
        let mut list = Sorted::new();
        (0..10_000).for_each(|item| insert(&mut list, item));
        (0..10_000).filter(|item| item % 1_000 > 0).for_each(|item| remove(&mut list, item));
        assert_eq!((list.rest.len(), list.len()), (0, 10));
        let mut list = Sorted::new();
        (0..10_000).for_each(|item| insert(&mut list, item));
        list.retain_mut(|item| *item % 1_000 == 0);
        assert_eq!((list.rest.len(), list.len()), (0, 10));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn it_holds_what_a_set_holds(steps in proptest::collection::vec((any::<bool>(), 0_u32..2_000), 0..3_000), keep in 1_u32..5) {
            let (mut list, mut set) = (Sorted::new(), BTreeSet::new());
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
