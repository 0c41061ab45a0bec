//! Making of response bodies: in pieces, on threads of their own, with bounded memory. In: a function that
//! makes a page or an answer. Out: a response in hyper's form.
//!
//! | file | contains |
//! |---|---|
//! | `work_permits` | the permits that bound how many bodies are made or held; cuts clients that stall on one |
//! | `blocking_work` | runs work on a thread of its own |
//! | `page_rendering` | renders a page on such a thread, a few pieces ahead |
//! | `page_stream` | a plain page that is rendered while the client takes it |
//! | `body_size` | measures an answer before it is made |
//! | `chunk_writer` | takes what is written, and returns it in pieces |
//! | `large_body` | a large answer that is freed piece by piece, and holds its permit until then |
//! | `response` | responses: any of these bodies, sent in hyper's form |

pub(crate) mod blocking_work;
pub(crate) mod body_size;
pub(crate) mod chunk_writer;
pub(crate) mod large_body;
pub(crate) mod page_rendering;
pub(crate) mod page_stream;
pub(crate) mod response;
pub(crate) mod work_permits;
