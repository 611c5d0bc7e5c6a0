//! Mistake: a call of an async function without `.await`. It makes a future and drops it. By default
//! that is a warning; the first line makes it an error. Does not compile.
#![deny(unused_must_use)]

async fn save() {}

async fn handle() {
    save();
}

async fn in_a_block() {
    async {
        save().await;
    };
}

fn main() {
    drop((handle(), in_a_block()));
}
