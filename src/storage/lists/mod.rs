//! Collections that the other folders use: sorted lists with bounded moves, texts stored in one buffer, facts for which
//! the newest record counts, and work counters for tests. They know nothing of groups and topics.

pub(crate) mod cut;
pub(crate) mod fact;
pub(crate) mod sorted;
pub(crate) mod texts;
pub(crate) mod work;
