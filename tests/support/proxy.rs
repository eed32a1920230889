//! A door in front of a server that can be slammed and opened again: how a database "goes away" in the middle of
//! something.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Forwards connections until it is cut.
pub struct Proxy {
    /// Where to connect instead of the server.
    pub address: std::net::SocketAddr,
    /// Breaks the connections of now.
    cut: Arc<Mutex<CancellationToken>>,
    end: CancellationToken,
}

impl Proxy {
    /// Listens on a free port and forwards to `target` (`host:port`).
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (cut, end, target) =
            (Arc::new(Mutex::new(CancellationToken::new())), CancellationToken::new(), target.to_owned());
        let proxy = Self { address, cut: Arc::clone(&cut), end: end.clone() };
        tokio::spawn(async move {
            while let Some(Ok((mut inside, _))) = end.run_until_cancelled(listener.accept()).await {
                let cut = cut.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let target = target.clone();
                // Whoever comes while it is cut is let in and thrown out.
                tokio::spawn(cut.run_until_cancelled_owned(async move {
                    let mut outside = TcpStream::connect(&target).await.expect("the server behind the proxy");
                    let _ = copy_bidirectional(&mut inside, &mut outside).await;
                }));
            }
        });
        proxy
    }

    /// Breaks all connections and lets no new ones through.
    pub fn cut(&self) {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    /// Lets new ones through again.
    pub fn mend(&self) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.end.cancel();
    }
}
