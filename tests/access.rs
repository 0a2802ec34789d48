//! Who may ask for what, without tokens: names of the service, pages of others, and strangers.

mod hosts;
mod pages;
pub(crate) mod senders;
mod start;
mod strangers;

use crate::support::http::Reply;
use crate::support::service::{Builder, Service};
use reqwest::RequestBuilder;
use std::net::{IpAddr, UdpSocket};
use std::process::Command;

/// A service that listens on every address, as in compose.
pub(crate) fn open_to_all() -> Builder {
    let builder = Service::builder().env("LISTEN_ADDR", "0.0.0.0:0");
    builder.env("ALLOW_ANONYMOUS", "true")
}

/// Where it is found over loopback.
fn near(service: &Service) -> String {
    format!("http://127.0.0.1:{}", service.address().port())
}

/// Where it is found from beyond this machine: who asks there comes from that address, too.
pub(crate) fn far(service: &Service) -> String {
    format!("http://{}:{}", own_address(), service.address().port())
}

/// An address of this machine that is no loopback one.
fn own_address() -> IpAddr {
    // Nothing is sent: the system only says from where it would be.
    let routed = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("203.0.113.1:9")?;
        socket.local_addr()
    });
    if let Ok(address) = routed {
        return address.ip();
    }
    let listed = Command::new("hostname").arg("-I").output();
    let listed = String::from_utf8(listed.expect("hostname runs").stdout).expect("UTF-8");
    let mut found = listed
        .split_whitespace()
        .filter_map(|text| text.parse().ok());
    found
        .find(IpAddr::is_ipv4)
        .expect("this machine has an address beside the loopback one: these tests need one")
}

pub(crate) async fn sent(request: RequestBuilder, headers: &[(&str, &str)]) -> Reply {
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let response = request.send().await.expect("an answer");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.expect("a body").to_vec(),
    }
}

/// GETs with these headers.
pub(crate) async fn get(
    service: &Service,
    base: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    sent(service.http().get(format!("{base}{path}")), headers).await
}

/// POSTs with these headers.
pub(crate) async fn post(
    service: &Service,
    url: String,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> Reply {
    sent(service.http().post(url).body(body.into()), headers).await
}

/// Checks a refusal in the service's own form, and gives its sentence.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str) -> String {
    assert_eq!(reply.status, status, "{}", reply.text());
    let told = reply.json();
    assert_eq!(told["code"], code, "{told}");
    told["message"].as_str().unwrap().to_owned()
}
