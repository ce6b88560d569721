//! A mail server on the loopback address that takes mail by RFC 5321, and delivers it to nobody.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// How connections to a mail server are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    None,
    /// When the client asks for it; mail is taken afterwards only.
    Starttls,
    /// From the first byte.
    Tls,
}

/// A mail server. It ends with its process.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    directory: TempDir,
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// The sender, as the envelope has it.
    pub from: String,
    /// Who gets it, as the envelope has it.
    pub to: Vec<String>,
    /// Header and body.
    pub text: String,
    /// Who handed it in.
    pub user: Option<String>,
    /// Whether the connection was protected.
    pub is_protected: bool,
}

#[derive(Debug, Default)]
struct Shared {
    taken: Vec<TakenMail>,
    refusals: VecDeque<String>,
}

/// What a connection needs to know.
struct Service {
    protection: Protection,
    tls: Arc<ServerConfig>,
    shared: Arc<Mutex<Shared>>,
}

/// How a conversation goes on.
enum Ending {
    Over,
    Starttls,
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

// === impl MailServer ===

impl MailServer {
    /// The only account of a server: name and password.
    pub const ACCOUNT: (&str, &str) = ("shop", "swordfish");

    /// A server with a certificate of its own for `localhost`.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn start(protection: Protection) -> Self {
        let directory =
            TempDir::with_prefix("shipway-mail-").expect("a temporary directory can be made");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.expect("a certificate can be made");
        std::fs::write(certificate_in(directory.path()), made.cert.pem())
            .expect("a file can be written");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key))
            .expect("the key is that of the certificate");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let service = Arc::new(Service {
            protection,
            tls: Arc::new(tls),
            shared: Arc::clone(&shared),
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let service = Arc::clone(&service);
                // A client that goes away is no error of the test.
                thread::spawn(move || service.serve(stream));
            }
        });
        Self {
            port,
            shared,
            directory,
        }
    }

    /// Its port; its host is `localhost`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with its certificate, which clients have to trust.
    pub fn certificate(&self) -> PathBuf {
        certificate_in(self.directory.path())
    }

    /// Answers the next recipients so, such as `451 try later`.
    pub fn refuse(&self, answers: impl IntoIterator<Item = &'static str>) {
        let answers = answers.into_iter().map(str::to_owned);
        lock(&self.shared).refusals.extend(answers);
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<TakenMail> {
        lock(&self.shared).taken.clone()
    }
}

// === impl Service ===

impl Service {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        match self.protection {
            Protection::Tls => self.talk_protected(stream, true),
            Protection::None | Protection::Starttls => {
                let copy = stream.try_clone()?;
                match self.talk(Box::new(copy), false, true)? {
                    Ending::Over => Ok(()),
                    Ending::Starttls => self.talk_protected(stream, false),
                }
            }
        }
    }

    fn talk_protected(&self, stream: TcpStream, greets: bool) -> io::Result<()> {
        let connection = ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
        let stream = StreamOwned::new(connection, stream);
        self.talk(Box::new(stream), true, greets).map(drop)
    }

    fn talk(
        &self,
        stream: Box<dyn Stream>,
        is_protected: bool,
        greets: bool,
    ) -> io::Result<Ending> {
        let mut talk = Talk {
            service: self,
            stream: BufReader::new(stream),
            is_protected,
            mail: TakenMail {
                from: String::new(),
                to: Vec::new(),
                text: String::new(),
                user: None,
                is_protected,
            },
        };
        if greets {
            talk.say("220 localhost ESMTP")?;
        }
        talk.go_on()
    }
}

/// A conversation with a client.
struct Talk<'a> {
    service: &'a Service,
    stream: BufReader<Box<dyn Stream>>,
    is_protected: bool,
    mail: TakenMail,
}

// === impl Talk ===

impl Talk<'_> {
    fn say(&mut self, line: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes())?;
        stream.flush()
    }

    fn hear(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let length = self.stream.read_line(&mut line)?;
        Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn go_on(&mut self) -> io::Result<Ending> {
        let may_ask = self.service.protection == Protection::Starttls && !self.is_protected;
        while let Some(line) = self.hear()? {
            let upper = line.to_ascii_uppercase();
            let words: Vec<&str> = upper.split_whitespace().collect();
            match words.first().copied().unwrap_or_default() {
                "EHLO" if may_ask => self.say("250-localhost\r\n250 STARTTLS")?,
                "EHLO" => self.say("250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN")?,
                "STARTTLS" if may_ask => {
                    self.say("220 go ahead")?;
                    return Ok(Ending::Starttls);
                }
                "QUIT" => {
                    self.say("221 bye")?;
                    return Ok(Ending::Over);
                }
                "RSET" | "NOOP" => self.say("250 ok")?,
                _ if may_ask => self.say("530 must issue STARTTLS first")?,
                "AUTH" => self.check_account(line.split_whitespace().nth(2))?,
                "MAIL" => {
                    self.mail.from = address(&line);
                    self.say("250 ok")?;
                }
                "RCPT" => self.add_recipient(&line)?,
                "DATA" => self.take()?,
                _ => self.say("502 not known here")?,
            }
        }
        Ok(Ending::Over)
    }

    fn check_account(&mut self, response: Option<&str>) -> io::Result<()> {
        let (user, password) = MailServer::ACCOUNT;
        let expected = STANDARD.encode(format!("\0{user}\0{password}"));
        if response == Some(&expected) {
            self.mail.user = Some(user.to_owned());
            self.say("235 welcome")
        } else {
            self.say("535 wrong credentials")
        }
    }

    fn add_recipient(&mut self, line: &str) -> io::Result<()> {
        let refusal = lock(&self.service.shared).refusals.pop_front();
        match refusal {
            Some(refusal) => self.say(&refusal),
            None => {
                self.mail.to.push(address(line));
                self.say("250 ok")
            }
        }
    }

    /// Up to a line with nothing but a dot; a dot at the beginning of another one is doubled.
    fn take(&mut self) -> io::Result<()> {
        if self.mail.to.is_empty() {
            return self.say("503 nobody gets it");
        }
        self.say("354 go on")?;
        let mut text = String::new();
        while let Some(line) = self.hear()? {
            if line == "." {
                break;
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
        }
        self.mail.text = text;
        let taken = self.mail.clone();
        lock(&self.service.shared).taken.push(taken);
        self.mail.to.clear();
        self.say("250 taken")
    }
}

/// What stands in angle brackets.
fn address(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or("", |(address, _)| address).to_owned()
}

fn certificate_in(directory: &Path) -> PathBuf {
    directory.join("certificate.pem")
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
