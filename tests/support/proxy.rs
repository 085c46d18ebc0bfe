//! A way between two programs that may be slow, be cut, or die without a word.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What becomes of the connections that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    /// Nothing passes any more, and neither side is told: as when a phone is out of reach, or a
    /// firewall has forgotten the connection.
    Dead,
    /// Both sides are told, by a reset.
    Cut,
}

struct Road {
    /// Of the connections made since it was last changed.
    fate: watch::Sender<Fate>,
    is_closed: bool,
}

/// Listens, and passes on to where it was told.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    road: Arc<Mutex<Road>>,
    delay: watch::Sender<Duration>,
    /// Ends with this.
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let road = Arc::new(Mutex::new(Road {
            fate: watch::Sender::new(Fate::Passes),
            is_closed: false,
        }));
        let delay = watch::Sender::new(Duration::ZERO);
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(
            listener,
            target,
            Arc::clone(&road),
            delay.subscribe(),
        ));
        Self {
            address,
            road,
            delay,
            _tasks: tasks,
        }
    }

    /// From now on whatever passes takes so much longer, each way.
    pub(crate) fn slow(&self, delay: Duration) {
        self.delay.send_replace(delay);
    }

    /// Ends all connections. New ones may be made at once.
    pub(crate) fn cut(&self) {
        self.decide(Fate::Cut);
    }

    /// Lets all connections die without a word. New ones may be made at once.
    pub(crate) fn die(&self) {
        self.decide(Fate::Dead);
    }

    /// Whether new connections end as soon as they are made.
    pub(crate) fn close(&self, is_closed: bool) {
        self.road.lock().expect("whole").is_closed = is_closed;
    }

    fn decide(&self, fate: Fate) {
        let mut road = self.road.lock().expect("whole");
        let before = std::mem::replace(&mut road.fate, watch::Sender::new(Fate::Passes));
        before.send_replace(fate);
    }
}

async fn listen(
    listener: TcpListener,
    target: SocketAddr,
    road: Arc<Mutex<Road>>,
    delay: watch::Receiver<Duration>,
) {
    let mut pairs = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let fate = {
            let road = road.lock().expect("whole");
            if road.is_closed {
                continue;
            }
            road.fate.subscribe()
        };
        while pairs.try_join_next().is_some() {}
        pairs.spawn(pass_both(near, target, fate, delay.clone()));
    }
}

async fn pass_both(
    near: TcpStream,
    target: SocketAddr,
    mut fate: watch::Receiver<Fate>,
    delay: watch::Receiver<Duration>,
) {
    let Ok(far) = TcpStream::connect(target).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let both = async {
        tokio::join!(
            pass(near_in, far_out, delay.clone()),
            pass(far_in, near_out, delay)
        )
    };
    tokio::pin!(both);
    // The fate that was decided last is kept after its sender has gone.
    let decided = async {
        let _ = fate.wait_for(|fate| *fate != Fate::Passes).await;
        *fate.borrow()
    };
    let fate = tokio::select! {
        _ = &mut both => return,
        fate = decided => fate,
    };
    if fate == Fate::Dead {
        // Holds both sockets and moves nothing.
        std::future::pending::<()>().await;
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: watch::Receiver<Duration>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let delay = *delay.borrow();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
