//! Collections that the other folders are built of: sorted lists with bounded moves, texts stored one behind the
//! other, facts of which the newest record counts, and the counters of work that tests read. They know no group and no
//! topic.

pub(crate) mod cut;
pub(crate) mod fact;
pub(crate) mod sorted;
pub(crate) mod texts;
pub(crate) mod work;
