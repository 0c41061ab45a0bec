//! When the certificates of modules and listeners expire (`warrener_certificate_expiry_timestamp_seconds`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use prometheus_client::metrics::family::Family;

use crate::model::Timestamp;

use super::families::{CertificateLabels, FloatGauge, ModuleLabels};

/// The value of the label `kind` for a listener.
const LISTENER: &str = "httpserver";

/// What a certificate is for: the label `certificate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateUse {
    /// It identifies warrener as a client.
    Client,
    /// It identifies warrener as a server.
    Server,
    /// It is trusted: what it signed is accepted.
    Authority,
}

impl CertificateUse {
    const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Authority => "authority",
        }
    }
}

/// When the certificates of one module or listener expire. Its series are shown as long as this value lives.
#[derive(Debug)]
pub struct CertificateExpiry {
    owner: ModuleLabels,
    times: Mutex<BTreeMap<CertificateUse, Timestamp>>,
}

impl CertificateExpiry {
    /// Sets when the first of the certificates of this use expires. `None` if there are none.
    pub fn set(&self, certificate: CertificateUse, not_after: Option<Timestamp>) {
        let mut times = self.times();
        match not_after {
            Some(time) => drop(times.insert(certificate, time)),
            None => drop(times.remove(&certificate)),
        }
    }

    fn times(&self) -> MutexGuard<'_, BTreeMap<CertificateUse, Timestamp>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The certificates of all modules and listeners that live.
#[derive(Clone, Debug, Default)]
pub(super) struct Certificates(Arc<Mutex<Vec<Weak<CertificateExpiry>>>>);

impl Certificates {
    /// Adds a module.
    pub(super) fn add_module(&self, owner: ModuleLabels) -> Arc<CertificateExpiry> {
        let added = Arc::new(CertificateExpiry { owner, times: Mutex::default() });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(&added));
        added
    }

    /// Adds the listener of a `[httpserver.*]` section. It belongs to no cluster, so that label is empty, which
    /// Prometheus takes as absent.
    pub(super) fn add_listener(&self, name: &str) -> Arc<CertificateExpiry> {
        self.add_module(ModuleLabels { cluster: String::new(), kind: LISTENER, module: name.to_owned() })
    }

    /// Fills the family for a page. If there are two of one module, because one replaces the other, the earlier time
    /// is shown.
    pub(super) fn fill(&self, family: &Family<CertificateLabels, FloatGauge>) {
        let living: Vec<Arc<CertificateExpiry>> = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().filter_map(Weak::upgrade).collect()
        };
        family.clear();
        for expiry in living {
            let ModuleLabels { cluster, kind, module } = &expiry.owner;
            let times = expiry.times().clone();
            for (certificate, time) in times {
                let (cluster, module, certificate) = (cluster.clone(), module.clone(), certificate.name());
                let labels = CertificateLabels { cluster, kind, module, certificate };
                let shown = family.get(&labels).map(|gauge| gauge.get());
                family.get_or_create(&labels).set(shown.map_or(time.seconds(), |shown| shown.min(time.seconds())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(all: &Certificates) -> Vec<(String, f64)> {
        let family: Family<CertificateLabels, FloatGauge> = Family::default();
        all.fill(&family);
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register("x", "x", family);
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        let samples = page.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (labels, value) = line.rsplit_once(' ').unwrap();
            (labels.to_owned(), value.parse().unwrap())
        });
        let mut samples: Vec<_> = samples.collect();
        samples.sort_by(|one, other| one.0.cmp(&other.0));
        samples
    }

    fn module() -> ModuleLabels {
        ModuleLabels { cluster: "c".to_owned(), kind: "consumer", module: "m".to_owned() }
    }

    #[test]
    fn the_series_of_a_module_and_of_a_listener_are_shown_while_they_live() {
        let all = Certificates::default();
        let (module, listener) = (all.add_module(module()), all.add_listener("default"));
        assert_eq!(shown(&all), []);
        module.set(CertificateUse::Client, Some(Timestamp(1_500)));
        module.set(CertificateUse::Authority, Some(Timestamp(3_000)));
        listener.set(CertificateUse::Server, Some(Timestamp(-1_000)));
        let of_module = |certificate: &str| {
            format!("x{{cluster=\"c\",kind=\"consumer\",module=\"m\",certificate=\"{certificate}\"}}")
        };
        let of_listener = "x{cluster=\"\",kind=\"httpserver\",module=\"default\",certificate=\"server\"}".to_owned();
        let expected = [(of_listener.clone(), -1.0), (of_module("authority"), 3.0), (of_module("client"), 1.5)];
        assert_eq!(shown(&all), expected);
        module.set(CertificateUse::Client, None);
        assert_eq!(shown(&all), [(of_listener.clone(), -1.0), (of_module("authority"), 3.0)]);
        drop(module);
        assert_eq!(shown(&all), [(of_listener, -1.0)]);
        drop(listener);
        assert_eq!(shown(&all), []);
    }

    #[test]
    fn of_two_with_the_same_labels_the_earlier_time_is_shown() {
        let all = Certificates::default();
        let pair = [all.add_module(module()), all.add_module(module())];
        pair[0].set(CertificateUse::Client, Some(Timestamp(1_000)));
        pair[1].set(CertificateUse::Client, Some(Timestamp(2_000)));
        assert_eq!(shown(&all).first().map(|(_, value)| *value), Some(1.0));
    }
}
