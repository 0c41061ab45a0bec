//! Nodes that may not be read.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

/// Nodes that may not be read, by parent, so that a list of children is compared only with that parent's nodes.
#[derive(Debug, Default)]
pub(super) struct RefusedNodes {
    children: HashMap<Box<str>, HashSet<Arc<str>>>,
}

impl RefusedNodes {
    pub fn insert(&mut self, path: Arc<str>) {
        let (parent, _) = split(&path);
        match self.children.get_mut(parent) {
            Some(children) => drop(children.insert(path)),
            None => drop(self.children.insert(parent.into(), HashSet::from_iter([path]))),
        }
    }

    pub fn contains(&self, path: &str) -> bool {
        self.children.get(split(path).0).is_some_and(|children| children.contains(path))
    }

    /// Takes all nodes.
    pub fn take(&mut self) -> impl Iterator<Item = Arc<str>> + use<> {
        std::mem::take(&mut self.children).into_values().flatten()
    }

    /// Takes the nodes of a parent that its list of children lacks. `names` is read once.
    pub fn take_lacking<'n>(&mut self, parent: &str, names: impl Iterator<Item = &'n str>) -> Vec<Arc<str>> {
        let Some(children) = self.children.get_mut(parent) else { return Vec::new() };
        let named: HashSet<&str> = names.collect();
        let lacking = children.extract_if(|path| !named.contains(split(path).1)).collect();
        if children.is_empty() {
            self.children.remove(parent);
        }
        lacking
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn paths(parent: &str, numbers: impl Iterator<Item = u32>) -> Vec<Arc<str>> {
        numbers.map(|number| format!("{parent}/{number}").into()).collect()
    }

    #[test]
    fn what_a_list_does_not_name_is_taken_and_nothing_of_another_parent() {
        let mut refused = RefusedNodes::default();
        let all = [paths("/a", 0..4), paths("/a/0", 0..2), paths("/b", 0..4)].concat();
        all.iter().for_each(|path| refused.insert(Arc::clone(path)));
        let mut lacking = refused.take_lacking("/a", ["1", "3", "9"].into_iter());
        lacking.sort();
        assert_eq!(lacking, [all[0].clone(), all[2].clone()]);
        assert_eq!(refused.take_lacking("/none", ["1"].into_iter()), Vec::<Arc<str>>::new());
        let mut left: Vec<Arc<str>> = refused.take().collect();
        left.sort();
        let mut expected = [vec![all[1].clone(), all[3].clone()], paths("/a/0", 0..2), paths("/b", 0..4)].concat();
        expected.sort();
        assert_eq!(left, expected);
        assert_eq!(refused.take().count(), 0);
    }

    #[test]
    fn a_list_is_read_once_however_many_nodes_were_refused_and_not_at_all_where_none_was() {
        for count in [1_000, 4_000] {
            let mut refused = RefusedNodes::default();
            paths("/a", 0..count).into_iter().for_each(|path| refused.insert(path));
            let names: Vec<String> = (0..count).step_by(2).map(|number| number.to_string()).collect();
            let read = Cell::new(0_usize);
            let counted = || names.iter().map(String::as_str).inspect(|_| read.set(read.get() + 1));
            assert_eq!(refused.take_lacking("/a", counted()).len(), names.len());
            assert_eq!(read.get(), names.len());
            assert_eq!(refused.take_lacking("/b", counted()).len(), 0);
            assert_eq!(read.get(), names.len());
        }
    }
}
