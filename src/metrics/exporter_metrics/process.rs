//! The `process_*` families, named as in the Prometheus client libraries.

use procfs::WithCurrentSystemInfo;
use procfs::process::{LimitValue, Process as Own, Stat};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads the values of the process when a page is made. Values that the system does not report are absent.
#[derive(Debug)]
pub struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Ok(own) = Own::myself() else { return Ok(()) };
        if let Ok(stat) = own.stat() {
            times(&stat, &mut encoder)?;
            let resident = stat.rss_bytes().get();
            gauge(&mut encoder, "resident_memory_bytes", "Resident memory", resident)?;
            gauge(&mut encoder, "virtual_memory_bytes", "Virtual memory", stat.vsize)?;
            gauge(&mut encoder, "threads", "Threads", stat.num_threads.unsigned_abs())?;
        }
        if let Ok(open) = own.fd_count() {
            gauge(&mut encoder, "open_fds", "Open file descriptors", u64::try_from(open).unwrap_or(u64::MAX))?;
        }
        if let Ok(limits) = own.limits()
            && let LimitValue::Value(limit) = limits.max_open_files.soft_limit
        {
            gauge(&mut encoder, "max_fds", "Maximum number of open file descriptors", limit)?;
        }
        Ok(())
    }
}

fn times(stat: &Stat, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
    let ticks = |ticks: u64| ConstCounter::new(seconds(ticks));
    let cpu = ticks(stat.utime.saturating_add(stat.stime));
    let help = "User and system CPU time spent";
    cpu.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?)?;
    if let Ok(boot) = procfs::boot_time_secs() {
        let started = crate::model::to_f64(i64::try_from(boot).unwrap_or(0)) + seconds(stat.starttime);
        let started = ConstGauge::new(started);
        let help = "Unix time at which the process started";
        started.encode(encoder.encode_descriptor(
            "process_start_time_seconds",
            help,
            None,
            started.metric_type(),
        )?)?;
    }
    Ok(())
}

fn seconds(ticks: u64) -> f64 {
    let per_second = i64::try_from(procfs::ticks_per_second()).unwrap_or(100);
    crate::model::to_f64(i64::try_from(ticks).unwrap_or(i64::MAX)) / crate::model::to_f64(per_second)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), std::fmt::Error> {
    let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    metric.encode(encoder.encode_descriptor(&format!("process_{name}"), help, None, metric.metric_type())?)
}
