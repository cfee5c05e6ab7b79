//! A server that hands every request to the library, and writes back what that says.

use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use outwright::{Body, Outwright};
use outwright_gateway::problem;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A running front.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) outwright: Outwright,
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// Serves calls on a free port.
    pub(crate) fn start(outwright: Outwright) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let served = outwright.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, served, stopped));
        });
        Self { outwright, address, stop, thread: Some(thread) }
    }

    /// Takes nobody new, and lets what is under way finish.
    pub(crate) fn end(mut self) {
        self.stop.send_replace(true);
        self.thread.take().unwrap().join().unwrap();
    }
}

async fn serve(listener: TcpListener, outwright: Outwright, mut stopped: watch::Receiver<bool>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let io = TokioIo::new(accepted.unwrap().0);
                connections.spawn(connection(io, outwright.clone(), stopped.clone()));
            }
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    outwright.close().await;
    while connections.join_next().await.is_some() {}
}

async fn connection(
    io: TokioIo<tokio::net::TcpStream>,
    outwright: Outwright,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| answer(outwright.clone(), request));
    let mut connection = pin!(http1::Builder::new().serve_connection(io, service));
    let mut told = false;
    std::future::poll_fn(|cx| {
        if !told && pin!(stopped.changed()).poll(cx).is_ready() {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

async fn answer(
    outwright: Outwright,
    request: Request<Incoming>,
) -> Result<Response<Either<Body, Full<Bytes>>>, Infallible> {
    let (mut head, body) = request.into_parts();
    let whole = head.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
    let name = whole[1..].split(['/', '?']).next().unwrap();
    let rest = &whole[1 + name.len()..];
    head.uri = match rest {
        "" => Uri::from_static("/"),
        rest => rest.parse().unwrap(),
    };
    let answer = outwright.call(name, Request::from_parts(head, body)).await;
    Ok(match answer {
        Ok(response) => response.map(Either::Left),
        Err(error) => {
            problem::answer(&error, "outwright").map(|document| Either::Right(document.into()))
        }
    })
}
