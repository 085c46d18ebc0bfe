use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, Pipeline, RedisError, ServerErrorKind,
};
use tokio::runtime::Handle;

use super::script::{Call, Script};
use crate::store::RedisFault;

/// One connection to Redis, made when it is first needed and again when it was lost.
///
/// The crate's own `ConnectionManager` is not used, for what it does while
/// Redis is away: a call waits for several attempts in a row, or gets the
/// failure of an attempt made long before.
pub(crate) struct Link {
    /// For the log: whose connection it is.
    what: &'static str,
    client: Client,
    /// Where the connection's own task lives. Not the caller's runtime: each
    /// worker of actix has its own, and the task would end with it.
    runtime: Handle,
    /// With a number, by which a caller knows it again.
    connection: Mutex<Option<(u64, MultiplexedConnection)>>,
    made: AtomicU64,
    /// Held while connecting, so that many callers make one connection.
    connecting: tokio::sync::Mutex<()>,
    away: AtomicBool,
    told_of_refusal: Mutex<Option<Instant>>,
}

impl Link {
    /// Every question is answered, or failed, within this time.
    pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);

    /// Does not connect yet. Must be called within a Tokio runtime, the one that lives longest.
    pub(crate) fn new(what: &'static str, url: &str) -> Result<Self, RedisFault> {
        Ok(Self {
            what,
            client: open_client(url)?,
            runtime: Handle::current(),
            connection: Mutex::default(),
            made: AtomicU64::default(),
            connecting: tokio::sync::Mutex::default(),
            away: AtomicBool::default(),
            told_of_refusal: Mutex::default(),
        })
    }

    /// Sends the commands in one go and reads their answers.
    ///
    /// A connection that turns out to be dead is replaced and the commands
    /// sent once more: they may be carried out twice.
    pub(crate) async fn ask<T: FromRedisValue>(&self, pipe: &Pipeline) -> Result<T, RedisFault> {
        let answer = self.send_in_time(pipe).await;
        self.told(answer)
    }

    /// Runs a script, as [`ask`](Self::ask) does commands: it may be run twice.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        call: &Call,
    ) -> Result<T, RedisFault> {
        let mut answer = self.send_in_time(&script.by_hash(call)).await;
        // A Redis that was started anew, or another one, knows no script.
        let unknown = ErrorKind::Server(ServerErrorKind::NoScript);
        if answer.as_ref().is_err_and(|error| error.kind() == unknown) {
            answer = self.send_in_time(&script.by_text(call)).await;
        }
        self.told(answer.map(|(answer,)| answer))
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        address(&self.client)
    }

    fn told<T>(&self, answer: Result<T, RedisError>) -> Result<T, RedisFault> {
        let answer = answer.map_err(|error| fault(&self.client, &error));
        self.log(answer.as_ref().err());
        answer
    }

    async fn send_in_time<T: FromRedisValue>(&self, pipe: &Pipeline) -> Result<T, RedisError> {
        let mut used = None;
        let answer = tokio::time::timeout(Self::TIMEOUT, self.send(pipe, &mut used)).await;
        answer.unwrap_or_else(|_| {
            // Redis may hang, or the network may have forgotten the connection: begin a new one.
            // What was sent on the old one may still arrive, moments after what comes next.
            if let Some(used) = used {
                self.forget(used);
            }
            Err(timed_out())
        })
    }

    async fn send<T: FromRedisValue>(
        &self,
        pipe: &Pipeline,
        used: &mut Option<u64>,
    ) -> Result<T, RedisError> {
        let (number, mut connection, is_new) = self.connection().await?;
        *used = Some(number);
        match pipe.query_async(&mut connection).await {
            Err(error) if error.is_unrecoverable_error() => {
                self.forget(number);
                if is_new {
                    return Err(error);
                }
                let (number, mut connection, _) = self.connection().await?;
                *used = Some(number);
                let again = pipe.query_async(&mut connection).await;
                if again
                    .as_ref()
                    .is_err_and(RedisError::is_unrecoverable_error)
                {
                    self.forget(number);
                }
                again
            }
            answer => answer,
        }
    }

    /// The connection, its number, and whether it was made just now.
    async fn connection(&self) -> Result<(u64, MultiplexedConnection, bool), RedisError> {
        if let Some((number, connection)) = self.known().clone() {
            return Ok((number, connection, false));
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some((number, connection)) = self.known().clone() {
            return Ok((number, connection, true));
        }
        let connection = connect(&self.runtime, &self.client, config()).await?;
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        *self.known() = Some((number, connection.clone()));
        Ok((number, connection, true))
    }

    fn forget(&self, number: u64) {
        let mut known = self.known();
        if known.as_ref().is_some_and(|(it, _)| *it == number) {
            *known = None;
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<(u64, MultiplexedConnection)>> {
        self.connection.lock()
    }

    /// One line when it goes and one when it is back, however many calls fail between.
    /// Of refusals, which come and go with what is asked, one a minute.
    fn log(&self, error: Option<&RedisFault>) {
        let what = self.what;
        if let Some(error @ RedisFault::Unreachable { .. }) = error {
            if !self.away.swap(true, Ordering::Relaxed) {
                tracing::warn!(what, %error, "no Redis; it is tried again with every use");
            }
            return;
        }
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!(what, address = address(&self.client), "Redis answers again");
        }
        if let Some(error) = error {
            let mut told = self.told_of_refusal.lock();
            if told.is_none_or(|at| at.elapsed() > Duration::from_mins(1)) {
                *told = Some(Instant::now());
                tracing::warn!(what, %error, "Redis does not do what it should");
            }
        }
    }
}

/// The URL's client; it has been checked, but who knows by whom.
pub(crate) fn open_client(url: &str) -> Result<Client, RedisFault> {
    Client::open(url).map_err(|error| RedisFault::Refused {
        address: "(unknown)".to_owned(),
        reason: error.to_string(),
    })
}

/// Waits for [`Link::TIMEOUT`] at most; the connection's task lives on `runtime`.
pub(crate) async fn connect(
    runtime: &Handle,
    client: &Client,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisError> {
    let client = client.clone();
    let connecting = runtime.spawn(async move {
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    });
    // Not joined: the runtime is shutting down.
    connecting.await.unwrap_or_else(|_| Err(timed_out()))
}

/// No time limit for an answer, for every caller has its own.
pub(crate) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Link::TIMEOUT))
        .set_response_timeout(None)
        // Batches of hundreds of kilobytes: few may wait for a slow Redis.
        .set_pipeline_buffer_size(16)
}

/// `answer`, or a failure if it is not there in [`Link::TIMEOUT`].
pub(crate) async fn in_time<T>(
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    tokio::time::timeout(Link::TIMEOUT, answer)
        .await
        .unwrap_or_else(|_| Err(timed_out()))
}

/// The error as callers see it, without the URL.
pub(crate) fn fault(client: &Client, error: &RedisError) -> RedisFault {
    let address = address(client);
    let reason = error.to_string();
    let no_answer = error.is_io_error() || error.is_timeout() || error.is_connection_dropped();
    if no_answer {
        RedisFault::Unreachable { address, reason }
    } else {
        RedisFault::Refused { address, reason }
    }
}

/// Host and port.
pub(crate) fn address(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}

fn timed_out() -> RedisError {
    let reason = format!("no answer in {} s", Link::TIMEOUT.as_secs());
    std::io::Error::new(std::io::ErrorKind::TimedOut, reason).into()
}
