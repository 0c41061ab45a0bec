//! Making of response bodies: in pieces, on threads of their own, with bounded memory.

pub(crate) mod answer;
pub(crate) mod chunks;
pub(crate) mod measure;
pub(crate) mod places;
pub(crate) mod rendering;
pub(crate) mod work;
