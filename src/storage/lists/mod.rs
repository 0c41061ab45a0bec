//! Collections that the other folders use: sorted lists with bounded moves, texts stored in one buffer, facts for which
//! the newest record counts, the memory of allocations, and work counters for tests. They know nothing of groups and
//! topics.

pub(crate) mod allocation;
pub(crate) mod dropped_topics;
pub(crate) mod name_buffer;
pub(crate) mod newest_fact;
pub(crate) mod sorted_list;
pub(crate) mod work_counter;
