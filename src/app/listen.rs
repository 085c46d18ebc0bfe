use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

#[cfg(target_os = "linux")]
use socket2::SockRef;
use socket2::{Domain, Protocol, Socket, Type};

/// What the kernel keeps of a slow client's bytes: small, so that newest wins
/// begins early. Left alone the kernel would keep 4 MB of stale positions.
const SEND_BUFFER_BYTES: usize = 32 * 1024;
/// A peer that acknowledges nothing for so long is dead, whatever else it is.
const DEAD_AFTER: Duration = Duration::from_secs(30);
const BACKLOG: i32 = 4_096;
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit these.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    SockRef::from(&socket).set_tcp_user_timeout(Some(DEAD_AFTER))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
