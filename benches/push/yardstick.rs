//! The yardstick: what it costs to write frames that are ready to sockets that are ready.
//!
//! No server to use: one thread, no mask checked, no backpressure, nothing parsed but where a
//! frame ends. Whoever asks for `/pub` publishes; everybody else gets it.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use crate::frame;

/// The command line's word for it.
pub(crate) const ONE_AT_A_TIME: &str = "yardstick";
/// The same, but what arrived together is written together.
pub(crate) const JOINED: &str = "yardstick-joined";

type Subscribers = Rc<RefCell<Vec<TcpStream>>>;

/// Serves until it is killed.
pub(crate) fn serve(joined: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        eprintln!("address={}", listener.local_addr().expect("its address"));
        let subscribers = Subscribers::default();
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let subscribers = Rc::clone(&subscribers);
            spawn_local(async move {
                // Whoever breaks off is of no interest.
                let _ = welcome(stream, subscribers, joined).await;
            });
        }
    });
}

async fn welcome(
    mut stream: TcpStream,
    subscribers: Subscribers,
    joined: bool,
) -> std::io::Result<()> {
    // Small reads would take apart what arrived together.
    let mut unread = Vec::with_capacity(64 * 1024);
    while !unread.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut unread).await? == 0 {
            return Ok(());
        }
    }
    stream
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        .await?;
    if !unread.starts_with(b"GET /pub ") {
        subscribers.borrow_mut().push(stream);
        return Ok(());
    }
    unread.clear();
    while stream.read_buf(&mut unread).await? > 0 {
        let mut frames = Vec::new();
        let mut taken = 0;
        while let Some((_, payload)) = frame::first(&unread[taken..]) {
            let end = taken + payload.end;
            frames.push(frame::unmasked_text(&unread[taken..][payload]));
            taken = end;
        }
        unread.drain(..taken);
        if joined {
            frames = vec![frames.concat()];
        }
        for frame in frames.iter().filter(|frame| !frame.is_empty()) {
            for subscriber in subscribers.borrow().iter() {
                let _ = subscriber.try_write(frame);
            }
        }
    }
    Ok(())
}
