//! A run of the program: what starts in which order, what ends it, and that all of it has ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::burrow::{self, Api, LogLevel};
use crate::cluster;
use crate::config::{Config, ConsumerClass, Expiry, HttpServer, Storage as StorageSection};
use crate::consumer;
use crate::coordinator::{Coordinator, Module};
use crate::evaluate::EvaluatorRules;
use crate::http::{Awaited, BindError, Readiness, Server, Site};
use crate::kafka::ModuleError;
use crate::metrics::health::{Health, ModuleKind};
use crate::metrics::own::Own;
use crate::metrics::{Layout, Page};
use crate::storage::{Rules, Storage};
use crate::task::{Failure, Failures};
use crate::{clock, host, model};

/// Between two looks for groups that have expired.
const EXPIRY: Duration = Duration::from_secs(30);

/// Why a run could not be.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A section that cannot be configured or started.
    #[error("{0}")]
    Module(#[from] ModuleError),
    /// An address that cannot be listened on.
    #[error("{0}")]
    Bind(#[from] BindError),
    /// A task ended that should not have.
    #[error("{0} ended unexpectedly")]
    Ended(String),
    /// The system gives no signals, or a listener broke.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// Everything that one run shares.
struct House {
    config: Config,
    storage: Arc<Storage>,
    evaluator: EvaluatorRules,
    level: LogLevel,
    /// The name of this machine.
    host: String,
    own: Arc<Own>,
    layout: Arc<Layout>,
    started: Instant,
    stop: CancellationToken,
}

/// Runs until a signal or `stop` ends it. Returns when every part has ended. `level` is the log's. `listening` is told
/// the addresses once they are bound.
///
/// # Errors
/// What waiting cannot repair, at the start or later.
pub async fn run(
    config: Config,
    level: LogLevel,
    stop: CancellationToken,
    listening: impl FnOnce(&[SocketAddr]),
) -> Result<(), RunError> {
    // First of all: a signal that comes while the modules start ends the run as any other.
    let signals = Signals::new()?;
    let house = Arc::new(House::new(config, level, stop));
    let (failures, failed) = unbounded_channel();
    let (mut clusters, mut consumers) = house.configure(&failures)?;
    let servers = house.bind()?;
    listening(&servers.iter().map(Server::local_addr).collect::<Vec<_>>());
    let mut tasks = JoinSet::new();
    // The servers outlive the modules, to tell that the program is stopping.
    let closing = CancellationToken::new();
    for server in servers {
        info!(address = %server.local_addr(), "listening");
        let stop = closing.clone();
        tasks.spawn(async move { server.serve(stop).await.map_err(RunError::from) });
    }
    tasks.spawn(expire(Arc::clone(&house.storage), house.stop.clone()));

    let started = clusters.start().and_then(|()| consumers.start());
    let reason = match started {
        Ok(()) => house.wait(signals, failed, &mut tasks).await,
        Err(error) => Err(error.into()),
    };
    house.stop.cancel();
    stop_all(clusters, consumers).await;
    closing.cancel();
    while let Some(ended) = tasks.join_next().await {
        if let Ok(Err(error)) = ended {
            warn!(%error, "a server did not end well");
        }
    }
    reason
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: signal(SignalKind::hangup())? })
    }

    /// What somebody wants of the program.
    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}

enum Asked {
    End,
    Reload,
}

async fn stop_all(mut clusters: Coordinator, mut consumers: Coordinator) {
    let stopping = tokio::task::spawn_blocking(move || {
        consumers.stop();
        clusters.stop();
    });
    if stopping.await.is_err() {
        error!("stopping the modules panicked");
    }
}

async fn expire(storage: Arc<Storage>, stop: CancellationToken) -> Result<(), RunError> {
    let mut tick = tokio::time::interval(EXPIRY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        storage.expire(clock::now());
    }
    Ok(())
}

impl House {
    fn new(config: Config, level: LogLevel, stop: CancellationToken) -> Self {
        let rules = rules(&config.storage);
        let storage = Storage::new(config.clusters.iter().map(|cluster| cluster.name.as_str()), rules);
        let clusters = config.clusters.iter().map(|cluster| (&cluster.name, ModuleKind::Cluster, &cluster.name));
        let consumers = config.consumers.iter().map(|one| (&one.cluster, ModuleKind::Consumer, &one.name));
        let health = clusters
            .chain(consumers)
            .map(|(cluster, kind, module)| Arc::new(Health::new(cluster.clone(), kind, module.clone())));
        let own = Arc::new(Own::new(health.collect(), &config.metrics));
        let layout = Layout::new(&config.metrics);
        let (storage, layout, started) = (Arc::new(storage), Arc::new(layout), Instant::now());
        let host = host::name();
        Self { evaluator: evaluator(&config), config, storage, level, host, own, layout, started, stop }
    }

    fn configure(&self, failures: &Failures) -> Result<(Coordinator, Coordinator), RunError> {
        let mut clusters: Vec<Box<dyn Module>> = Vec::new();
        for section in &self.config.clusters {
            let metrics = self.module(ModuleKind::Cluster, &section.name);
            let storage = Arc::clone(&self.storage);
            let consumers = self.own.modules().iter();
            let consumers = consumers.filter(|one| one.kind == ModuleKind::Consumer && one.cluster == section.name);
            clusters.push(Box::new(cluster::Module::configure(
                section,
                storage,
                metrics,
                consumers.cloned().collect(),
                &self.stop,
                failures.clone(),
            )?));
        }
        let mut consumers: Vec<Box<dyn Module>> = Vec::new();
        for section in &self.config.consumers {
            match &section.class {
                ConsumerClass::Kafka(topic) => {
                    let Some(around) = self.surroundings(section, failures) else { continue };
                    consumers.push(Box::new(consumer::kafka::Kafka::configure(section, topic, around)?));
                }
                // `run` refuses them before it comes to this, as not supported yet.
                ConsumerClass::KafkaZk(_) | ConsumerClass::KafkaAdmin => {}
            }
        }
        Ok((Coordinator::new(clusters), Coordinator::new(consumers)))
    }

