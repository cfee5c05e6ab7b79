use std::net::SocketAddr;

use super::{Access, Ask, Reach};
use outwright::wallet::Tokens;
use std::sync::Arc;

/// what a deployment says holds on this machine; elsewhere a token is always asked for.
#[test]
fn off_loopback_a_token_is_always_asked_for() {
    let tokens = Arc::new(Tokens::open(Vec::new(), false));
    for (reach, ask, required) in [
        (Reach::Machine, Ask::Elsewhere, false),
        (Reach::Machine, Ask::Everywhere, true),
        (Reach::Network, Ask::Elsewhere, true),
        (Reach::Network, Ask::Everywhere, true),
    ] {
        let access = Access::of(Some(&tokens), reach, ask);
        assert_eq!(matches!(access, Access::Required(_)), required, "{reach:?} {ask:?}");
        assert!(matches!(Access::of(None, reach, ask), Access::Open));
    }
    for (address, reach) in [
        ("127.0.0.1:1", Reach::Machine),
        ("[::1]:1", Reach::Machine),
        ("[::ffff:127.0.0.1]:1", Reach::Machine),
        ("0.0.0.0:1", Reach::Network),
        ("[::]:1", Reach::Network),
        ("192.168.0.1:1", Reach::Network),
    ] {
        let address: SocketAddr = address.parse().unwrap();
        assert_eq!(Reach::from(address), reach, "{address}");
    }
}
