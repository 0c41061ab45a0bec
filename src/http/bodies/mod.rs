//! Bodies of responses in the making: in pieces, on threads of their own, within bounds of memory.

pub(crate) mod answer;
pub(crate) mod chunks;
pub(crate) mod measure;
pub(crate) mod places;
pub(crate) mod rendering;
pub(crate) mod work;
