//! The output of `check`: what a run would do, without secrets.

use std::fmt;
use std::time::Duration;

use super::{ConfigSource, DONE, Exit, RunOptions};
use crate::config::{
    ClusterConfig, Config, ConsumerConfig, ExpireGroup, HttpServerConfig, LimitsConfig, LoadedConfig, MemoryLimit,
    MetricsConfig, ServedPart, SettingLine, StorageConfig, connection_lines,
};
use crate::terminal;

/// Checks a configuration. Mistakes exit with 64; warnings and unsupported settings do not.
#[must_use]
pub fn check(run: &RunOptions) -> Exit {
    let loaded = match run.load() {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let source = match &run.source {
        ConfigSource::File(path) => path.display().to_string(),
        ConfigSource::Flags(_) => "flags".to_owned(),
    };
    let LoadedConfig { config, warnings, unsupported } = loaded;
    let verdict = if unsupported.is_empty() {
        "no mistakes"
    } else {
        "no mistakes, but a run refuses settings that are not supported yet"
    };
    let warnings = warnings.iter().map(|warning| format!("warning: {warning}\n"));
    let unsupported = unsupported.iter().map(|unsupported| format!("warning: {unsupported}\n"));
    Exit {
        code: DONE,
        stdout: terminal::lines(&format!("{source}: {verdict}\n\n{}", ConfigSummary(&config))).into_owned(),
        stderr: warnings.chain(unsupported).collect(),
    }
}

struct ConfigSummary<'c>(&'c Config);

impl fmt::Display for ConfigSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { clusters, consumers, storage, limits, evaluator, http, metrics, logging, general } = self.0;
        clusters.iter().try_for_each(|it| cluster(f, it))?;
        consumers.iter().try_for_each(|it| consumer(f, it))?;
        storage_lines(f, storage)?;
        limit_lines(f, limits)?;
        writeln!(f, "evaluator")?;
        line(f, "complete", format_args!("at least {}", evaluator.minimum_complete))?;
        line(f, "allowed lag", evaluator.allowed_lag)?;
        http.iter().try_for_each(|it| http_server(f, it))?;
        if let Some(origin) = &general.access_control_allow_origin {
            writeln!(f, "general")?;
            line(f, "allow origin", origin)?;
        }
        metrics_lines(f, metrics)?;
        writeln!(f, "logging")?;
        line(f, "level", logging.level.name())?;
        line(f, "format", format_args!("{:?}", logging.format).to_string().to_lowercase())
    }
}

fn line(f: &mut fmt::Formatter<'_>, key: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {key:<14}{value}")
}

fn setting_lines(f: &mut fmt::Formatter<'_>, lines: impl IntoIterator<Item = SettingLine>) -> fmt::Result {
    lines.into_iter().try_for_each(|SettingLine { name, value }| line(f, name, value))
}

fn time(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(time)
}

fn cluster(f: &mut fmt::Formatter<'_>, cluster: &ClusterConfig) -> fmt::Result {
    writeln!(f, "cluster {:?}", cluster.name)?;
    setting_lines(f, connection_lines(&cluster.connection))?;
    line(f, "log ends", format_args!("every {}", time(cluster.offset_refresh)))?;
    line(f, "metadata", format_args!("every {}", time(cluster.topic_refresh)))?;
    line(f, "topics", &cluster.topics)
}

fn consumer(f: &mut fmt::Formatter<'_>, consumer: &ConsumerConfig) -> fmt::Result {
    writeln!(f, "consumer {:?}", consumer.name)?;
    line(f, "cluster", format_args!("{:?}", consumer.cluster))?;
    setting_lines(f, consumer.settings.lines())?;
    line(f, "groups", &consumer.groups)
}

fn storage_lines(f: &mut fmt::Formatter<'_>, storage: &StorageConfig) -> fmt::Result {
    writeln!(f, "storage")?;
    line(f, "window", format_args!("{} commits per partition", storage.intervals))?;
    if !storage.min_distance.is_zero() {
        line(f, "min distance", time(storage.min_distance))?;
    }
    match storage.expire_group {
        ExpireGroup::BySource => line(f, "expires", "by tombstones; groups from ZooKeeper after 7days")?,
        ExpireGroup::After(Duration::ZERO) => line(f, "expires", "by tombstones")?,
        ExpireGroup::After(after) => line(f, "expires", format_args!("{} after the last commit", time(after)))?,
    }
    line(f, "groups", &storage.groups)
}

fn limit_lines(f: &mut fmt::Formatter<'_>, limits: &LimitsConfig) -> fmt::Result {
    if *limits == LimitsConfig::default() {
        return Ok(());
    }
    writeln!(f, "limits")?;
    for (name, limit) in [("groups", limits.groups), ("partitions", limits.group_partitions)] {
        if let Some(limit) = limit {
            line(f, name, limit)?;
        }
    }
    match limits.memory {
        MemoryLimit::Off => Ok(()),
        MemoryLimit::Bytes(bytes) => line(f, "memory", format_args!("{bytes} bytes")),
        MemoryLimit::Auto => line(f, "memory", "70 % of the limit of the cgroup"),
    }
}

fn http_server(f: &mut fmt::Formatter<'_>, server: &HttpServerConfig) -> fmt::Result {
    writeln!(f, "httpserver {:?}", server.name)?;
    line(f, "address", &server.address)?;
    match (&server.tls, &server.web_config_file) {
        (_, Some(path)) => line(f, "web config", path.display())?,
        (Some(tls), None) => {
            let certificate = tls.identity.as_ref().map(|identity| identity.cert_file.display());
            line(
                f,
                "tls",
                format_args!(
                    "{:?}: certificate {}",
                    tls.name,
                    certificate.map_or_else(String::new, |it| it.to_string())
                ),
            )?;
        }
        (None, None) => line(f, "tls", "none")?,
    }
    if server.unprotected_health {
        line(f, "health", "without a password")?;
    }
    if server.serves != ServedPart::ALL {
        let parts: Vec<_> = server.serves.iter().map(|part| part.name()).collect();
        line(f, "serves", parts.join(", "))?;
    }
    for (what, enabled) in [("lifecycle", server.enable_lifecycle), ("admin", server.enable_admin)] {
        if enabled {
            line(f, what, "enabled")?;
        }
    }
    if !server.allowed_hosts.is_empty() {
        let hosts: Vec<_> = server.allowed_hosts.iter().map(ToString::to_string).collect();
        line(f, "allowed hosts", hosts.join(", "))?;
    }
    line(f, "ready", format_args!("after {} at the latest", time(server.ready_timeout)))
}

fn metrics_lines(f: &mut fmt::Formatter<'_>, metrics: &MetricsConfig) -> fmt::Result {
    writeln!(f, "metrics")?;
    let names: Vec<_> = metrics.names.iter().map(|set| set.name()).collect();
    line(f, "names", names.join(", "))?;
    line(f, "granularity", format_args!("{:?}", metrics.granularity).to_string().to_lowercase())?;
    line(f, "owners", if metrics.owners { "shown" } else { "not shown" })?;
    for (name, value) in &metrics.labels {
        line(f, "label", format_args!("{name}={value:?}"))?;
    }
    for limit in &metrics.limits {
        line(f, "limit", format_args!("{:?}: {} s", limit.group.as_str(), limit.lag_seconds))?;
    }
    Ok(())
}
