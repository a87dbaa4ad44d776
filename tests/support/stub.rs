//! A server written by hand, byte by byte, so that it can misbehave in every way.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn is_metadata(&self) -> bool {
        self.target.ends_with("/metadata")
    }
}

/// A listening server; its threads end with the process.
pub struct Stub {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// Answers every request with what the closure writes; an error of it closes the connection.
    pub fn start(answer: impl Fn(&Seen, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, told) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, told) = (Arc::clone(&answer), Arc::clone(&told));
                thread::spawn(move || converse(stream, &*answer, &told));
            }
        });
        Self { address, seen }
    }

    /// Claims to do what the small suite needs, and answers all else with what the closure writes.
    pub fn claiming(answer: impl Fn(&Seen, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start(move |seen, out| match seen.is_metadata() {
            true => json(out, "200 OK", CLAIMS),
            false => answer(seen, out),
        })
    }

    pub fn base(&self) -> String {
        format!("http://{}/fhir", self.address)
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A CapabilityStatement that claims what the small suite needs.
pub const CLAIMS: &str = r#"{"resourceType":"CapabilityStatement","status":"active","kind":"instance","date":"2026-01-01",
"fhirVersion":"4.0.1","format":["json"],"software":{"name":"stub"},"rest":[{"mode":"server","resource":[{"type":"Patient",
"versioning":"versioned","interaction":[{"code":"read"},{"code":"create"},{"code":"update"},{"code":"delete"},
{"code":"search-type"}],"searchParam":[{"name":"identifier","type":"token"}]}]}]}"#;

/// An answer in FHIR JSON.
pub fn json(out: &mut TcpStream, status: &str, body: &str) -> io::Result<()> {
    answer(out, status, &["Content-Type: application/fhir+json"], body.as_bytes())
}

/// An answer with these header lines.
pub fn answer(out: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) -> io::Result<()> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\n{lines}Content-Length: {}\r\n\r\n", body.len());
    out.write_all(head.as_bytes())?;
    out.write_all(body)
}

/// Closes the connection.
pub fn hang_up<T>() -> io::Result<T> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Says nothing for longer than any test waits.
pub fn silence() -> io::Result<()> {
    thread::sleep(Duration::from_secs(100));
    hang_up()
}

fn converse(
    stream: TcpStream,
    answer: &(impl Fn(&Seen, &mut TcpStream) -> io::Result<()> + ?Sized),
    told: &Mutex<Vec<Seen>>,
) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Ok(Some(seen)) = request(&mut reader) {
        told.lock().unwrap().push(seen.clone());
        if answer(&seen, &mut out).and_then(|()| out.flush()).is_err() {
            let _ = out.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Seen>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut first = line.split_whitespace().map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut seen = Seen {
        method,
        target,
        headers,
        body: Vec::new(),
    };
    let length = seen
        .header("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    seen.body = vec![0; length];
    reader.read_exact(&mut seen.body)?;
    Ok(Some(seen))
}