    fn surroundings(
        &self,
        section: &crate::config::Consumer,
        failures: &Failures,
    ) -> Option<consumer::kafka::Surroundings> {
        let cluster = self.config.clusters.iter().find(|cluster| cluster.name == section.cluster)?;
        Some(consumer::kafka::Surroundings {
            groups: self.config.storage.groups.clone(),
            topics: cluster.topics.clone(),
            offset_refresh: cluster.offset_refresh,
            cluster: Arc::clone(self.storage.cluster(&cluster.name)?),
            metrics: self.module(ModuleKind::Consumer, &section.name),
            failures: failures.clone(),
            stop: self.stop.clone(),
        })
    }

    fn module(&self, kind: ModuleKind, name: &str) -> crate::metrics::own::ModuleMetrics {
        let health = self.own.modules().iter().find(|health| health.kind == kind && health.module == name);
        let none = || Arc::new(Health::new(name.to_owned(), kind, name.to_owned()));
        self.own.module(&health.cloned().unwrap_or_else(none))
    }

    fn bind(self: &Arc<Self>) -> Result<Vec<Server>, BindError> {
        self.config.http.iter().map(|section| Server::bind(&section.address, self.site(section))).collect()
    }

    fn site(self: &Arc<Self>, section: &HttpServer) -> Site {
        let (scraped, asked, observed, called) =
            (Arc::clone(self), Arc::clone(self), Arc::clone(self), Arc::clone(self));
        let (ready_timeout, admin) = (section.ready_timeout, section.enable_admin);
        Site {
            scrape: Arc::new(move |format| {
                let now = clock::now();
                let view = Arc::new(scraped.storage.view(now, &scraped.evaluator));
                let tail = scraped.own.render(&scraped.storage, &view, now, format);
                Box::new(Page::new(view, Arc::clone(&scraped.layout), format, tail))
            }),
            ready: Arc::new(move || asked.readiness(ready_timeout, clock::now())),
            observe: Arc::new(move |took| observed.own.scraped(took)),
            api: Arc::new(move |verb, path, body| {
                called.api().answer(&burrow::Asked { verb, path, body, admin, now: clock::now() })
            }),
            origin: self.config.general.access_control_allow_origin.clone(),
        }
    }

    fn api(&self) -> Api<'_> {
        Api {
            config: &self.config,
            storage: &self.storage,
            rules: &self.evaluator,
            level: &self.level,
            host: &self.host,
        }
    }

    fn readiness(&self, timeout: Duration, now: model::Timestamp) -> Readiness {
        let awaited =
            self.own.modules().iter().filter(|health| health.is_awaited(now, self.started.elapsed(), timeout));
        Readiness { awaited: awaited.map(|health| awaited_module(health)).collect() }
    }

    /// Waits for whatever ends the run.
    async fn wait(
        &self,
        mut signals: Signals,
        mut failed: UnboundedReceiver<Failure>,
        tasks: &mut JoinSet<Result<(), RunError>>,
    ) -> Result<(), RunError> {
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                asked = signals.next() => match asked {
                    Asked::End => break,
                    Asked::Reload => warn!("SIGHUP is ignored: reloading is not supported yet"),
                },
                Some(failure) = failed.recv() => {
                    return Err(failure.why.map_or(RunError::Ended(failure.task), RunError::Module));
                }
                Some(ended) = tasks.join_next() => match ended {
                    Ok(Ok(())) => return Err(RunError::Ended("a server".to_owned())),
                    Ok(Err(error)) => return Err(error),
                    Err(panicked) => return Err(RunError::Ended(panicked.to_string())),
                },
            }
        }
        info!("stopping");
        // A second signal ends the program at once.
        tokio::spawn(async move {
            while matches!(signals.next().await, Asked::Reload) {}
            warn!("stopped at once");
            std::process::exit(1);
        });
        Ok(())
    }
}

fn awaited_module(health: &Health) -> Awaited {
    let parts = health.parts();
    let what = match (health.kind, parts) {
        (ModuleKind::Cluster, Some((1.., _))) => "past asked about for the time lags",
        (ModuleKind::Cluster, _) => "log ends read once",
        (ModuleKind::Consumer, _) => "offsets topic read to its end",
    };
    Awaited {
        what: what.to_owned(),
        cluster: Some(health.cluster.clone()),
        kind: Some(health.kind.name()),
        module: Some(health.module.clone()),
        done: parts.map(|(done, _)| done),
        total: parts.map(|(_, total)| total),
    }
}

fn rules(section: &StorageSection) -> Rules {
    Rules {
        intervals: section.intervals,
        min_distance: section.min_distance,
        expire: match section.expire_group {
            Expiry::BySource => None,
            Expiry::After(age) => (!age.is_zero()).then_some(age),
        },
    }
}

fn evaluator(config: &Config) -> EvaluatorRules {
    EvaluatorRules {
        intervals: config.storage.intervals,
        minimum_complete: config.evaluator.minimum_complete,
        allowed_lag: model::Lag(config.evaluator.allowed_lag),
    }
}
