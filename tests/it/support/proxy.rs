//! A link between a client and a server on the loopback interface that can be broken at will.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What becomes of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// So many bytes come from the server, and then the line is dead.
    Cut(usize),
    /// So many bytes come from the server, and nothing afterwards.
    Hang(usize),
    /// So many connections are turned away, and those after them are let through.
    Refuse(usize),
}

/// A port that leads to another one.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Takes connections for as long as the test's process lives.
    pub(crate) fn start(to: u16, fate: Fate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = count.fetch_add(1, Ordering::SeqCst);
                if matches!(fate, Fate::Refuse(refused) if number < refused) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (mut from, mut into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut into);
                    let _ = into.shutdown(Shutdown::Write);
                });
                std::thread::spawn(move || pass(server, client, fate));
            }
        });
        Self { port, connections }
    }

    /// How many connections came so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn pass(mut server: TcpStream, mut client: TcpStream, fate: Fate) {
    let mut left = match fate {
        Fate::Cut(bytes) | Fate::Hang(bytes) => bytes,
        Fate::Refuse(_) => usize::MAX,
    };
    let mut piece = [0; 4096];
    while left > 0 {
        let room = piece.len().min(left);
        let Ok(length @ 1..) = server.read(&mut piece[..room]) else { break };
        if client.write_all(&piece[..length]).is_err() {
            break;
        }
        left -= length;
    }
    if matches!(fate, Fate::Hang(_)) && left == 0 {
        std::thread::sleep(Duration::from_secs(30));
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
