//! Serving the table by HTTP on the loopback interface, on a thread of its own: the file's waits hold up nobody else.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use dynoxide::Database;
use tokio::sync::watch;

/// How long requests under way may take to finish at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// A thread that serves until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on a port that the system chooses.
    pub(super) fn start(database: Database) -> Result<Self, String> {
        let trouble =
            |error: std::io::Error| format!("The table cannot be served on the loopback interface: {}.", error.kind());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(trouble)?;
        let address = listener.local_addr().map_err(trouble)?;
        listener.set_nonblocking(true).map_err(trouble)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(trouble)?;
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || runtime.block_on(serve(listener, database, stopped)))
            .map_err(trouble)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener, database: Database, mut stopped: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the table cannot be served"),
    };
    let mut signal = stopped.clone();
    let shutdown = async move { drop(signal.wait_for(|stop| *stop).await) };
    let serving = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, shutdown));
    drop(stopped.wait_for(|stop| *stop).await);
    // Whatever is left of connections then ends with the runtime.
    if tokio::time::timeout(PATIENCE, serving).await.is_err() {
        tracing::warn!("a request to the table was cut off");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the table's thread panicked");
        }
    }
}
