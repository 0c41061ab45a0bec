//! Records of groups whose broker assigns (KIP-848, KIP-932, KIP-1071): epochs, members, assignments, topologies.

pub(crate) mod epoch;
pub(crate) mod member;
pub(crate) mod member_assignment;
pub(crate) mod topics;
pub(crate) mod topology;
