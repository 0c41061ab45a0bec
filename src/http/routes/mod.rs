//! The routes: what answers each path, and which requests are accepted.

pub(crate) mod desk;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod negotiate;
pub(crate) mod route;
pub(crate) mod scrape;
