//! The sockets that the service listens on: one for each address that a name has.

use super::StartError;
use crate::access::is_loopback;
use crate::config::{ConfigError, HttpConfig, ListenAddress};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, lookup_host};

/// A free port of the first address may be taken on another one.
const TRIES: usize = 16;

/// A socket with its address.
type Bound = (TcpListener, SocketAddr);

/// Binds every address of the host. One that this machine does not have (that of IPv6, where it is off) is
/// left out, and told, as long as there is another.
///
/// # Errors
/// [`StartError::Listen`], and [`StartError::Config`] where strangers would reach it and nobody said that they may.
pub(super) async fn bind(http: &HttpConfig) -> Result<Vec<Bound>, StartError> {
    let wanted = &http.listen_addr;
    let addresses = addresses(http).await?;
    let mut tries = 1;
    loop {
        match bind_all(&addresses).await {
            Err(error)
                if wanted.port() == 0
                    && error.kind() == io::ErrorKind::AddrInUse
                    && tries < TRIES =>
            {
                tries += 1;
            }
            bound => return bound.map_err(|source| failed(wanted, source)),
        }
    }
}

/// The addresses to listen on, none of which is bound yet.
///
/// # Errors
/// As [`bind`].
pub(super) async fn addresses(http: &HttpConfig) -> Result<Vec<SocketAddr>, StartError> {
    let wanted = &http.listen_addr;
    let found = lookup_host((wanted.host(), wanted.port())).await;
    let mut seen = BTreeSet::new();
    let addresses = found
        .map_err(|source| failed(wanted, source))?
        .filter(|address| seen.insert(*address));
    let addresses: Vec<SocketAddr> = addresses.collect();
    let is_open = |address: &SocketAddr| !is_loopback(address.ip());
    if !http.allow_anonymous && http.tokens_file().is_none() && addresses.iter().any(is_open) {
        return Err(ConfigError::open_to_strangers(wanted).into());
    }
    Ok(addresses)
}

fn failed(wanted: &ListenAddress, source: io::Error) -> StartError {
    StartError::Listen {
        address: wanted.to_string(),
        source,
    }
}

/// All of them on one port.
async fn bind_all(addresses: &[SocketAddr]) -> io::Result<Vec<Bound>> {
    let mut listeners: Vec<Bound> = Vec::new();
    let mut port = None;
    let mut missing = None;
    for address in addresses {
        let mut address = *address;
        address.set_port(port.unwrap_or(address.port()));
        match TcpListener::bind(address).await {
            Ok(listener) => {
                let bound = listener.local_addr()?;
                port = Some(bound.port());
                listeners.push((listener, bound));
            }
            Err(error) if is_not_here(&error) => {
                missing = Some((address, error));
            }
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some((_, error)) if listeners.is_empty() => Err(error),
        Some((address, error)) => {
            tracing::warn!(%address, %error, "this machine does not have one of the addresses to listen on");
            Ok(listeners)
        }
        None if listeners.is_empty() => Err(io::Error::other("the name has no address")),
        None => Ok(listeners),
    }
}

fn is_not_here(error: &io::Error) -> bool {
    let no_family = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(no_family)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn every_address_is_listened_on_at_the_port_that_the_first_one_got() {
        let bound = bind_all(&addresses(&["127.0.0.1:0", "127.0.0.2:0"]))
            .await
            .unwrap();
        let bound: Vec<SocketAddr> = bound.iter().map(|(_, address)| *address).collect();
        let port = bound[0].port();
        assert_eq!(
            bound,
            addresses(&[&format!("127.0.0.1:{port}"), &format!("127.0.0.2:{port}")])
        );
    }

    #[tokio::test]
    async fn an_address_that_this_machine_lacks_is_left_out_and_one_that_is_taken_is_not() {
        let elsewhere = "203.0.113.1:0";
        let bound = bind_all(&addresses(&[elsewhere, "127.0.0.1:0"]))
            .await
            .unwrap();
        assert_eq!(bound.len(), 1);
        assert!(bind_all(&addresses(&[elsewhere])).await.is_err());
        let taken = bound[0].1;
        let error = bind_all(&[taken, "127.0.0.2:0".parse().unwrap()])
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
