//! What the compiler makes of a call in a spawned task that lends a reference, with nothing but
//! `std`. Does not compile.

use std::future::Future;

fn spawn(_: impl Future + Send) {}

async fn with_resource<R>(mut resource: R, body: impl AsyncFnOnce(&mut R)) {
    body(&mut resource).await;
}

fn main() {
    // What has no reference in its type compiles.
    spawn(async { with_resource(String::from("ann"), async |_| ()).await });
    spawn(async { with_resource("ann", async |_| ()).await });
}
