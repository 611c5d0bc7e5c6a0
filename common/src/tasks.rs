//! What demos do with their tasks.

use tokio::task::JoinSet;

/// Waits for the tasks and returns their values, in the order in which they came. A task that was
/// cancelled has none.
///
/// # Errors
/// The first failure, and the first panic, which ends the wait. The other tasks run on.
///
/// # Cancel safety
/// Dropping the call loses the values that had come. The tasks run on.
pub async fn values<T: 'static>(tasks: &mut JoinSet<anyhow::Result<T>>) -> anyhow::Result<Vec<T>> {
    let mut values = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Err(stopped) if stopped.is_cancelled() => {}
            ended => values.push(ended??),
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_task_that_was_cancelled_is_no_failure() {
        let mut tasks = JoinSet::new();
        tasks.spawn(pending()).abort();
        tasks.spawn(ready(anyhow::Ok(1)));
        assert_eq!(values(&mut tasks).await.unwrap(), [1]);
        tasks.spawn(ready(Err(anyhow::anyhow!("a failure"))));
        assert_eq!(
            values(&mut tasks).await.unwrap_err().to_string(),
            "a failure"
        );
    }
}
