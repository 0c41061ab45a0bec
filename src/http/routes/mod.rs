//! The routes: what answers each path, and which requests are accepted.

pub(crate) mod api_handler;
pub(crate) mod content_negotiation;
pub(crate) mod files;
pub(crate) mod header_list;
pub(crate) mod origin_check;
pub(crate) mod router;
pub(crate) mod scrape_handler;
