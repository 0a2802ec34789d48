//! A server that only answers: it reads each body, counts its lines, and takes them all.
//!
//! The producer is measured against it: `cargo run --release -p producer --example answer`, then the
//! producer with `--url http://127.0.0.1:8006`. The producer writes a log a line, so the lines tell
//! how many logs there are; a compressed body cannot be counted so, and its answer counts as another server's.
#![expect(
    clippy::print_stdout,
    reason = "a small tool says where it listens and on what"
)]

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const READ_BYTES: usize = 256 * 1024;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8006");
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind(address).await?;
    println!("answering on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A caller that goes away is no fault.
            drop(serve(stream).await);
        });
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; READ_BYTES];
    let mut filled = 0;
    loop {
        let (begin, length) = loop {
            let read = fill(&mut stream, &mut buffer, filled).await?;
            if read == 0 {
                return Ok(());
            }
            filled += read;
            if let Some(found) = head(buffer.get(..filled).unwrap_or_default()) {
                break found;
            }
        };
        let mut lines = lines(buffer.get(begin..filled).unwrap_or_default());
        let mut left = length.saturating_sub(filled - begin);
        while left > 0 {
            let read = fill(&mut stream, &mut buffer, 0).await?;
            if read == 0 {
                return Ok(());
            }
            lines += self::lines(buffer.get(..read).unwrap_or_default());
            left = left.saturating_sub(read);
        }
        filled = 0;
        answer(&mut stream, lines + 1).await?;
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut [u8], from: usize) -> io::Result<usize> {
    stream
        .read(buffer.get_mut(from..).unwrap_or_default())
        .await
}

/// Bytes of a request's head and of its body, once the head is there.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some((end + 4, length.1.trim().parse().ok()?))
}

fn lines(bytes: &[u8]) -> usize {
    // Sums that fit a byte are added up many at a time.
    let counts = bytes.chunks(255).map(|chunk| {
        let ends = chunk.iter().map(|byte| u8::from(*byte == b'\n'));
        usize::from(ends.sum::<u8>())
    });
    counts.sum()
}

async fn answer(stream: &mut TcpStream, logs: usize) -> io::Result<()> {
    let body = format!("{{\"status\":\"success\",\"accepted\":{logs}}}");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
    let text = format!("{head}: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await
}
