//! The listening ports, which can also refuse connections or leave them unanswered (F-02).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outwright_sim::demo::Door;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Shared;
use super::connection::{Speech, serve};

/// Connections that wait to be accepted; chosen, above any test's concurrency.
const BACKLOG: i32 = 4096;
/// Connections that are tried to fill the shortest queue; Linux holds two.
const FILLERS_MAX: usize = 16;
/// How long a connection to loopback may take before the queue counts as full; chosen.
const FILL_WAIT: Duration = Duration::from_millis(100);
/// The pause after a failed accept; chosen.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// A listening port.
pub(super) struct Port {
    pub(super) speech: Speech,
    socket: Socket,
    pub(super) address: SocketAddr,
}

impl Port {
    /// Binds a port of loopback, 0 for a free one.
    pub(super) fn bind(address: SocketAddr, speech: Speech) -> io::Result<Self> {
        let socket = bound(address)?;
        socket.listen(BACKLOG)?;
        let address = local(&socket)?;
        Ok(Self { speech, socket, address })
    }

    /// Serves the port until the provider stops; connections end with it.
    pub(super) async fn serve(self, shared: Arc<Shared>, mut door: watch::Receiver<Door>) {
        let Self { speech, mut socket, address } = self;
        let mut connections = JoinSet::new();
        loop {
            let state = *door.borrow_and_update();
            let next = match state {
                Door::Open => accept(&shared, speech, socket, (&mut door, &mut connections)).await,
                Door::Refuse => closed(&shared, speech, &mut door, socket, address).await,
                Door::BlackHole => dark(&shared, speech, &mut door, socket, address).await,
            };
            // An error here means that the port is lost or the provider stops: both end it.
            let Ok(after) = next else { return };
            socket = after;
        }
    }
}

type Waiting<'a> = (&'a mut watch::Receiver<Door>, &'a mut JoinSet<()>);

/// Accepts until the door changes; gives back a listening socket.
async fn accept(
    shared: &Arc<Shared>,
    speech: Speech,
    socket: Socket,
    (door, connections): Waiting<'_>,
) -> io::Result<Socket> {
    let spare = socket.try_clone()?;
    let listener = TcpListener::from_std(socket.into())?;
    shared.door_is(speech, Door::Open);
    loop {
        tokio::select! {
            changed = door.changed() => {
                changed.map_err(io::Error::other)?;
                return Ok(spare);
            }
            accepted = listener.accept() => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(Arc::clone(shared), stream, speech));
                    }
                    // Out of descriptors, most likely: connections that end will help.
                    Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
                }
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Bound and not listening: the kernel answers with RST, and nobody else can take the port.
async fn closed(
    shared: &Shared,
    speech: Speech,
    door: &mut watch::Receiver<Door>,
    listening: Socket,
    address: SocketAddr,
) -> io::Result<Socket> {
    drop(listening);
    let silent = bound(address)?;
    shared.door_is(speech, Door::Refuse);
    door.changed().await.map_err(io::Error::other)?;
    silent.listen(BACKLOG)?;
    Ok(silent)
}

/// Listening with the shortest queue, and that one full: the kernel drops every further SYN.
async fn dark(
    shared: &Shared,
    speech: Speech,
    door: &mut watch::Receiver<Door>,
    listening: Socket,
    address: SocketAddr,
) -> io::Result<Socket> {
    drop(listening);
    let full = bound(address)?;
    full.listen(0)?;
    let mut fillers = Vec::new();
    while fillers.len() < FILLERS_MAX {
        match tokio::time::timeout(FILL_WAIT, TcpStream::connect(address)).await {
            Ok(Ok(filler)) => fillers.push(filler),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    shared.door_is(speech, Door::BlackHole);
    door.changed().await.map_err(io::Error::other)?;
    drop((full, fillers));
    let open = bound(address)?;
    open.listen(BACKLOG)?;
    Ok(open)
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // The port is bound again while its old connections still end.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn local(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("not an internet address"))
}
