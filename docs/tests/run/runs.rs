//! Runs that a page of the book starts: who may start one, what it may use, and how it ends.

#![allow(clippy::unwrap_used, reason = "what helps a test may stop it, too")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::demo::Snapshot;
use common::timeline::{self, Timeline, json};
use docs::book::player;
use docs::run::programs;
use docs::run::{Limits, Programs, Runs};
use docs::{book, pattern, serve};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support;

/// What a page gets of a timeline.
fn drawing(timeline: &Timeline, axis: Duration) -> String {
    player::timeline(timeline, axis).into_string()
}

/// A server of a book with one page, and what its page knows.
struct Server {
    port: u16,
    token: String,
    serving: JoinHandle<()>,
    _book: TempDir,
}

impl Server {
    async fn start(workspace: &Path, programs: Programs, limits: Limits) -> Self {
        let book = tempfile::tempdir().unwrap();
        fs::write(book.path().join("index.html"), "<html><head></head></html>").unwrap();
        let runs = Runs::new(workspace.to_path_buf(), programs, limits).unwrap();
        runs.allow(book.path()).unwrap();
        let page = fs::read_to_string(book.path().join("index.html")).unwrap();
        let listener = serve::listen(0).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let path = book.path().to_path_buf();
        let serving = tokio::spawn(async move {
            let ended = serve::serve_and_run(listener, &path, &runs).await;
            panic!("the server ended: {ended:?}");
        });
        Self {
            port,
            token: token(&page).to_owned(),
            serving,
            _book: book,
        }
    }

    /// One that has patterns and no program of them.
    async fn without_programs() -> (Self, TempDir) {
        let workspace = workspace(&["echo"]);
        let programs = Programs::Ready(BTreeMap::new());
        let server = Self::start(workspace.path(), programs, Limits::default()).await;
        (server, workspace)
    }

    /// The headers that the page's browser sends.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let host = format!("127.0.0.1:{}", self.port);
        vec![
            ("Origin", format!("http://{host}")),
            ("Host", host),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
            ("X-Run-Token", self.token.clone()),
            ("Content-Type", "application/json".to_owned()),
        ]
    }

    /// Those headers with another value for one of them, or without it.
    fn headers_but(&self, name: &str, value: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = self.headers();
        let at = headers.iter().position(|header| header.0 == name).unwrap();
        match value {
            Some(value) => headers[at].1 = value.to_owned(),
            None => drop(headers.remove(at)),
        }
        headers
    }

    async fn send(
        &self,
        request: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> BufReader<TcpStream> {
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let mut head = format!("{request} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !headers.iter().any(|header| header.0 == "Transfer-Encoding") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let message = format!("{head}\r\n{body}");
        stream
            .write_all(message.as_bytes())
            .await
            .expect("a request");
        BufReader::new(stream)
    }

    /// What the server answers, as it is on the wire.
    async fn answer(&self, request: &str, headers: &[(&str, String)], body: &str) -> String {
        let mut answer = Vec::new();
        let mut stream = self.send(request, headers, body).await;
        stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8(answer).expect("an answer in UTF-8")
    }

    /// Starts a run.
    async fn run(&self, pattern: &str, arguments: Value) -> Run {
        let body = json!({"pattern": pattern, "arguments": arguments}).to_string();
        let mut headers = self.headers();
        headers.push(accept_encoding());
        let mut stream = self.send("POST /runs", &headers, &body).await;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "{head}");
        }
        Run { head, stream }
    }
}

/// What a browser can read.
fn accept_encoding() -> (&'static str, String) {
    ("Accept-Encoding", "gzip, deflate, br, zstd".to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The answer to a request for a run. Dropping it closes the connection.
struct Run {
    head: String,
    stream: BufReader<TcpStream>,
}

impl Run {
    /// The next event. A chunk holds one.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.unwrap() == 0 {
                return None;
            }
            if line.starts_with('{') {
                return Some(serde_json::from_str(&line).unwrap());
            }
        }
    }

    /// All events to the end.
    async fn events(mut self) -> Vec<Value> {
        assert!(self.head.starts_with("HTTP/1.1 200 "), "{}", self.head);
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            assert_eq!(event.as_object().unwrap().len(), 1, "{event}");
            events.push(event);
        }
        events
    }

    /// The last event, which is the only one that tells an end.
    async fn end(self) -> Value {
        let events = self.events().await;
        let ends = events.iter().filter(|event| event["ended"].is_object());
        assert_eq!(ends.count(), 1, "{events:?}");
        events.last().unwrap()["ended"].clone()
    }
}

