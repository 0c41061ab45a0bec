//! Making of response bodies: in pieces, on threads of their own, with bounded memory.

pub(crate) mod blocking_work;
pub(crate) mod body_size;
pub(crate) mod chunk_writer;
pub(crate) mod large_body;
pub(crate) mod page_rendering;
pub(crate) mod page_stream;
pub(crate) mod response;
pub(crate) mod work_permits;
