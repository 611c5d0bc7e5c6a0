//! Counts with and without a lock, then moves money between accounts with a lock for each of them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, value_parser};
use common::timeline::{Bars as _, track_value};
use common::{demo, say, speed, title};
use lock::{KeyedLock, Shared};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep};

/// Add to one counter from many tasks, then move money between accounts.
///
/// The counter loses updates when a task awaits between reading and writing; two ways mend that.
/// Then each two neighbours pay each other at once, and an audit adds up all accounts.
#[derive(Parser)]
#[command(bin_name = "cargo run -p lock --")]
struct Args {
    /// The tasks that add to the counter, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = value_parser!(u64).range(1..=1000))]
    workers: u64,

    /// How often each of them adds 1, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = value_parser!(u64).range(1..=1000))]
    increments: u64,

    /// The accounts, 2 to 26
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = value_parser!(u8).range(2..=26))]
    accounts: u8,
}

/// What is in each account at first.
const START: i64 = 100;
/// How long a transfer takes, between reading the balances and writing them.
const TRANSFER: Duration = Duration::from_millis(100);
/// How long the audit takes for each account.
const LOOK_UP: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    demo::run(tell)
}

async fn tell(args: Args) -> anyhow::Result<String> {
    let (workers, increments) = (args.workers, args.increments);
    title!("{workers} workers add 1 to a counter, {increments} times each");
    let told = |count, how| say!("{count:>8} of {:<8}  {how}", workers * increments);
    let count = add_up(&args, read_await_write).await;
    told(count, "no lock: read, await, write");
    let count = add_up(&args, read_await_write_locked).await;
    told(count, "KeyedLock: the same, with a key held");
    let count = add_up(&args, await_read_write).await;
    told(count, "Shared: await, then read and write in one closure");
    say!("");
    do_business(args.accounts).await
}

#[derive(Default)]
struct Counter {
    count: Shared<u64>,
    locks: KeyedLock<&'static str>,
}

/// Lets every worker add to a new counter, and returns what it has in the end.
async fn add_up<F>(args: &Args, add_one: fn(Arc<Counter>) -> F) -> u64
where
    F: Future<Output = ()> + Send + 'static,
{
    let counter = Arc::new(Counter::default());
    let mut workers = JoinSet::new();
    for _ in 0..args.workers {
        let (counter, increments) = (counter.clone(), args.increments);
        workers.spawn(async move {
            for _ in 0..increments {
                add_one(counter.clone()).await;
            }
        });
    }
    workers.join_all().await;
    counter.count.with(|count| *count)
}

async fn read_await_write(counter: Arc<Counter>) {
    let read = counter.count.with(|count| *count);
    // Stands for a query, a request, a file: here the other workers read the same number.
    yield_now().await;
    counter.count.with(|count| *count = read + 1);
}

async fn read_await_write_locked(counter: Arc<Counter>) {
    let _guard = counter.locks.lock("counter").await;
    read_await_write(counter.clone()).await;
}

async fn await_read_write(counter: Arc<Counter>) {
    yield_now().await;
    counter.count.with(|count| *count += 1);
}

#[derive(Default)]
struct Bank {
    balances: Shared<BTreeMap<char, i64>>,
    locks: KeyedLock<char>,
}

impl Bank {
    /// Runs the work while it holds these accounts, and nobody else holds one of them.
    async fn hold(&self, names: &[char], work: impl Future<Output = ()>) {
        let guards = self.locks.lock_all(names.iter().copied());
        let _guards = guards.waiting("for the accounts").await;
        say!("holds {}", String::from_iter(names));
        work.holding("the accounts").await;
    }

    fn balance(&self, name: char) -> i64 {
        self.balances.with(|balances| balances[&name])
    }
}

/// Each two neighbours pay each other, all at once, and an audit follows.
async fn do_business(accounts: u8) -> anyhow::Result<String> {
    let names: Vec<char> = ('A'..).take(accounts.into()).collect();
    let bank = Arc::new(Bank::default());
    let opened = names.iter().map(|&name| (name, START));
    bank.balances.with(|balances| balances.extend(opened));

    title!("{accounts} accounts with {START} each");
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for pair in names.chunks_exact(2) {
        let (one, other) = (pair[0], pair[1]);
        for (from, to, amount) in [(one, other, 20), (other, one, 5)] {
            let transfer = transfer(bank.clone(), from, to, amount);
            tasks.spawn(track_value(&format!("{from} to {to}"), transfer));
        }
    }
    tasks.spawn(track_value("audit", audit(bank.clone(), names)));
    tasks.join_all().await;
    let took = start.elapsed();

    let before = i64::from(accounts) * START;
    let after: i64 = bank.balances.with(|balances| balances.values().sum());
    let locks = bank.locks.in_use();
    say!("");
    say!("{before} in all before, {after} after; {locks} locks are left");
    let in_turn = TRANSFER * u32::from(accounts / 2 * 2) + LOOK_UP * u32::from(accounts);
    Ok(speed::compare(
        ("one lock for all", in_turn),
        ("a lock for each", took),
    ))
}

/// Another transfer from or to one of the two would be lost, if it came in the meantime.
async fn transfer(bank: Arc<Bank>, from: char, to: char, amount: i64) {
    let work = async {
        let (from_has, to_has) = (bank.balance(from) - amount, bank.balance(to) + amount);
        sleep(TRANSFER).await;
        bank.balances.with(|balances| {
            balances.insert(from, from_has);
            balances.insert(to, to_has);
        });
        say!("moved {amount}: {from} has {from_has}, {to} has {to_has}");
    };
    bank.hold(&[from, to], work).await;
}

/// Adds up the accounts, one after the other: a transfer in the meantime would be half seen.
async fn audit(bank: Arc<Bank>, names: Vec<char>) {
    let work = async {
        let mut total = 0;
        for &name in &names {
            sleep(LOOK_UP).await;
            total += bank.balance(name);
        }
        say!("{total} in all");
    };
    bank.hold(&names, work).await;
}