/// A workspace with these patterns, each of which takes the same arguments.
fn workspace(patterns: &[&str]) -> TempDir {
    let workspace = tempfile::tempdir().unwrap();
    let argument = |name: &str, takes: Value| json!({"name": name, "help": "", "takes": takes, "default": null, "conflicts": []});
    let choice = |value: &str| json!({"value": value, "help": ""});
    let arguments = json!([
        argument("limit", json!({"number": {"unit": "N"}})),
        argument("say", json!({"choice": [choice("hello"), choice(NASTY)]})),
        argument("paused", json!("nothing")),
    ]);
    for name in patterns {
        let dir = workspace.path().join("patterns").join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("Cargo.toml"), "").unwrap();
        fs::write(dir.join("arguments.json"), arguments.to_string()).unwrap();
    }
    workspace
}

/// What a shell would make something else of.
const NASTY: &str = "a b; $(exit 3) `exit 4` \"c\" 'd' * > e";

/// The token in the head of a page.
fn token(page: &str) -> &str {
    let (head, _) = page.split_once("</head>").expect("a head");
    let (_, rest) = head
        .split_once("<meta name=\"run-token\" content=\"")
        .expect("a token");
    rest.split_once("\">").expect("the end of the token").0
}

const EMPTY: &str = r#"{"timeline":{"length":0.0,"lanes":[],"lines":[]}}"#;

