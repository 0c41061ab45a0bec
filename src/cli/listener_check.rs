//! Checks what the listeners of a configuration are protected with: web configurations, certificates and keys.

use crate::config::{Config, ConfigWarning};
use crate::http::{AccessReport, ListenerAccess};

/// The mistakes, and the warnings. Each is under the key of its listener.
pub(super) fn check_listeners(config: &Config) -> (Vec<String>, Vec<ConfigWarning>) {
    let (mut mistakes, mut warnings) = (Vec::new(), Vec::new());
    for server in &config.http {
        let key = if server.web_config_file.is_some() { "web-config-file" } else { "tls" };
        let path = format!("httpserver.{}.{key}", server.name);
        let AccessReport { mistakes: wrong, warnings: odd } = ListenerAccess::check(server);
        mistakes.extend(wrong.into_iter().map(|mistake| format!("{path}: {mistake}")));
        warnings.extend(odd.into_iter().map(|warning| ConfigWarning::new(&path, warning)));
    }
    (mistakes, warnings)
}
