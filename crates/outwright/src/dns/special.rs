//! Addresses that no provider on the open network has.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use outwright_core::provider::{Network, Provider, Scheme};

/// Special IPv4 blocks: the IANA special-purpose registry (RFC 6890) with multicast and reserved space.
const V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only IPv6 block from which addresses of the open network are given out (RFC 4291 section 2.4, IANA's registry).
///
/// Whatever lies outside of it is special: loopback, mapped and translated IPv4 (`::ffff:0:0/96`, `64:ff9b::/96`,
/// `64:ff9b:1::/48`), discard (`100::/64`), private (`fc00::/7`), of one link (`fe80::/10`, `fec0::/10`), multicast.
const GLOBAL: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Special blocks within it; tunnels can carry any IPv4 address.
const V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address lies in a special block; an IPv4 address in IPv6 clothes counts as what it is.
fn is_special(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => V4.iter().any(|(block, prefix)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(*prefix)).unwrap_or(0);
            block.to_bits() & mask == address.to_bits() & mask
        }),
        IpAddr::V6(address) => {
            let within = |(block, prefix): &(Ipv6Addr, u8)| {
                let mask = u128::MAX.checked_shl(128 - u32::from(*prefix)).unwrap_or(0);
                block.to_bits() & mask == address.to_bits() & mask
            };
            !within(&GLOBAL) || V6.iter().any(within)
        }
    }
}

/// Which addresses a provider may have.
#[derive(Clone, Debug)]
pub(crate) struct Allow {
    private: Box<[Network]>,
    clear: Clear,
}

/// Whether the provider is spoken to in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clear {
    /// Never.
    No,
    /// Over loopback, and over nothing else.
    Loopback,
    /// It would be, but the contract does not allow it.
    Refused,
}

impl Allow {
    /// What the contract of a provider allows.
    pub(crate) fn of(provider: &Provider) -> Self {
        let clear = match (provider.base.scheme, provider.egress.plain_http) {
            (Scheme::Https, _) => Clear::No,
            (Scheme::Http, true) => Clear::Loopback,
            (Scheme::Http, false) => Clear::Refused,
        };
        Self { private: provider.egress.private.clone(), clear }
    }

    /// Whether a name may lead to this address.
    pub(super) fn resolved(&self, address: IpAddr) -> bool {
        match self.clear {
            Clear::No => !is_special(address) || self.opted_in(address),
            Clear::Loopback => address.to_canonical().is_loopback(),
            Clear::Refused => false,
        }
    }

    /// Whether the contract may name this address itself (R-011: only where it opts in).
    pub(super) fn literal(&self, address: IpAddr) -> bool {
        match self.clear {
            Clear::No => self.opted_in(address),
            Clear::Loopback => address.to_canonical().is_loopback(),
            Clear::Refused => false,
        }
    }

    fn opted_in(&self, address: IpAddr) -> bool {
        self.private.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(private: &[(&str, u8)]) -> Allow {
        let network = |(text, prefix): &(&str, u8)| Network {
            address: text.parse().unwrap(),
            prefix: *prefix,
        };
        Allow { private: private.iter().map(network).collect(), clear: Clear::No }
    }

    ///
    #[test]
    fn special_addresses_are_refused_in_every_clothing() {
        let nowhere = allow(&[]);
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!nowhere.resolved(special.parse().unwrap()), "{special}");
            assert!(!nowhere.literal(special.parse().unwrap()), "{special}");
        }
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"] {
            assert!(nowhere.resolved(public.parse().unwrap()), "{public}");
            assert!(!nowhere.literal(public.parse().unwrap()), "a literal needs an opt-in");
        }
    }

    /// T-15: the addresses of the table of smokescreen (a3294a6), judged by our own rule.
    ///
    /// The one difference: it lets `64:ff9c::1` pass because no list names it; here only what is given out passes.
    #[test]
    fn every_address_of_the_public_table_is_judged() {
        let ours =
            allow(&[("10.0.1.0", 24), ("172.16.1.0", 24), ("192.168.1.0", 24), ("127.0.1.0", 24)]);
        let pass = [
            "8.8.8.8",
            "8.8.9.8",
            "10.0.1.1",
            "172.16.1.1",
            "192.168.1.1",
            "127.0.1.1",
            "100.63.255.254",
            "100.128.0.1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
        ];
        let stay = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "100.64.0.100",
            "100.127.255.254",
            "127.0.0.1",
            "127.255.255.255",
            "::1",
            "169.254.169.254",
            "255.255.255.255",
            "ff02:0:0:0:0:0:0:2",
            "64:ff9b::ac1c:5",
            "64:ff9b::c000:201",
            "64:ff9b::a00:1",
            "64:ff9b::808:808",
            "64:ff9b::ffff:ffff",
            "2002:c000:201::1",
            "2002:a00:1::1",
            "2002:808:808::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:0:1234:5678:9abc:def0:1234:5678",
            "64:ff9c::1",
        ];
        for (addresses, verdict) in [(&pass[..], true), (&stay[..], false)] {
            for text in addresses {
                assert_eq!(ours.resolved(text.parse().unwrap()), verdict, "{text}");
            }
        }
    }

    ///
    #[test]
    fn a_private_network_is_reached_where_the_contract_names_it() {
        let partner = allow(&[("10.1.0.0", 16)]);
        assert!(partner.resolved("10.1.2.3".parse().unwrap()));
        assert!(partner.resolved("::ffff:10.1.2.3".parse().unwrap()));
        assert!(partner.literal("10.1.2.3".parse().unwrap()));
        assert!(!partner.resolved("10.2.0.1".parse().unwrap()));
    }

    #[test]
    fn in_the_clear_goes_to_loopback_and_nowhere_else() {
        let clear = Allow { clear: Clear::Loopback, ..allow(&[("10.0.0.0", 8)]) };
        assert!(clear.resolved("127.0.0.1".parse().unwrap()));
        assert!(clear.literal("::1".parse().unwrap()));
        assert!(!clear.resolved("10.0.0.1".parse().unwrap()));
        assert!(!clear.resolved("1.1.1.1".parse().unwrap()));
        let refused = Allow { clear: Clear::Refused, ..allow(&[("127.0.0.0", 8)]) };
        assert!(!refused.resolved("127.0.0.1".parse().unwrap()));
    }
}
