//! What stands behind each path, and which requests are let in.

pub(crate) mod desk;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod negotiate;
pub(crate) mod route;
pub(crate) mod scrape;
