//! A store that speaks S3, of the test's own, on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// The bucket that is there.
const BUCKET: &str = "backups";

const KEY: &str = "of-this-test";
const SECRET: &str = "of-this-test-alone";

/// A store with one bucket. It checks every request's signature.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    parts: Arc<Parts>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    // The last field: it removes the directory.
    directory: TempDir,
}

/// Parts of objects.
#[derive(Debug)]
struct Parts {
    /// How many came.
    came: watch::Sender<usize>,
    /// How many are taken; more wait.
    taken: watch::Sender<usize>,
}

impl S3Server {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts a thread")]
    pub fn new() -> Self {
        let directory = TempDir::with_prefix("shipway-s3-").expect("a directory");
        std::fs::create_dir(directory.path().join(BUCKET)).expect("it is empty");
        let files = FileSystem::new(directory.path()).expect("it is there");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let parts = Arc::new(Parts {
            came: watch::Sender::new(0),
            taken: watch::Sender::new(usize::MAX),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&parts);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(&listener, &service, &shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            parts,
            stop: Some(stop),
            thread: Some(thread),
            directory,
        }
    }

    /// The section of `shipway.yml` that names its bucket.
    #[must_use]
    pub fn section(&self) -> String {
        format!(
            "{{ bucket: {BUCKET}, prefix: shop, endpoint: 'http://{}' }}",
            self.address
        )
    }

    /// The variables that let one in.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &'static str); 2] {
        [
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ]
    }

    /// Where it keeps an object.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(BUCKET).join(name)
    }

    /// How many parts of objects came.
    #[must_use]
    pub fn parts(&self) -> usize {
        *self.parts.came.borrow()
    }

    /// Takes so many parts in all; those that come then wait.
    pub fn take_parts(&self, count: usize) {
        self.parts.taken.send_replace(count);
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: &TcpListener, service: &S3Service, parts: &Arc<Parts>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (service, parts) = (service.clone(), Arc::clone(parts));
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(request, &service, &parts));
            // A client that goes away is none of its business.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    service: &S3Service,
    parts: &Parts,
) -> Result<Response<Body>, HttpError> {
    let query = request.uri().query().unwrap_or_default();
    if query.contains("partNumber=") {
        let mut number = 0;
        parts.came.send_modify(|came| {
            *came += 1;
            number = *came;
        });
        let mut taken = parts.taken.subscribe();
        // It fails when the server ends.
        let _ = taken.wait_for(|taken| *taken >= number).await;
    }
    service.call(request.map(Body::from)).await
}
