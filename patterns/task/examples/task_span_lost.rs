//! Mistake: a task is spawned inside of a tracing span, and what it logs is outside of it. A span is
//! current on the thread that polls, while it is entered; a task must carry its own.

use std::time::Duration;

use task::Tasks;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span, info_span};

/// The name of the span that a line logged here would stand in.
async fn current() -> Option<&'static str> {
    Some(Span::current().metadata()?.name())
}

/// Returns the span of the spawned task.
pub async fn mistake() -> Option<&'static str> {
    let handler = async { tokio::spawn(current()).await.expect("it does not panic") };
    handler.instrument(info_span!("request")).await
}

/// Returns the span of the spawned task.
pub async fn with_instrument() -> Option<&'static str> {
    let handler = async {
        let (answer, answered) = oneshot::channel();
        let tasks = Tasks::<String>::new(|name, failure| eprintln!("{name} {failure:#}"));
        let work = async {
            let _ = answer.send(current().await);
            Ok(())
        };
        let started = tasks.spawn("audit", |_| work.in_current_span());
        started.expect("the set is not stopped");
        tasks.stop(Duration::MAX, Duration::ZERO).await;
        answered.await.expect("the task has answered")
    };
    handler.instrument(info_span!("request")).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry());
    println!("mistake: in the span {:?}", mistake().await);
    println!("recipe:  in the span {:?}", with_instrument().await);
}
