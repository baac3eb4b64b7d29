//! From a server's name to the addresses that are connected to. A name is looked up once, and the addresses that were judged are
//! the ones used: who owns a name may answer each question differently.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// The port for looking names up.
#[derive(Clone, Debug, Default)]
pub enum Names {
    /// The system's resolver.
    #[default]
    System,
    /// Answers prepared beforehand, one for each question, in order.
    Prepared(Arc<Mutex<VecDeque<Vec<SocketAddr>>>>),
}

/// Which servers may be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any, also this machine: for a person's own machine.
    Anywhere,
    /// Public addresses only: a tenant names the host, and within a function loopback is the runtime's own interface.
    Outward,
}

impl Names {
    /// Where that server is. An error says why it may not be spoken to.
    pub async fn find(&self, host: &str, port: u16, reach: Reach) -> Result<Vec<SocketAddr>, String> {
        let found = match self {
            Self::System => {
                let found = tokio::net::lookup_host((host, port)).await;
                found.map_err(|error| format!("{host} was not found: {error}"))?.collect()
            }
            Self::Prepared(answers) => answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default(),
        };
        judge(host, found, reach)
    }
}

/// One private address among several refuses the host.
fn judge(host: &str, found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, String> {
    if found.is_empty() {
        return Err(format!("{host} was not found"));
    }
    match reach {
        Reach::Outward if found.iter().any(|address| is_inward(address.ip())) => Err(format!("{host} is not a public address")),
        Reach::Outward | Reach::Anywhere => Ok(found),
    }
}

fn is_inward(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || (a == 100 && (64..128).contains(&b))
                || a == 0
                || a >= 240
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_inward(IpAddr::V4(mapped)),
            None => {
                let first = ip.segments().first().copied().unwrap_or_default();
                ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || (first & 0xfe00) == 0xfc00
                    || matches!(first & 0xffc0, 0xfe80 | 0xfec0)
                    || matches!(first, 0x0000 | 0x0064)
                    || first == 0x2002
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_surroundings_are_inward() {
        for inward in [
            "127.0.0.1",
            "10.0.0.8",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "::127.0.0.1",
            "fec0::1",
        ] {
            assert!(is_inward(inward.parse().unwrap()), "{inward}");
        }
        for outward in ["8.8.8.8", "2001:4860:4860::8888", "172.32.0.1"] {
            assert!(!is_inward(outward.parse().unwrap()), "{outward}");
        }
    }

    #[test]
    fn one_private_address_among_several_refuses_the_host() {
        let [public, private] = ["8.8.8.8:25", "10.0.0.8:25"].map(|address| address.parse::<SocketAddr>().unwrap());
        let refused = Err("mail.example.com is not a public address".to_owned());
        assert_eq!(judge("mail.example.com", vec![public, private], Reach::Outward), refused);
        assert_eq!(judge("mail.example.com", vec![private], Reach::Anywhere), Ok(vec![private]));
        assert_eq!(judge("mail.example.com", vec![public], Reach::Outward), Ok(vec![public]));
        assert!(judge("mail.example.com", Vec::new(), Reach::Anywhere).is_err());
    }
}
