//! Mistake: an async function awaits itself. Its future would contain itself. Does not compile.

async fn depth(levels: u64) -> u64 {
    if levels == 0 {
        0
    } else {
        1 + depth(levels - 1).await
    }
}

fn main() {
    drop(depth(3));
}
