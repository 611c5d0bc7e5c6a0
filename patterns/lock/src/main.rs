//! Counts with and without a lock, then moves money between accounts with a lock for each of them.

use std::collections::BTreeMap;
use std::process::ExitCode;
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

static COUNT: Shared<u64> = Shared::new(0);
static BALANCES: Shared<BTreeMap<char, i64>> = Shared::new(BTreeMap::new());

const AT_FIRST: i64 = 100;
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
    for (way, how) in [
        (Way::Unlocked, "no lock: read, await, write"),
        (Way::Locked, "KeyedLock: the same, with a key held"),
        (
            Way::InClosure,
            "Shared: await, then read and write in one closure",
        ),
    ] {
        COUNT.with(|count| *count = 0);
        let locks = KeyedLock::new();
        let add_up = |_| add_up(locks.clone(), way, increments);
        let tasks: JoinSet<()> = (0..workers).map(add_up).collect();
        tasks.join_all().await;
        let count = COUNT.with(|count| *count);
        say!("{count:>8} of {:<8}  {how}", workers * increments);
    }
    say!("");
    do_business(args.accounts).await
}

#[derive(Clone, Copy)]
enum Way {
    Unlocked,
    Locked,
    InClosure,
}

/// One worker: adds one to the counter, again and again.
async fn add_up(locks: KeyedLock<&str>, way: Way, increments: u64) {
    for _ in 0..increments {
        let _guard = match way {
            Way::Locked => Some(locks.lock("counter").await),
            Way::Unlocked | Way::InClosure => None,
        };
        let read = COUNT.with(|count| *count);
        // Stands for a query, a request, a file: without a lock the other workers read the same.
        yield_now().await;
        COUNT.with(|count| match way {
            Way::Unlocked | Way::Locked => *count = read + 1,
            Way::InClosure => *count += 1,
        });
    }
}

/// Each two neighbours pay each other, all at once, and an audit follows.
async fn do_business(accounts: u8) -> anyhow::Result<String> {
    title!("{accounts} accounts with {AT_FIRST} each");
    let names: Vec<char> = ('A'..).take(accounts.into()).collect();
    let opened = names.iter().map(|&name| (name, AT_FIRST));
    BALANCES.with(|balances| balances.extend(opened));
    let locks = KeyedLock::new();

    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for pair in names.chunks_exact(2) {
        for (from, to, amount) in [(pair[0], pair[1], 20), (pair[1], pair[0], 5)] {
            let transfer = transfer(locks.clone(), from, to, amount);
            tasks.spawn(track_value(&format!("{from} to {to}"), transfer));
        }
    }
    tasks.spawn(track_value("audit", audit(locks.clone(), names)));
    tasks.join_all().await;
    let took = start.elapsed();

    let before = i64::from(accounts) * AT_FIRST;
    let after: i64 = BALANCES.with(|balances| balances.values().sum());
    let left = locks.in_use();
    say!("");
    say!("{before} in all before, {after} after; {left} locks are left");
    let in_turn = TRANSFER * u32::from(accounts / 2 * 2) + LOOK_UP * u32::from(accounts);
    let all = ("one lock for all", in_turn);
    Ok(speed::compare(all, ("a lock for each", took)))
}

/// Runs the work while it holds these accounts, and nobody else holds one of them.
async fn hold(locks: &KeyedLock<char>, names: &[char], work: impl Future<Output = ()>) {
    let guards = locks.lock_all(names.iter().copied());
    let _guards = guards.waiting("for the accounts").await;
    say!("holds {}", String::from_iter(names));
    work.holding("the accounts").await;
}

fn balance(name: char) -> i64 {
    BALANCES.with(|balances| balances[&name])
}

/// Another transfer from or to one of the two would be lost, if it came in the meantime.
async fn transfer(locks: KeyedLock<char>, from: char, to: char, amount: i64) {
    let work = async {
        let (from_has, to_has) = (balance(from) - amount, balance(to) + amount);
        sleep(TRANSFER).await;
        let moved = [(from, from_has), (to, to_has)];
        BALANCES.with(|balances| balances.extend(moved));
        say!("moved {amount}: {from} has {from_has}, {to} has {to_has}");
    };
    hold(&locks, &[from, to], work).await;
}

/// Adds up the accounts, one after the other: a transfer in the meantime would be half seen.
async fn audit(locks: KeyedLock<char>, names: Vec<char>) {
    let work = async {
        let mut total = 0;
        for &name in &names {
            sleep(LOOK_UP).await;
            total += balance(name);
        }
        say!("{total} in all");
    };
    hold(&locks, &names, work).await;
}
