//! A service for a demo to ask: the one that it was given, or else one of its own.

use std::time::Duration;

use reqwest::{Client, Url};

use crate::client;
use crate::demo::pretend;
use crate::server::{Item, Server};

/// A service that can be asked.
#[derive(Debug)]
pub struct Service {
    /// Asks it.
    pub client: Client,
    asked: Asked,
}

#[derive(Debug)]
enum Asked {
    Given(Url),
    BuiltIn(Server),
}

impl Service {
    /// The service at this address, or else a [`Server`] that is started now, on this machine only.
    ///
    /// # Errors
    /// When the client cannot be set up, or the server not started.
    pub async fn start(given: Option<Url>) -> anyhow::Result<Self> {
        Ok(match given {
            Some(url) => Service {
                client: client::system()?,
                asked: Asked::Given(url),
            },
            None => Service {
                client: client::loopback()?,
                asked: Asked::BuiltIn(Server::start().await?),
            },
        })
    }

    /// Where to ask for this item. A given service has one address, and knows no items.
    pub fn url(&self, item: &Item) -> Url {
        match &self.asked {
            Asked::Given(url) => url.clone(),
            Asked::BuiltIn(server) => server.url(item),
        }
    }

    /// Lets time pass in the story of the built-in service. A given one is asked at full speed.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    pub async fn pretend(&self, takes: Duration) {
        match self.asked {
            Asked::Given(_) => {}
            Asked::BuiltIn(_) => pretend(takes).await,
        }
    }

    /// Stops the built-in service.
    ///
    /// # Panics
    /// As [`Server::shutdown`].
    pub async fn stop(self) {
        if let Asked::BuiltIn(server) = self.asked {
            server.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::fetch;

    #[tokio::test(start_paused = true)]
    async fn only_the_built_in_service_is_pretended_to_take_time() {
        let ms = Duration::from_millis;
        let server = Server::start().await.unwrap();
        let given = Service {
            client: client::loopback().unwrap(),
            asked: Asked::Given(server.url(&Item::new("real"))),
        };
        let built_in = Service::start(None).await.unwrap();
        for (service, takes) in [(given, ms(0)), (built_in, ms(300))] {
            let start = Instant::now();
            let url = service.url(&Item::new("slow").delay(ms(200)));
            let status = fetch::status(&service.client, url).await.unwrap();
            assert_eq!(status, 200);
            service.pretend(ms(100)).await;
            assert_eq!(start.elapsed(), takes);
            service.stop().await;
        }
        server.shutdown().await;
    }
}
