//! What is odd about records that are read all the same.

/// What is odd about a record that is read all the same: the label `reason` of `warrener_record_oddities_total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// A text that is null where the layout does not allow it, and is taken as an empty one.
    pub null: bool,
    /// Bytes after the last field of the key or the value, which are ignored.
    pub trailing: bool,
}

impl Oddities {
    /// All possible reasons.
    pub const REASONS: [&'static str; 2] = ["null", "trailing"];

    /// The reasons for which the record is odd, each at most once.
    pub fn reasons(self) -> impl Iterator<Item = &'static str> {
        Self::REASONS
            .into_iter()
            .zip([self.null, self.trailing])
            .filter_map(|(reason, is_odd)| is_odd.then_some(reason))
    }
}
