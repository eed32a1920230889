//! A door in front of a server that can be slammed: how a database "goes away" in the middle of something.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Forwards connections until it is cut.
pub struct Proxy {
    /// Where to connect instead of the server.
    pub address: std::net::SocketAddr,
    cut: CancellationToken,
}

impl Proxy {
    /// Listens on a free port and forwards to `target` (`host:port`).
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let (cut, target) = (CancellationToken::new(), target.to_owned());
        let proxy = Self { address: listener.local_addr().expect("its address"), cut: cut.clone() };
        tokio::spawn(async move {
            while let Some(Ok((mut inside, _))) = cut.run_until_cancelled(listener.accept()).await {
                let (cut, target) = (cut.clone(), target.clone());
                tokio::spawn(async move {
                    let mut outside = TcpStream::connect(&target).await.expect("the server behind the proxy");
                    let _ = cut.run_until_cancelled(copy_bidirectional(&mut inside, &mut outside)).await;
                });
            }
        });
        proxy
    }

    /// Breaks all connections and refuses new ones.
    pub fn cut(&self) {
        self.cut.cancel();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}
