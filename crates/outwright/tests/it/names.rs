//! Names and addresses: a DNS server that fails on command, and addresses that nobody may reach.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use hickory_server::proto::op::{Message, ResponseCode};
use hickory_server::proto::rr::{RData, Record, RecordType};
use outwright::Outcome;
use outwright_core::outcome::Fault;
use outwright_gateway::demo::Demo;
use tokio::net::UdpSocket;

use crate::world::{Terms, World, demo, on_a_core};

/// What the server says of every name.
#[derive(Clone, Debug)]
enum Says {
    Addresses(Vec<IpAddr>, u32),
    Code(ResponseCode),
    Nothing,
}

struct Names {
    address: SocketAddr,
    says: Rc<RefCell<Says>>,
    asked: Rc<Cell<u32>>,
}

impl Names {
    async fn start(says: Says) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let names = Self { address, says: Rc::new(RefCell::new(says)), asked: Rc::default() };
        let (says, asked) = (Rc::clone(&names.says), Rc::clone(&names.asked));
        drop(tokio::task::spawn_local(async move {
            let mut packet = [0; 1_500];
            while let Ok((bytes, from)) = socket.recv_from(&mut packet).await {
                asked.set(asked.get() + 1);
                let says = says.borrow().clone();
                if let Some(answer) = answer(&packet[..bytes], &says) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        }));
        names
    }

    fn says(&self, says: Says) {
        self.says.replace(says);
    }
}

fn answer(packet: &[u8], says: &Says) -> Option<Vec<u8>> {
    let query = Message::from_vec(packet).unwrap();
    let asked = query.queries[0].clone();
    let mut response = Message::response(query.metadata.id, query.metadata.op_code);
    response.metadata.recursion_available = true;
    match says {
        Says::Nothing => return None,
        Says::Code(code) => response.metadata.response_code = *code,
        Says::Addresses(addresses, ttl) => {
            for address in addresses {
                let data = match (address, asked.query_type()) {
                    (IpAddr::V4(address), RecordType::A) => RData::A((*address).into()),
                    (IpAddr::V6(address), RecordType::AAAA) => RData::AAAA((*address).into()),
                    _ => continue,
                };
                response.add_answer(Record::from_rdata(asked.name().clone(), *ttl, data));
            }
        }
    }
    response.add_query(asked);
    Some(response.to_vec().unwrap())
}

/// A world whose provider has a name that this server answers for.
fn world(demo: &Demo, names: &Names, egress: &str) -> World {
    let port = demo.plain().port();
    World::new(&Terms {
        base_url: format!("https://provider.test:{port}"),
        egress: egress.to_owned(),
        name_servers: vec![names.address],
        ..Terms::plain(demo)
    })
}

async fn fault(world: &World) -> Fault {
    let (got, record) = world.get("/v1/charges").await;
    let Outcome::Failed(failure) = got.other() else { panic!("no failure") };
    assert_eq!(record.attempts.count(), 1);
    world.assert_at_rest();
    failure.fault
}

///
#[test]
fn what_a_name_server_says_has_its_name() {
    let demo = demo();
    on_a_core(async {
        for (says, want) in [
            (Says::Code(ResponseCode::NXDomain), Fault::DnsNotFound),
            (Says::Addresses(vec![], 60), Fault::DnsNotFound),
            (Says::Code(ResponseCode::ServFail), Fault::DnsTemporary),
            (Says::Code(ResponseCode::Refused), Fault::DnsTemporary),
            (Says::Nothing, Fault::DnsTimeout),
        ] {
            let names = Names::start(says.clone()).await;
            let world = world(&demo, &names, "{ private: [127.0.0.0/8] }");
            assert_eq!(fault(&world).await, want, "{says:?}");
            assert_eq!(demo.control().connections(), 0, "{says:?}");
        }
    });
}

///
#[test]
fn a_name_that_leads_to_a_forbidden_address_is_not_followed() {
    let demo = demo();
    on_a_core(async {
        for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"] {
            let says = Says::Addresses(vec![address.parse().unwrap()], 60);
            let names = Names::start(says).await;
            let world = world(&demo, &names, "{ private: [192.168.7.0/24] }");
            assert_eq!(fault(&world).await, Fault::AddressProhibited, "{address}");
        }
        assert_eq!(demo.control().connections(), 0);
    });
}

/// the address that was checked is the one that is connected, until its time is over.
#[test]
fn an_answer_holds_for_its_time() {
    let demo = demo();
    on_a_core(async {
        let loopback = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let names = Names::start(Says::Addresses(loopback, 300)).await;
        let world = world(&demo, &names, "{ private: [127.0.0.0/8] }");
        // The plain port speaks no TLS, which is as far as this test has to come.
        assert_eq!(fault(&world).await, Fault::TlsTransport);
        let asked = names.asked.get();
        names.says(Says::Addresses(vec!["10.0.0.1".parse().unwrap()], 300));
        assert_eq!(fault(&world).await, Fault::TlsTransport);
        assert_eq!(names.asked.get(), asked, "nobody asked again");
        assert_eq!(demo.control().connections(), 2);
    });
}

///
#[test]
fn an_address_as_host_needs_the_contracts_consent() {
    let demo = demo();
    on_a_core(async {
        let port = demo.tls().port();
        let terms = Terms {
            base_url: format!("https://localhost:{port}"),
            egress: "{ private: [10.0.0.0/8] }".to_owned(),
            ..Terms::plain(&demo)
        };
        assert_eq!(fault(&World::new(&terms)).await, Fault::AddressProhibited);
        assert_eq!(demo.control().connections(), 0);
    });
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    let demo = demo();
    on_a_core(async {
        // Nothing listens on the first one at the port of the provider.
        let addresses = vec!["127.9.9.9".parse().unwrap(), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let names = Names::start(Says::Addresses(addresses, 60)).await;
        let world = world(&demo, &names, "{ private: [127.0.0.0/8] }");
        assert_eq!(fault(&world).await, Fault::TlsTransport);
        assert_eq!(demo.control().connections(), 1);
    });
}