/// Both addresses, each with a body that is accepted or at least understood.
const REQUESTS: [(&str, &str); 2] = [
    ("POST /runs", r#"{"pattern":"none"}"#),
    ("POST /draw", EMPTY),
];

async fn assert_status(server: &Server, headers: &[(&str, String)], status: u16) {
    for (request, body) in REQUESTS {
        let answer = server.answer(request, headers, body).await;
        let start = format!("HTTP/1.1 {status} ");
        assert!(
            answer.starts_with(&start),
            "{request} {headers:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn the_books_own_page_may_ask() {
    let (server, _workspace) = Server::without_programs().await;
    let [runs, draw] = REQUESTS;
    let answer = server.answer(runs.0, &server.headers(), runs.1).await;
    assert!(
        answer.ends_with("there is no pattern \"none\"\n"),
        "{answer}"
    );
    // Not all browsers send this header.
    let headers = server.headers_but("Sec-Fetch-Site", None);
    let answer = server.answer(draw.0, &headers, draw.1).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_page_from_elsewhere_is_refused_by_its_origin() {
    let (server, _workspace) = Server::without_programs().await;
    let port = server.port;
    for origin in [
        "null".to_owned(),
        "http://evil.example".to_owned(),
        format!("http://evil.example:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port - 1),
        format!("http://localhost:{port}"),
        String::new(),
    ] {
        let headers = server.headers_but("Origin", Some(&origin));
        assert_status(&server, &headers, 403).await;
    }
}

#[tokio::test]
async fn a_request_without_an_origin_is_refused() {
    let (server, _workspace) = Server::without_programs().await;
    assert_status(&server, &server.headers_but("Origin", None), 403).await;
}

#[tokio::test]
async fn a_request_for_another_host_is_refused_also_when_its_origin_agrees() {
    let (server, _workspace) = Server::without_programs().await;
    let host = format!("evil.example:{}", server.port);
    let mut headers = server.headers_but("Host", Some(&host));
    headers[0].1 = format!("http://{host}");
    assert_status(&server, &headers, 403).await;
}

#[tokio::test]
async fn a_request_that_the_browser_knows_to_be_from_elsewhere_is_refused() {
    let (server, _workspace) = Server::without_programs().await;
    for site in ["cross-site", "same-site", "none"] {
        let headers = server.headers_but("Sec-Fetch-Site", Some(site));
        assert_status(&server, &headers, 403).await;
    }
}

#[tokio::test]
async fn a_request_without_the_token_or_with_another_is_refused() {
    let (server, _workspace) = Server::without_programs().await;
    assert_status(&server, &server.headers_but("X-Run-Token", None), 403).await;
    let (other, _workspace) = Server::without_programs().await;
    let longer = format!("{}0", server.token);
    for wrong in ["", &server.token[1..], &longer, &other.token] {
        let headers = server.headers_but("X-Run-Token", Some(wrong));
        assert_status(&server, &headers, 403).await;
    }
}

#[tokio::test]
async fn only_post_starts_something_and_no_preflight_is_answered() {
    let (server, _workspace) = Server::without_programs().await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        for path in ["/runs", "/draw", "/runs?pattern=none"] {
            let request = format!("{method} {path}");
            let answer = server.answer(&request, &server.headers(), "").await;
            assert!(answer.starts_with("HTTP/1.1 405 "), "{request}: {answer}");
            assert!(answer.contains("allow: POST\r\n"), "{request}: {answer}");
            assert!(!answer.contains("access-control"), "{request}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_a_form_from_elsewhere_can_send_is_refused_by_its_type() {
    let (server, _workspace) = Server::without_programs().await;
    assert_status(&server, &server.headers_but("Content-Type", None), 415).await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/jsonp",
    ] {
        let headers = server.headers_but("Content-Type", Some(kind));
        assert_status(&server, &headers, 415).await;
    }
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused() {
    let workspace = workspace(&["echo"]);
    let limits = Limits {
        body: 100,
        drawing: 200,
        ..Limits::default()
    };
    let programs = Programs::Ready(BTreeMap::new());
    let server = Server::start(workspace.path(), programs, limits).await;
    for ((request, body), most) in REQUESTS.into_iter().zip([100, 200]) {
        let fitting = format!("{body:<most$}");
        let answer = server.answer(request, &server.headers(), &fitting).await;
        assert!(!answer.starts_with("HTTP/1.1 413 "), "{request}: {answer}");
        let answer = server
            .answer(request, &server.headers(), &format!("{fitting} "))
            .await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{request}: {answer}");
        // One that does not say how long it is.
        let mut headers = server.headers();
        headers.push(("Transfer-Encoding", "chunked".to_owned()));
        let chunked = format!("{:x}\r\n{fitting} \r\n0\r\n\r\n", most + 1);
        let answer = server.answer(request, &headers, &chunked).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{request}: {answer}");
    }
}

#[tokio::test]
async fn what_the_workspace_does_not_have_is_refused_in_one_line() {
    let (server, _workspace) = Server::without_programs().await;
    let refusal = async |body: Value| {
        let answer = server
            .answer("POST /runs", &server.headers(), &body.to_string())
            .await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body}: {answer}");
        let (_, line) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        line.to_owned()
    };
    for name in ["", "none", "../echo", "docs", "echo --bin docs", "echo\n"] {
        let line = refusal(json!({"pattern": name})).await;
        assert!(line.starts_with("there is no pattern"), "{line}");
    }
    for (name, value) in [
        ("live", json!(true)),
        ("timeline", json!("x.svg")),
        ("limit", json!("5 --timeline=x.svg")),
        ("limit", json!("$(exit 3)")),
        ("say", json!("hello; exit 3")),
        ("paused", json!("yes")),
    ] {
        let line = refusal(json!({"pattern": "echo", "arguments": {name: value}})).await;
        assert!(line.contains(name), "{line}");
    }
    let line = refusal(json!({"pattern": "echo", "program": "/bin/sh"})).await;
    assert!(line.contains("program"), "{line}");
    let line = refusal(json!({"pattern": "echo", "axis": -1.0})).await;
    assert!(line.contains("axis"), "{line}");
}

#[tokio::test]
async fn a_timeline_is_drawn_again_along_an_axis() {
    let (server, _workspace) = Server::without_programs().await;
    let recorded = recorded("wait");
    let body = json!({"timeline": recorded, "axis": 900.0}).to_string();
    let answer = server.answer("POST /draw", &server.headers(), &body).await;
    assert!(answer.contains("content-type: text/html"), "{answer}");
    let drawn = drawing(&recorded, std::time::Duration::from_millis(900));
    assert!(answer.ends_with(&drawn), "{answer}");
    assert_ne!(drawn, drawing(&recorded, recorded.length));
    for body in [
        r#"{"timeline":{}}"#,
        "",
        "{",
        r#"{"timeline":null,"axis":1}"#,
    ] {
        let answer = server.answer("POST /draw", &server.headers(), body).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body}: {answer}");
    }
}

#[tokio::test]
async fn no_page_from_elsewhere_can_show_the_book_in_a_frame() {
    let (server, _workspace) = Server::without_programs().await;
    for path in ["/", "/runs", "/nothing"] {
        let answer = server
            .answer(&format!("GET {path}"), &server.headers(), "")
            .await;
        for header in [
            "x-frame-options: SAMEORIGIN\r\n",
            "; frame-ancestors 'self'\r\n",
            "x-content-type-options: nosniff\r\n",
        ] {
            assert!(answer.contains(header), "{path}: {answer}");
        }
    }
}

#[test]
fn the_token_stands_in_the_served_pages_and_in_nothing_else() {
    let built = book::build(&pattern::workspace(), "/").unwrap();
    let files = files(built.path());
    let is_page = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "html")
    };
    // This is the book of `docs -- build`.
    for page in files.iter().filter(|path| is_page(path)) {
        let text = fs::read_to_string(page).unwrap();
        assert!(!text.contains("name=\"run-token\""), "{}", page.display());
    }
    let programs = Programs::Ready(BTreeMap::new());
    let runs = Runs::new(pattern::workspace(), programs, Limits::default()).unwrap();
    runs.allow(built.path()).unwrap();
    let index = fs::read_to_string(built.path().join("index.html")).unwrap();
    let token = token(&index);
    assert_eq!(token.len(), 64);
    assert!(
        token.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{token}"
    );
    for path in &files {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let wanted = usize::from(is_page(path));
        assert_eq!(text.matches(token).count(), wanted, "{}", path.display());
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The timeline that was recorded of a pattern's paused run.
fn recorded(pattern: &str) -> Timeline {
    let file = pattern::workspace().join(format!("patterns/{pattern}/timeline.json"));
    json::read(&fs::read_to_string(file).unwrap()).unwrap()
}

/// The demos of the workspace.
fn demos() -> Programs {
    let demos = support::programs()
        .iter()
        .filter(|program| !program.is_test);
    let command = |path: &PathBuf| vec![OsString::from(path)];
    Programs::Ready(
        demos
            .map(|demo| (demo.name.clone(), command(&demo.executable)))
            .collect(),
    )
}

#[tokio::test]
async fn a_demo_runs_and_ends_with_the_timeline_that_was_recorded() {
    let server = Server::start(&pattern::workspace(), demos(), Limits::default()).await;
    let events = server
        .run("wait", json!({"paused": true}))
        .await
        .events()
        .await;
    let started = json!({"started": {"command": "cargo run -p wait -- --paused"}});
    assert_eq!(events[0], started);
    let [.., frame, ended] = events.as_slice() else {
        panic!("{events:?}");
    };
    let recorded = recorded("wait");
    let html = drawing(&recorded, std::time::Duration::ZERO);
    let length = timeline::milliseconds(recorded.length);
    assert_eq!(frame["frame"], json!({"html": html, "length": length}));
    let ended = &ended["ended"];
    assert_eq!(
        (&ended["state"], &ended["code"]),
        (&json!("done"), &json!(0))
    );
    assert_eq!(ended["message"], Value::Null);
    assert_eq!(ended["timeline"], serde_json::to_value(&recorded).unwrap());
    assert!(ended["notice"].is_string(), "{ended}");
}

#[tokio::test]
async fn the_arguments_of_a_form_are_those_of_the_demo() {
    let server = Server::start(&pattern::workspace(), demos(), Limits::default()).await;
    let arguments = json!({"paused": true, "until": "all"});
    let events = server.run("wait", arguments).await.events().await;
    let command = "cargo run -p wait -- --until all --paused";
    assert_eq!(events[0], json!({"started": {"command": command}}));
    let typed = ["--live", "--paused", "--until=all"];
    let typed = programs::run(support::programs(), "wait", &typed).unwrap();
    let typed: Snapshot = serde_json::from_str(typed.lines().last().unwrap()).unwrap();
    let ended = &events.last().unwrap()["ended"];
    assert_eq!(
        ended["timeline"],
        serde_json::to_value(&typed.timeline).unwrap()
    );
    assert_ne!(typed.timeline, recorded("wait"));
}

#[tokio::test]
async fn a_value_that_only_the_demo_can_judge_is_refused_by_it() {
    let server = Server::start(&pattern::workspace(), demos(), Limits::default()).await;
    let end = server
        .run("semaphore", json!({"limit": "0", "paused": true}))
        .await
        .end()
        .await;
    assert_eq!(
        (&end["state"], &end["code"]),
        (&json!("refused"), &json!(2))
    );
    let message = end["message"].as_str().unwrap();
    assert!(message.contains("--limit"), "{message}");
}

/// Demos that misbehave: shell scripts. The first argument of each is the path of a pipe.
#[cfg(unix)]
mod misbehaving {
    use std::fs::File;
    use std::io::Read as _;
    use std::process::Command;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::support::serving;

    /// Prints a timeline of this length.
    const SNAPSHOT: &str = r#"
        snapshot() {
            printf '{"timeline":{"length":%s,"lanes":[],"lines":[]},"notice":"seen"}\n' "$1"
        }
    "#;

    /// Holds the pipe open until it is killed.
    const HANG: &str = "exec 3>\"$1\"; while :; do sleep 1000; done";

    /// A server with one pattern, whose demo is a script.
    struct Scripted {
        server: Server,
        workspace: TempDir,
    }

    impl Scripted {
        async fn start(script: &str, limits: Limits) -> Self {
            let workspace = workspace(&["demo"]);
            let file = workspace.path().join("demo.sh");
            fs::write(&file, format!("{SNAPSHOT}\n{script}\n")).unwrap();
            pipe(&workspace.path().join("pipe"));
            let command = vec![
                "sh".into(),
                file.into(),
                workspace.path().join("pipe").into(),
            ];
            let programs = Programs::Ready([("demo".to_owned(), command)].into());
            Self {
                server: Server::start(workspace.path(), programs, limits).await,
                workspace,
            }
        }

        async fn run(&self) -> Run {
            self.server.run("demo", json!({})).await
        }

        fn held(&self) -> Held {
            Held::new(self.workspace.path().join("pipe"))
        }
    }

    fn pipe(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    /// The reading end of a pipe that a process and all its children hold open.
    struct Held {
        opened: oneshot::Receiver<()>,
        closed: oneshot::Receiver<String>,
    }

    impl Held {
        // A thread, because it waits where no runtime can.
        fn new(path: PathBuf) -> Self {
            let (open, opened) = oneshot::channel();
            let (close, closed) = oneshot::channel();
            std::thread::spawn(move || {
                let mut pipe = File::open(path).unwrap();
                let _ = open.send(());
                let mut text = String::new();
                pipe.read_to_string(&mut text).unwrap();
                let _ = close.send(text);
            });
            Self { opened, closed }
        }

        /// Waits until the process is there.
        async fn opened(&mut self) {
            (&mut self.opened).await.unwrap();
        }

        /// Waits until nobody holds the pipe any more: the process and its children are gone.
        async fn gone(self) -> String {
            self.closed.await.unwrap()
        }
    }

    /// How a script ends: its state, its code and its message.
    async fn end(script: &str) -> (String, Value, String) {
        let scripted = Scripted::start(script, Limits::default()).await;
        let end = scripted.run().await.end().await;
        let text = |name: &str| end[name].as_str().unwrap_or_default().to_owned();
        (text("state"), end["code"].clone(), text("message"))
    }

    #[tokio::test]
    async fn the_demo_gets_a_vector_of_arguments_and_no_shell_reads_them() {
        let script = r#"exec >"$1"; shift; for one in "$@"; do echo "<$one>"; done"#;
        let scripted = Scripted::start(script, Limits::default()).await;
        let held = scripted.held();
        let arguments = json!({"say": NASTY, "limit": "5", "paused": true});
        let run = scripted.server.run("demo", arguments).await;
        let wanted = format!("<--live>\n<--limit=5>\n<--say={NASTY}>\n<--paused>\n");
        assert_eq!(held.gone().await, wanted);
        run.end().await;
    }

    #[tokio::test]
    async fn the_demo_reads_nothing_and_its_panics_are_short() {
        let (state, _, message) =
            end("cat >&2; echo \"[$RUST_BACKTRACE$RUST_LOG]\" >&2; exit 1").await;
        assert_eq!((state.as_str(), message.as_str()), ("failed", "[0]"));
    }

    #[tokio::test]
    async fn each_end_has_its_state_its_code_and_its_message() {
        let panic = "echo \"thread 'main' panicked at src/main.rs:1:1:\" >&2; echo boom >&2; \
                     echo 'note: run with `RUST_BACKTRACE=1`' >&2";
        let told = "thread 'main' panicked at src/main.rs:1:1:\nboom";
        for (script, state, code, message) in [
            ("snapshot 1.0", "done", json!(0), ""),
            (
                "snapshot 1.0; echo 'a panic of the story' >&2",
                "done",
                json!(0),
                "",
            ),
            (
                "snapshot 1.0; echo 'error: no' >&2; exit 1",
                "failed",
                json!(1),
                "error: no",
            ),
            (
                "echo 'error: --limit' >&2; exit 2",
                "refused",
                json!(2),
                "error: --limit",
            ),
            (&format!("{panic}; exit 101"), "panicked", json!(101), told),
            (&format!("{panic}; exit 1"), "panicked", json!(1), told),
            ("snapshot 1.0; exit 7", "failed", json!(7), ""),
            (
                "snapshot 1.0; kill -KILL $$",
                "killed",
                json!(null),
                "killed by signal 9",
            ),
            (
                ":",
                "failed",
                json!(null),
                "the demo ended without a timeline",
            ),
        ] {
            let found = end(script).await;
            assert_eq!(
                found,
                (state.to_owned(), code, message.to_owned()),
                "{script}"
            );
        }
    }

    #[tokio::test]
    async fn a_run_that_failed_still_has_its_timeline() {
        let scripted =
            Scripted::start("snapshot 1.0; snapshot 2.0; exit 1", Limits::default()).await;
        let events = scripted.run().await.events().await;
        let [.., frame, ended] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(frame["frame"]["length"], json!(2.0));
        assert_eq!(ended["ended"]["timeline"]["length"], json!(2.0));
    }

    #[tokio::test]
    async fn a_line_that_is_no_timeline_ends_the_run() {
        let scripted =
            Scripted::start(&format!("echo '<b>hello</b>'; {HANG}"), Limits::default()).await;
        let end = scripted.run().await.end().await;
        assert_eq!(end["state"], "failed");
        let message = "the demo printed what is no timeline: <b>hello</b>";
        assert_eq!(end["message"], message);
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_does_not_hide_how_the_run_ended() {
        let (state, code, _) = end("snapshot 1.0; printf '{\"timel'; exit 101").await;
        assert_eq!((state.as_str(), code), ("panicked", json!(101)));
    }

    #[tokio::test]
    async fn a_demo_that_cannot_be_started_is_a_failed_run() {
        let workspace = workspace(&["demo"]);
        let missing = vec![workspace.path().join("missing").into()];
        let programs = Programs::Ready([("demo".to_owned(), missing)].into());
        let server = Server::start(workspace.path(), programs, Limits::default()).await;
        let end = server.run("demo", json!({})).await.end().await;
        assert_eq!(end["state"], "failed");
        assert!(
            end["message"]
                .as_str()
                .unwrap()
                .starts_with("cannot run the demo"),
            "{end}"
        );
    }

    #[tokio::test]
    async fn one_run_too_many_is_refused_until_another_has_ended() {
        let limits = Limits {
            runs: 2,
            ..Limits::default()
        };
        let scripted = Scripted::start(HANG, limits).await;
        let mut held = scripted.held();
        let first = scripted.run().await;
        let second = scripted.run().await;
        held.opened().await;
        let refused = scripted.run().await;
        assert!(
            refused.head.starts_with("HTTP/1.1 503 "),
            "{}",
            refused.head
        );
        drop((first, second));
        held.gone().await;
        let mut held = scripted.held();
        let third = scripted.run().await;
        assert!(third.head.starts_with("HTTP/1.1 200 "), "{}", third.head);
        held.opened().await;
    }

    #[tokio::test]
    async fn an_end_that_was_told_has_made_room() {
        let limits = Limits {
            runs: 1,
            ..Limits::default()
        };
        let scripted = Scripted::start("snapshot 1.0", limits).await;
        for _ in 0..5 {
            let mut run = scripted.run().await;
            assert!(run.head.starts_with("HTTP/1.1 200 "), "{}", run.head);
            let mut has_ended = false;
            while let Some(event) = run.next().await
                && !has_ended
            {
                has_ended = event["ended"].is_object();
            }
            assert!(has_ended);
        }
    }

    #[tokio::test]
    async fn a_run_that_takes_too_long_is_killed_at_its_limit() {
        let scripted = Scripted::start(HANG, Limits::default()).await;
        let mut held = scripted.held();
        let run = scripted.run().await;
        held.opened().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(60)).await;
        let end = run.end().await;
        assert_eq!(
            (&end["state"], &end["code"]),
            (&json!("too long"), &json!(null))
        );
        assert_eq!(end["message"], "stopped after 60s");
        held.gone().await;
    }

    #[tokio::test]
    async fn a_run_that_prints_without_end_is_stopped() {
        let limits = Limits {
            output: 100_000,
            ..Limits::default()
        };
        let script = "exec 3>\"$1\"; snapshot 1.0; yes \"$(snapshot 2.0)\"";
        let scripted = Scripted::start(script, limits).await;
        let held = scripted.held();
        let end = scripted.run().await.end().await;
        assert_eq!(end["state"], "too much output");
        assert_eq!(
            end["message"],
            "stopped: the demo printed more than 100000 bytes"
        );
        assert_eq!(end["timeline"]["length"], json!(2.0));
        held.gone().await;
    }

    #[tokio::test]
    async fn a_line_without_end_is_stopped() {
        let limits = Limits {
            line: 100_000,
            ..Limits::default()
        };
        let scripted =
            Scripted::start("exec 3>\"$1\"; snapshot 1.0; yes | tr -d '\\n'", limits).await;
        let held = scripted.held();
        let end = scripted.run().await.end().await;
        assert_eq!(end["state"], "too much output");
        let message = "stopped: the demo printed a line of more than 100000 bytes";
        assert_eq!(end["message"], message);
        held.gone().await;
    }

    #[tokio::test]
    async fn of_megabytes_on_stderr_the_last_lines_are_told() {
        let limits = Limits {
            stderr: 1000,
            ..Limits::default()
        };
        let script = "yes | tr -d '\\n' | head -c 3000000 >&2; echo 'error: the end' >&2; exit 1";
        let scripted = Scripted::start(script, limits).await;
        let end = scripted.run().await.end().await;
        let message = end["message"].as_str().unwrap();
        assert!(message.ends_with("yyy\nerror: the end") || message.ends_with("yyyerror: the end"));
        assert_eq!((&end["state"], message.len()), (&json!("failed"), 999));
    }

    #[tokio::test]
    async fn the_lines_of_a_run_are_not_compressed_and_come_when_they_are_printed() {
        let script = format!("snapshot 1; {HANG}");
        let scripted = Scripted::start(&script, Limits::default()).await;
        let mut run = scripted.run().await;
        assert!(!run.head.contains("content-encoding"), "{}", run.head);
        assert!(run.next().await.unwrap()["started"].is_object());
        // The demo goes on, and its line is here.
        assert_eq!(run.next().await.unwrap()["frame"]["length"], json!(1.0));

        let server = &scripted.server;
        let mut headers = server.headers();
        headers.push(accept_encoding());
        let mut page = server.send("GET /", &headers, "").await;
        let mut answer = Vec::new();
        page.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("content-encoding: gzip\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn a_reader_who_leaves_ends_the_process_and_its_children() {
        let scripted = Scripted::start(&format!("snapshot 1.0; {HANG}"), Limits::default()).await;
        let mut held = scripted.held();
        let mut run = scripted.run().await;
        assert!(run.next().await.unwrap()["started"].is_object());
        held.opened().await;
        drop(run);
        held.gone().await;
    }

    #[tokio::test]
    async fn a_server_that_stops_ends_what_it_has_started() {
        let scripted = Scripted::start(HANG, Limits::default()).await;
        let mut held = scripted.held();
        let run = scripted.run().await;
        held.opened().await;
        scripted.server.serving.abort();
        held.gone().await;
        // The reader has been there all the time.
        drop(run);
    }

    #[tokio::test]
    async fn what_a_demo_leaves_behind_ends_with_it() {
        let script = "exec 3>\"$1\"; snapshot 1.0; sleep 1000 &";
        let scripted = Scripted::start(script, Limits::default()).await;
        let held = scripted.held();
        let end = scripted.run().await.end().await;
        assert_eq!(end["state"], "done");
        held.gone().await;
    }

    #[tokio::test]
    async fn a_reader_who_does_not_read_holds_up_nothing() {
        // Far more than the buffers of a connection and of a pipe hold.
        let script = r#"
            exec 3>"$1"
            long=$(yes | tr -d '\n' | head -c 100000)
            for length in $(seq 200); do
                printf '{"timeline":{"length":%s,"lanes":[],"lines":[' "$length"
                printf '{"at":0.0,"lane":null,"text":"%s"}]},"notice":null}\n' "$long"
            done
        "#;
        let scripted = Scripted::start(script, Limits::default()).await;
        let held = scripted.held();
        let run = scripted.run().await;
        held.gone().await;
        let events = run.events().await;
        let lengths: Vec<_> = events
            .iter()
            .filter_map(|event| event["frame"]["length"].as_f64())
            .collect();
        assert!(lengths.is_sorted(), "{lengths:?}");
        assert_eq!(lengths.last(), Some(&200.0));
        assert!(lengths.len() < 200, "each one was drawn");
        assert_eq!(events.last().unwrap()["ended"]["state"], "done");
    }

    #[tokio::test]
    async fn the_server_lives_on_after_each_of_them() {
        let limits = Limits {
            output: 1000,
            ..Limits::default()
        };
        let scripted = Scripted::start("yes \"$(snapshot 1.0)\"", limits).await;
        for _ in 0..10 {
            assert_eq!(scripted.run().await.end().await["state"], "too much output");
        }
        let answer = scripted
            .server
            .answer("GET /", &scripted.server.headers(), "")
            .await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// A workspace whose one demo has a build that never ends, and holds the pipe open.
    fn endless_build() -> TempDir {
        let workspace = building("fn main() {}");
        let pipe = workspace.path().join("pipe");
        self::pipe(&pipe);
        let script = format!(
            "fn main() {{ let _pipe = std::fs::File::create({pipe:?}); loop {{ std::thread::park(); }} }}"
        );
        fs::write(workspace.path().join("patterns/demo/build.rs"), script).unwrap();
        workspace
    }

    #[tokio::test]
    async fn a_reader_who_leaves_ends_the_build_and_the_next_one_has_waited_for_it() {
        let workspace = endless_build();
        let limits = Limits::default();
        let server = Server::start(workspace.path(), Programs::Cargo, limits).await;
        let mut held = Held::new(workspace.path().join("pipe"));
        let first = server.run("demo", json!({})).await;
        held.opened().await;
        let mut second = server.run("demo", json!({})).await;
        let waiting = json!({"done": 0, "of": null, "now": "waiting for another build"});
        assert_eq!(second.next().await.unwrap(), json!({"building": waiting}));
        drop(first);
        held.gone().await;
        let mut held = Held::new(workspace.path().join("pipe"));
        held.opened().await;
        drop(second);
        held.gone().await;
    }

    #[tokio::test]
    async fn a_build_that_takes_too_long_is_killed_at_its_limit() {
        let workspace = endless_build();
        let limits = Limits {
            build_time: Duration::from_secs(100),
            ..Limits::default()
        };
        let server = Server::start(workspace.path(), Programs::Cargo, limits).await;
        let mut held = Held::new(workspace.path().join("pipe"));
        let run = server.run("demo", json!({})).await;
        held.opened().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(100)).await;
        let end = run.end().await;
        assert_eq!(end["state"], "not built");
        assert_eq!(end["message"], "the build was stopped after 100s");
        held.gone().await;
    }

    #[tokio::test]
    async fn a_signal_ends_the_program_and_what_its_pages_have_started() {
        // Ctrl-C, `kill`, and a terminal that is closed.
        for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
            a_signal_ends_everything(signal, code).await;
        }
    }

    async fn a_signal_ends_everything(signal: &str, code: i32) {
        let dir = tempfile::tempdir().unwrap();
        pipe(&dir.path().join("pipe"));
        // In place of cargo, so that the build never ends. Written by another process: this one may
        // be about to start a third, which would hold the file open while it is to be run.
        let script = "printf '#!/bin/sh\\nexec 3>\"%s/pipe\"; while :; do sleep 1000; done' \"$0\" \
                      >\"$0/cargo\" && chmod +x \"$0/cargo\"";
        let written = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg(dir.path())
            .status();
        assert!(written.unwrap().success());

        let mut command = Command::new(env!("CARGO_BIN_EXE_docs"));
        command.env("CARGO", dir.path().join("cargo"));
        let (mut docs, port) = serving(command).await;
        let mut server = Server {
            port,
            token: String::new(),
            serving: tokio::spawn(async {}),
            _book: dir,
        };
        let page = server.answer("GET /", &server.headers(), "").await;
        server.token = token(&page).to_owned();

        let mut held = Held::new(server._book.path().join("pipe"));
        let run = server.run("wait", json!({})).await;
        assert!(run.head.starts_with("HTTP/1.1 200 "), "{}", run.head);
        held.opened().await;
        let id = docs.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        assert_eq!(docs.wait().await.unwrap().code(), Some(code));
        held.gone().await;
    }
}

/// A workspace that cargo can build, with one demo.
fn building(main: &str) -> TempDir {
    let workspace = workspace(&["demo"]);
    let dir = workspace.path().join("patterns/demo");
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"patterns/*\"]\n";
    fs::write(workspace.path().join("Cargo.toml"), manifest).unwrap();
    let manifest = "[package]\nname = \"demo\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(dir.join("src")).unwrap();
    fs::write(dir.join("src/main.rs"), main).unwrap();
    workspace
}

#[tokio::test]
async fn a_demo_is_built_first_and_the_build_is_seen() {
    let line = json!({"timeline": {"length": 7.0, "lanes": [], "lines": []}, "notice": "built"});
    let workspace = building(&format!(
        "fn main() {{ println!(\"{{}}\", r#\"{line}\"#); }}"
    ));
    let limits = Limits::default();
    let server = Server::start(workspace.path(), Programs::Cargo, limits).await;
    let events = server.run("demo", json!({})).await.events().await;
    // Before it, cargo may have to wait for another.
    let building = events.iter().rfind(|event| event["building"]["of"] == 1);
    let now = &building.expect("the one step was told")["building"]["now"];
    assert!(now.as_str().unwrap().starts_with("demo"), "{now}");
    let started = events.iter().position(|event| event["started"].is_object());
    let late = events
        .iter()
        .rposition(|event| event["building"].is_object());
    assert!(started > late, "{events:?}");
    let ended = &events.last().unwrap()["ended"];
    assert_eq!(
        (&ended["state"], &ended["notice"]),
        (&json!("done"), &json!("built"))
    );
}

#[tokio::test]
async fn a_demo_that_does_not_compile_is_told_with_the_compilers_words() {
    let workspace = building("fn main() { let _x: u8 = \"text\"; }");
    let limits = Limits::default();
    let server = Server::start(workspace.path(), Programs::Cargo, limits).await;
    let end = server.run("demo", json!({})).await.end().await;
    assert_eq!(
        (&end["state"], &end["code"]),
        (&json!("not built"), &json!(null))
    );
    let message = end["message"].as_str().unwrap();
    assert!(
        message.starts_with("error[E0308]: mismatched types"),
        "{message}"
    );
    assert!(message.contains("src/main.rs:1:"), "{message}");
    assert_eq!(end["timeline"], Value::Null);
}
