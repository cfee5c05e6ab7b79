//! Equal reads whose callers take their answers at different paces.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use outwright::{Answer, ReplyBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{Terms, World, demo, on_a_core};

const BYTES: usize = 1 << 20;

/// A world in front of a provider that the test itself is.
async fn world() -> (TcpListener, World) {
    let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", provider.local_addr().unwrap());
    let terms = Terms { base_url, list: "    coalesce: allowed\n", ..Terms::plain(&demo()) };
    (provider, World::new(&terms))
}

async fn ask(world: &World) -> Answer {
    let request = Request::get("/").body(Full::new(Bytes::new())).unwrap();
    world.core.call(world.outbound(request, "/v1/charges")).await
}

fn body(answer: Answer) -> ReplyBody {
    let Answer::Reply(reply) = answer else { panic!("no reply") };
    reply.into_body()
}

/// Answers the only request with this head and body.
async fn serve(provider: &TcpListener, head: &str, body: &[u8]) {
    let (mut stream, _) = provider.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
}

/// nobody waits for one that takes nothing, it gets all of it later, and it is counted until then.
#[test]
fn a_caller_that_takes_nothing_holds_up_nobody_whichever_it_is() {
    for slow in [0, 1] {
        on_a_core(async {
            let (provider, world) = world().await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n");
            let whole = vec![b'x'; BYTES];
            let (one, other, ()) =
                tokio::join!(ask(&world), ask(&world), serve(&provider, &head, &whole));
            let mut bodies = [body(one), body(other)];
            assert_eq!(bodies[0].record().attempts.count(), 1);
            assert_eq!(bodies[1].record().attempts.count(), 0);
            assert_eq!(world.shared.holds().calls.used, 2, "what is sent for both is no third one");
            bodies.rotate_left(slow);
            let [slow, quick] = bodies;
            assert_eq!(quick.collect().await.unwrap().to_bytes().len(), BYTES);
            assert_eq!(world.levels().slots_used, 0, "the provider is done with it");
            assert_eq!(world.shared.holds().bytes.used, BYTES);
            assert_eq!(slow.collect().await.unwrap().to_bytes().len(), BYTES);
            let holds = world.shared.holds();
            assert_eq!((holds.bytes.used, holds.calls.used), (0, 0));
            world.assert_at_rest();
        });
    }
}

/// Up to the bound, whatever the provider says of the length.
#[test]
fn what_just_fits_is_shared_without_a_length_too() {
    on_a_core(async {
        let (provider, world) = world().await;
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
        let part = vec![b'y'; BYTES - 1];
        let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat();
        let sent = [chunk, b"1\r\nz\r\n0\r\n\r\n".to_vec()].concat();
        let (one, other, ()) =
            tokio::join!(ask(&world), ask(&world), serve(&provider, head, &sent));
        let mut bodies = [body(one), body(other)].into_iter();
        for body in &mut bodies {
            assert_eq!(body.collect().await.unwrap().to_bytes().len(), BYTES, "it just fits");
        }
        world.assert_at_rest();
    });
}

/// A process without room shares nothing and refuses nobody for that.
#[test]
fn without_room_each_is_asked_for() {
    on_a_core(async {
        let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", provider.local_addr().unwrap());
        let plain = Terms::plain(&demo());
        let list = "    coalesce: allowed\n";
        let world = World::new(&Terms { base_url, list, kept_bytes_max: Some(3), ..plain });
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
        let twice = async {
            serve(&provider, head, b"each").await;
            serve(&provider, head, b"each").await;
        };
        let (one, other, ()) = tokio::join!(ask(&world), ask(&world), twice);
        for answer in [one, other] {
            let body = body(answer);
            assert_eq!(body.record().attempts.count(), 1);
            assert_eq!(body.collect().await.unwrap().to_bytes(), "each");
        }
        world.assert_at_rest();
    });
}
