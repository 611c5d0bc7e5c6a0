//! The book in a real browser: headless Chromium, driven through chromedriver.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod bars;
#[cfg(unix)]
mod broken;
mod driver;
mod find;
mod pages;
mod player;
mod runs;
mod search;
mod take;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock};
use std::{env, fs, io};

use docs::run::{Limits, Programs, Runs};
use docs::{book, pattern, serve};
use driver::{Driver, Session};
use libtest_mimic::{Arguments, Failed, Trial};
use support::html::{attribute, files, tags};
use support::skipped;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::task::AbortOnDropHandle;

/// A session is a whole browser: more of them than this do not make the tests faster.
const SESSIONS: usize = 2;

/// What a test found wrong, or what stopped it.
type Checked = Result<(), Failed>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let threads = arguments.test_threads.unwrap_or(SESSIONS);
    arguments.test_threads = Some(threads.min(SESSIONS));

    let world = Arc::new(World::new());
    let mut trials = pages::trials(&world);
    trials.extend(access::trials(&world));
    let mut with_axe = pages::axe_trials(&world);
    with_axe.extend(access::axe_trials(&world));
    if let Err(reason) = driver::axe() {
        eprintln!("\nWHETHER EVERYBODY CAN USE THE BOOK IS NOT TESTED: {reason}\n");
        with_axe = skipped(with_axe, &reason);
    }
    trials.extend(with_axe);
    trials.extend(search::trials(&world));
    trials.extend(find::trials(&world));
    trials.extend(player::trials(&world));
    trials.extend(bars::trials(&world));
    trials.extend(runs::trials(&world));
    trials.extend(take::trials(&world));
    #[cfg(unix)]
    trials.extend(broken::trials(&world));
    if let Err(reason) = driver::programs() {
        if env::var_os("CI").is_some() {
            eprintln!("\nTHE BOOK IS NOT TESTED IN A BROWSER: {reason}\n");
        }
        trials = skipped(trials, &reason);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The demos, built once, when there is a browser to start them.
fn demos() -> Programs {
    if driver::programs().is_err() {
        return Programs::Cargo;
    }
    let demos = support::programs()
        .iter()
        .filter(|program| !program.is_test);
    Programs::Ready(
        demos
            .map(|demo| (demo.name.clone(), vec![demo.executable.clone().into()]))
            .collect(),
    )
}

/// The book as it is served.
struct Site {
    /// `http://127.0.0.1:1234`
    origin: String,
    /// Every page as it was built, by its path in the book.
    pages: BTreeMap<PathBuf, String>,
    ids: OnceLock<BTreeMap<PathBuf, BTreeSet<String>>>,
    /// The built files.
    book: TempDir,
    _server: AbortOnDropHandle<io::Result<()>>,
}

impl Site {
    /// Serves a book whose pages may run these programs.
    async fn serve(book: TempDir, programs: Programs, limits: Limits) -> Self {
        let runs = Runs::new(pattern::workspace(), programs, limits).expect("a token");
        runs.allow(book.path()).expect("the pages take the token");
        let listener = serve::listen(0).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let folder = book.path().to_path_buf();
        let server = async move { serve::serve_and_run(listener, &folder, &runs).await };
        Site {
            origin: format!("http://{address}"),
            pages: files(book.path(), ".html"),
            ids: OnceLock::new(),
            book,
            _server: AbortOnDropHandle::new(tokio::spawn(server)),
        }
    }

    /// The anchors of each page, without those that scripts make.
    fn ids(&self) -> &BTreeMap<PathBuf, BTreeSet<String>> {
        let of = |html: &str| {
            tags(html)
                .iter()
                .filter_map(|tag| attribute(tag, "id"))
                .collect()
        };
        let all = || {
            self.pages
                .iter()
                .map(|(page, html)| (page.clone(), of(html)))
        };
        self.ids.get_or_init(|| all().collect())
    }

    /// The same book from another server, with other programs.
    #[cfg(unix)]
    async fn with(&self, programs: Programs, limits: Limits) -> Self {
        let book = tempfile::tempdir().expect("a temporary folder");
        copy(self.book.path(), book.path()).expect("the book is copied");
        Site::serve(book, programs, limits).await
    }
}

/// Copies what is in a folder.
#[cfg(unix)]
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in from.read_dir()? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// The server and the browsers. When it is dropped nothing of them is left.
struct World {
    site: Site,
    runtime: Runtime,
    free: Mutex<Vec<Session>>,
    driver: OnceLock<Driver>,
}

impl World {
    fn new() -> Self {
        let book = book::build(&pattern::workspace(), "/").expect("the book builds");
        let runtime = Runtime::new().expect("a runtime");
        let site = runtime.block_on(Site::serve(book, demos(), Limits::default()));
        World {
            site,
            runtime,
            free: Mutex::default(),
            driver: OnceLock::new(),
        }
    }

    /// A test with a session that no other test has meanwhile. One that panics takes it along.
    fn trial(
        self: &Arc<Self>,
        name: impl Into<String>,
        test: impl AsyncFnOnce(&Session, &Site) -> Checked + Send + 'static,
    ) -> Trial {
        let world = Arc::clone(self);
        Trial::test(name, move || {
            let free = world.free.lock().expect("nothing panics in here").pop();
            world.runtime.block_on(async {
                let session = match free {
                    Some(session) => session,
                    None => world.driver.get_or_init(Driver::start).session().await?,
                };
                session.reset(&world.site.origin).await?;
                let checked = test(&session, &world.site).await;
                let mut free = world.free.lock().expect("nothing panics in here");
                free.push(session);
                checked
            })
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let sessions = std::mem::take(self.free.get_mut().expect("nothing panics in there"));
        for session in sessions {
            // The driver ends the browsers that do not end now.
            let _ = self.runtime.block_on(session.close());
        }
    }
}
