//! Servers of this machine that write down what they are told: one of HTTP and one of mail, with and without TLS.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An authority of these tests, and a server that it vouches for.
pub(super) struct Authority {
    pub(super) pem: String,
    config: Arc<ServerConfig>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let server = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![server.der().clone()], key).unwrap();
        Self { pem: authority.pem(), config: Arc::new(config) }
    }
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

fn encrypted(stream: Box<dyn Stream>, config: &Arc<ServerConfig>) -> Box<dyn Stream> {
    Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream))
}

/// Lets a function speak with everybody who calls, until the test process ends.
fn listen(tls: Option<&Authority>, speak: impl Fn(Box<dyn Stream>) -> Option<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = tls.map(|authority| Arc::clone(&authority.config));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream: Box<dyn Stream> = Box::new(stream.unwrap());
            let stream = match &config {
                Some(config) => encrypted(stream, config),
                None => stream,
            };
            // Whoever hangs up in between is written down by nobody.
            let _ = speak(stream);
        }
    });
    port
}

/// A line without its end; `None` when the other side is gone.
fn line(stream: &mut dyn Stream) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match stream.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => return Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(1) => line.push(byte[0]),
            _ => return None,
        }
    }
}

fn say(stream: &mut dyn Stream, words: &str) -> Option<()> {
    stream.write_all(words.as_bytes()).and_then(|()| stream.flush()).ok()
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) first: String,
    pub(super) headers: Vec<String>,
    pub(super) body: serde_json::Value,
}

/// A server of HTTP.
pub(super) struct Hook {
    pub(super) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<VecDeque<String>>>,
}

impl Hook {
    /// Its answers, in order; after the last one it says that all is well. `hang` is no answer at all.
    pub(super) fn new(answers: &[&str]) -> Self {
        Self::start(None, answers)
    }

    pub(super) fn start(tls: Option<&Authority>, answers: &[&str]) -> Self {
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let answers = Arc::new(Mutex::new(answers));
        let (kept, script) = (Arc::clone(&requests), Arc::clone(&answers));
        let port = listen(tls, move |mut stream| {
            let first = line(&mut *stream)?;
            let mut headers = Vec::new();
            loop {
                match line(&mut *stream)? {
                    end if end.is_empty() => break,
                    header => headers.push(header.to_lowercase()),
                }
            }
            let length = headers.iter().find_map(|header| header.strip_prefix("content-length: "))?;
            let mut body = vec![0; length.parse().ok()?];
            stream.read_exact(&mut body).ok()?;
            let body = serde_json::from_slice(&body).expect("a webhook gets JSON");
            kept.lock().unwrap().push(Request { first, headers, body });
            let answer = script.lock().unwrap().pop_front().unwrap_or_else(|| "200 OK".to_owned());
            if answer == "hang" {
                // Until the other side has had enough of it.
                let _ = stream.read(&mut [0]);
                return None;
            }
            let (head, said) = answer.split_once("\n\n").unwrap_or((&answer, "ok"));
            let head = head.replace('\n', "\r\n");
            let length = said.len();
            say(
                &mut *stream,
                &format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"),
            )
        });
        Self { port, requests, answers }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/services/T000/S3CRETTOKEN?key=S3CRETQUERY", self.port)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The messages since the last call.
    pub(super) fn take(&self) -> Vec<serde_json::Value> {
        self.requests.lock().unwrap().drain(..).map(|request| request.body).collect()
    }

    pub(super) fn answer(&self, answer: &str) {
        self.answers.lock().unwrap().push_back(answer.to_owned());
    }
}

/// What a mail server is like.
#[derive(Clone, Copy, Default)]
pub(super) struct Manners {
    pub(super) starttls: bool,
    pub(super) login: bool,
    /// It answers so to the mail itself.
    pub(super) refuses: Option<&'static str>,
}

/// A conversation with a mail server that came to a mail.
#[derive(Debug, Clone, Default)]
pub(super) struct Posted {
    pub(super) commands: Vec<String>,
    pub(super) mail: Vec<u8>,
    pub(super) encrypted: bool,
}

/// A mail server.
pub(super) struct Post {
    pub(super) port: u16,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Post {
    pub(super) fn new(tls: Option<&Authority>, manners: Manners) -> Self {
        let posted: Arc<Mutex<Vec<Posted>>> = Arc::default();
        let kept = Arc::clone(&posted);
        let config = tls.map(|authority| Arc::clone(&authority.config));
        let wrapped = tls.filter(|_| !manners.starttls);
        let is_wrapped = wrapped.is_some();
        let port = listen(wrapped, move |mut stream| {
            let mut post = Posted { encrypted: is_wrapped, ..Posted::default() };
            say(&mut *stream, "220 test\r\n")?;
            loop {
                let command = line(&mut *stream)?;
                post.commands.push(command.clone());
                let word = command.split(' ').next()?.to_uppercase();
                match &*word {
                    "EHLO" => {
                        let starttls = if manners.starttls && !post.encrypted { "250-STARTTLS\r\n" } else { "" };
                        let login = if manners.login { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
                        say(&mut *stream, &format!("250-test\r\n{starttls}{login}250 8BITMIME\r\n"))?;
                    }
                    "STARTTLS" => {
                        say(&mut *stream, "220 go on\r\n")?;
                        stream = encrypted(stream, config.as_ref()?);
                        post.encrypted = true;
                    }
                    "AUTH" => say(&mut *stream, "235 welcome\r\n")?,
                    "DATA" => {
                        say(&mut *stream, "354 go on\r\n")?;
                        loop {
                            let text = line(&mut *stream)?;
                            if text == "." {
                                break;
                            }
                            post.mail.extend_from_slice(text.strip_prefix('.').unwrap_or(&text).as_bytes());
                            post.mail.extend_from_slice(b"\r\n");
                        }
                        kept.lock().unwrap().push(post.clone());
                        say(&mut *stream, &format!("{}\r\n", manners.refuses.unwrap_or("250 taken")))?;
                    }
                    "QUIT" => return say(&mut *stream, "221 bye\r\n"),
                    _ => say(&mut *stream, "250 fine\r\n")?,
                }
            }
        });
        Self { port, posted }
    }

    pub(super) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }
}

/// A port of this machine at which nobody is.
pub(super) fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    port
}
