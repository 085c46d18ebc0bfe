use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use actix_http::Protocol;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::watch::Watch;
use super::{Gate, tls};
use crate::session::Counted;
use crate::telemetry::Limit;

/// One connection, with TLS or without, from its first byte to its last.
pub struct Link {
    io: Io,
    is_http2: bool,
    watch: Rc<Watch>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Something was written since the client's time was last looked at.
    wrote: bool,
    open: Open,
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Behind the time for a request's head, after which actix-http answers 408.
const GRACE: Duration = Duration::from_secs(1);
/// A client of HTTP/2 keeps its connection for the next request.
const HTTP2_IDLE: Duration = Duration::from_mins(1);

impl Gate {
    /// Lets a connection in: counts it, and speaks TLS with it if there is a certificate.
    ///
    /// # Errors
    /// Too many connections of that address; the handshake failed, or took too long.
    pub async fn welcome(
        self: Arc<Self>,
        tcp: TcpStream,
    ) -> io::Result<(Link, Protocol, Option<SocketAddr>)> {
        // Small messages must not wait for each other. A socket that is gone is found out later.
        let _ = tcp.set_nodelay(true);
        let peer = tcp.peer_addr().ok();
        let open = self.open(peer)?;
        let (io, protocol) = match &open.gate.tls {
            Some(acceptor) => open.gate.handshake(acceptor, tcp).await?,
            None => (Io::Plain(tcp), Protocol::Http1),
        };
        let is_http2 = protocol == Protocol::Http2;
        let patience = if is_http2 {
            HTTP2_IDLE
        } else {
            open.gate.settings.head_timeout + GRACE
        };
        let link = Link {
            io,
            is_http2,
            watch: Watch::new(patience),
            timer: None,
            wrote: false,
            open,
        };
        Ok((link, protocol, peer))
    }

    fn open(self: Arc<Self>, peer: Option<SocketAddr>) -> io::Result<Open> {
        let of_address = match self.proxies.peer(peer).limited_as() {
            Some(address) => {
                let taken = self.connections.take(address);
                // Nothing is answered: before a handshake of TLS it could not be read.
                Some(taken.ok_or_else(|| {
                    self.metrics.limited(Limit::ConnectionsPerAddress);
                    io::Error::from(io::ErrorKind::ConnectionRefused)
                })?)
            }
            None => None,
        };
        self.metrics.connections.inc();
        Ok(Open {
            gate: self,
            _of_address: of_address,
        })
    }

    async fn handshake(
        &self,
        acceptor: &TlsAcceptor,
        tcp: TcpStream,
    ) -> io::Result<(Io, Protocol)> {
        let accepting = tls::accept(acceptor, tcp);
        match timeout(self.settings.tls_handshake_timeout, accepting).await {
            Ok(Ok((stream, protocol))) => Ok((Io::Tls(Box::new(stream)), protocol)),
            Ok(Err(error)) => {
                self.metrics.tls_handshakes_failed.inc();
                Err(error)
            }
            Err(elapsed) => {
                self.metrics.limited(Limit::TlsHandshakeTimeout);
                Err(elapsed.into())
            }
        }
    }
}

/// A connection that is counted as open until dropped.
struct Open {
    gate: Arc<Gate>,
    _of_address: Option<Counted<IpAddr>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gate.metrics.connections.dec();
    }
}

impl Link {
    /// What its requests are told to.
    #[must_use]
    pub fn watch(&self) -> Rc<Watch> {
        Rc::clone(&self.watch)
    }

    /// Ready when the client has taken longer to its next request than it may.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut deadline) = self.watch.deadline(cx) else {
            if self.watch.is_released() {
                self.timer = None;
            }
            return Poll::Pending;
        };
        // Who is slow to take an answer is not slow to ask. Of HTTP/2 it says nothing, which has
        // pings of its own.
        if self.wrote && !self.is_http2 && deadline <= Instant::now() {
            self.wrote = false;
            self.watch.again();
            deadline = self.watch.deadline(cx).unwrap_or(deadline);
        }
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Gate {
            settings, metrics, ..
        } = &*self.open.gate;
        // Also when actix-http has told its client so.
        if !self.is_http2 && self.watch.is_over(settings.head_timeout) {
            metrics.limited(Limit::HeadTimeout);
        }
    }
}

impl Io {
    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match self {
            Self::Plain(io) => Pin::new(io),
            Self::Tls(io) => Pin::new(&mut **io),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.io.stream().poll_read(cx, buffer);
        // Also while something comes now and then.
        match self.poll_over(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => read,
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.io.stream().poll_write(cx, bytes))?;
        self.wrote = true;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.stream().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.stream().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.io.stream().poll_write_vectored(cx, bytes))?;
        self.wrote = true;
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            Io::Tls(io) => io.is_write_vectored(),
        }
    }
}
