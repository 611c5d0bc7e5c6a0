//! The server, and the program around it: ports, exit codes, Ctrl-C.

use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::serving;
use docs::serve;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the server answers to one request, as it is on the wire.
async fn get(port: u16, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Serves a small book while `body` asks for its pages.
async fn with_server<F: Future<Output = ()>>(body: impl FnOnce(u16) -> F) {
    let book = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| fs::write(book.path().join(name), text).expect("a file");
    file("index.html", "<h1>Start</h1>");
    file("404.html", "<h1>Nothing here</h1>");
    for name in ["book.css", "book.js", "picture.svg", "font.woff2"] {
        file(name, "");
    }
    let listener = serve::listen(0).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::select! {
        ended = serve::serve(listener, book.path()) => panic!("the server ended: {ended:?}"),
        () = body(port) => {}
    }
}

#[tokio::test]
async fn pages_and_their_parts_have_their_content_types_and_are_not_kept() {
    with_server(async |port| {
        for (path, kind) in [
            ("/", "text/html"),
            ("/index.html", "text/html"),
            ("/book.css", "text/css"),
            ("/book.js", "text/javascript"),
            ("/picture.svg", "image/svg+xml"),
            ("/font.woff2", "font/woff2"),
        ] {
            let answer = get(port, &format!("localhost:{port}"), path).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
            assert!(
                answer.contains(&format!("content-type: {kind}\r\n")),
                "{path}: {answer}"
            );
            assert!(
                answer.contains("cache-control: no-cache\r\n"),
                "{path}: {answer}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_address_gets_the_books_404_page() {
    with_server(async |port| {
        for path in [
            "/nothing",
            "/a/b/c.html",
            "/%2e%2e/Cargo.toml",
            "/../Cargo.toml",
        ] {
            let answer = get(port, &format!("127.0.0.1:{port}"), path).await;
            assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
            assert!(
                answer.ends_with("<h1>Nothing here</h1>"),
                "{path}: {answer}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    with_server(async |port| {
        for host in ["127.0.0.1", "localhost", "LocalHost"] {
            let answer = get(port, &format!("{host}:{port}"), "/").await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
        }
        let other = if port == 1 { 2 } else { port - 1 };
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("127.0.0.1.evil.example:{port}"),
            format!("localhost:{other}"),
            "localhost".to_owned(),
            String::new(),
        ] {
            let answer = get(port, &host, "/").await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{host}: {answer}");
            assert!(!answer.contains("Start"), "{host}: {answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_preferred_port_that_is_taken_gives_way_to_a_free_one() {
    let taken = serve::listen(0).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    assert!(serve::listen(port).await.is_err());
    let other = serve::listen_near(port)
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    assert!(other.ip().is_loopback());
    assert_ne!(other.port(), port);
}

fn docs() -> Command {
    Command::new(env!("CARGO_BIN_EXE_docs"))
}

fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// The one line that a refused command prints.
fn refusal(command: &mut Command) -> String {
    let output = run(command);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_bad_input() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let line = refusal(docs().args(["--port", &port.to_string()]));
    assert!(line.contains(&format!("--port {port}")), "{line}");
}

#[test]
fn mistyped_arguments_are_refused_in_one_line() {
    let line = refusal(docs().args(["bild", "folder"]));
    assert!(
        line.contains("'bild'") && line.contains("'build'"),
        "{line}"
    );
    let line = refusal(docs().args(["--port", "many"]));
    assert!(line.contains("'many' for '--port <N>'"), "{line}");
    let line = refusal(docs().args(["paste", "gather"]));
    assert!(line.contains("<CRATE_DIR>"), "{line}");
}

#[test]
fn build_refuses_a_folder_that_holds_something_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let line = refusal(docs().arg("build").arg(folder.path()));
    assert!(
        line.contains(&folder.path().display().to_string()),
        "{line}"
    );
    let file = folder.path().join("thesis.txt");
    let line = refusal(docs().arg("build").arg(&file));
    assert!(line.contains("thesis.txt"), "{line}");
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn build_writes_the_book_and_writes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new/book");
    for _ in 0..2 {
        let output = run(docs().arg("build").arg(&dir));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(dir.join("index.html").is_file());
    }
}

#[test]
fn wrong_arguments_are_bad_input() {
    for wrong in [
        &["--port", "many"][..],
        &["--port", "70000"],
        &["--prot", "3000"],
        &["frobnicate"],
        &["build"],
        &["build", "x", "--site-url", "cookbook"],
        &["--open", "build", "x"],
    ] {
        let output = run(docs().args(wrong));
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {output:?}");
        assert!(
            !output.stderr.is_empty() && output.stdout.is_empty(),
            "{wrong:?}: {output:?}"
        );
    }
    assert!(!Path::new("x").exists());
}

#[test]
fn a_reader_who_went_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        vec!["--help".into()],
        vec!["build".into(), folder.path().join("book")],
    ] {
        let mut child = docs()
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_serves_until_ctrl_c_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = docs();
    command.env("TMPDIR", temporary.path());
    let (mut child, port) = serving(command).await;
    let host = format!("127.0.0.1:{port}");
    let answer = get(port, &host, "/introduction.html").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_ne!(temporary.path().read_dir().unwrap().count(), 0);

    let id = child.id().unwrap().to_string();
    assert!(
        run(Command::new("kill").args(["-INT", &id]))
            .status
            .success()
    );
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
}
