//! The server, and the program around it: ports, exit codes, Ctrl-C.

use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use docs::book::finish::policy;
use docs::serve;
use html5ever::Attribute;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::html::{attribute, files, tags};
use crate::support::{patterns, report, serving};

/// What the server answers to one request, as it is on the wire.
async fn get(port: u16, host: &str, path: &str) -> String {
    let answer = ask(port, &format!("GET {path}"), &format!("Host: {host}\r\n")).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// What the server answers to a request with these headers.
async fn ask(port: u16, request: &str, headers: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .expect("a connection");
    let request = format!("{request} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    answer
}

/// The value of a header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let mut values = head.lines().filter_map(|line| line.split_once(": "));
    values
        .find(|(header, _)| *header == name)
        .map(|(_, value)| value)
}

/// What is in the parts of the pages.
const TEXT: &str =
    "/* what a style sheet, a script or a picture says, and says again, and says again */";

/// Serves a small book while `body` asks for its pages.
async fn with_server<F: Future<Output = ()>>(body: impl FnOnce(u16) -> F) {
    let book = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| fs::write(book.path().join(name), text).expect("a file");
    file("index.html", "<h1>Start</h1>");
    file("404.html", "<h1>Nothing here</h1>");
    for name in [
        "book.css",
        "book.js",
        "picture.svg",
        "font.woff2",
        "icon.png",
    ] {
        file(name, TEXT);
    }
    fs::create_dir_all(book.path().join("patterns/gather")).expect("a folder");
    file("patterns/gather/index.html", "<h1>Gather</h1>");
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
async fn a_name_that_no_file_can_have_is_an_unknown_address() {
    with_server(async |port| {
        let long = "x".repeat(255);
        for path in [
            format!("/{long}"),
            format!("/{long}x"),
            format!("/{long}x.html"),
            format!("/{long}x/index.html"),
            format!("/patterns/{long}x/"),
            // More than a whole path may have, in parts that each are short enough.
            format!("/{long}").repeat(20),
            "/a%00b".to_owned(),
            "/index.html/more".to_owned(),
        ] {
            let answer = get(port, &format!("127.0.0.1:{port}"), &path).await;
            assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
            assert!(
                answer.ends_with("<h1>Nothing here</h1>"),
                "{path}: {answer}"
            );
            assert_eq!(header(&answer, "content-type"), Some("text/html"));
        }
    })
    .await;
}

#[tokio::test]
async fn slashes_are_one_and_no_answer_leads_to_another_host() {
    with_server(async |port| {
        let host = format!("127.0.0.1:{port}");
        for (path, leads_to) in [
            ("/patterns", "/patterns/"),
            ("//patterns", "/patterns/"),
            ("///patterns//gather", "/patterns/gather/"),
            ("//patterns?a=//b", "/patterns/?a=//b"),
            ("http://elsewhere.example//patterns", "/patterns/"),
        ] {
            let answer = get(port, &host, path).await;
            assert!(answer.starts_with("HTTP/1.1 307 "), "{path}: {answer}");
            assert_eq!(header(&answer, "location"), Some(leads_to), "{path}");
        }
        for path in ["/patterns/gather/", "//patterns//gather//", "//index.html"] {
            let answer = get(port, &host, path).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        }
        for path in [
            "/%2Fpatterns",
            "/%2fpatterns",
            "/.//patterns",
            "/\\patterns",
        ] {
            let answer = get(port, &host, path).await;
            let leads_to = header(&answer, "location").unwrap_or("/");
            let begins = leads_to.trim_start_matches(['/', '\\']);
            assert_eq!(leads_to.len() - begins.len(), 1, "{path}: {leads_to}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_answer_says_that_a_page_may_load_the_books_own_files_only() {
    with_server(async |port| {
        for path in ["/", "/book.js", "/picture.svg", "/nothing", "/patterns"] {
            let answer = get(port, &format!("localhost:{port}"), path).await;
            assert_eq!(
                header(&answer, "content-security-policy"),
                Some(
                    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                     object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
                ),
                "{path}"
            );
        }
    })
    .await;
}

#[test]
fn no_page_has_what_its_policy_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(docs().arg("build").arg(folder.path()));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let pages = files(folder.path(), ".html");
    assert!(pages.len() > 10);
    let mut problems = Vec::new();
    for (page, html) in &pages {
        let tags = tags(html);
        let says = tags.iter().filter(|tag| {
            let equivalent = attribute(tag, "http-equiv");
            equivalent.as_deref() == Some("Content-Security-Policy")
                && attribute(tag, "content").as_deref() == Some(policy::PAGE)
        });
        if says.count() != 1 {
            problems.push(format!("{}: does not state the policy", page.display()));
        }
        for tag in &tags {
            let is_inline = &*tag.name == "script" && attribute(tag, "src").is_none();
            let acts = |attribute: &Attribute| {
                let value = attribute.value.trim_start().to_lowercase();
                attribute.name.local.starts_with("on") || value.starts_with("javascript:")
            };
            if is_inline || tag.attrs.iter().any(acts) {
                problems.push(format!("{}: a script in <{}>", page.display(), tag.name));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_index_of_the_search_is_small_enough_for_48_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(docs().arg("build").arg(folder.path()));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let scripts = files(folder.path(), ".js");
    let mut scripts = scripts.iter();
    let index = scripts.find(|(name, _)| name.to_string_lossy().starts_with("searchindex-"));
    let size = index.expect("the index of the search").1.len();
    let most = 2_500_000 / 48 * patterns().len();
    assert!(size <= most, "{size} of {most} bytes");
}

#[tokio::test]
async fn what_is_text_is_compressed_for_who_asks() {
    with_server(async |port| {
        let host = format!("Host: localhost:{port}\r\n");
        let asks = format!("{host}Accept-Encoding: gzip, deflate, br\r\n");
        for (path, is_compressed) in [
            ("/book.css", true),
            ("/book.js", true),
            ("/picture.svg", true),
            ("/font.woff2", false),
            ("/icon.png", false),
        ] {
            let plain = ask(port, &format!("GET {path}"), &host).await;
            let plain = String::from_utf8_lossy(&plain).into_owned();
            assert_eq!(header(&plain, "content-encoding"), None, "{path}");
            assert!(plain.ends_with(TEXT), "{path}: {plain}");

            let answer = ask(port, &format!("GET {path}"), &asks).await;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let encoding = is_compressed.then_some("gzip");
            assert_eq!(header(&answer, "content-encoding"), encoding, "{path}");
            assert_eq!(answer.ends_with(TEXT), !is_compressed, "{path}");
            for same in ["cache-control", "content-type", "x-content-type-options"] {
                assert_eq!(header(&answer, same), header(&plain, same), "{path}");
            }
        }
        let head = ask(port, "HEAD /book.css", &asks).await;
        let head = String::from_utf8_lossy(&head).into_owned();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.ends_with("\r\n\r\n"), "{head}");
    })
    .await;
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    with_server(async |port| {
        let host = format!("localhost:{port}");
        let first = get(port, &host, "/book.css").await;
        let since = header(&first, "last-modified").expect("a date");
        for encoding in ["", "Accept-Encoding: gzip\r\n"] {
            let headers = format!("Host: {host}\r\nIf-Modified-Since: {since}\r\n{encoding}");
            let answer = ask(port, "GET /book.css", &headers).await;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(answer.starts_with("HTTP/1.1 304 "), "{answer}");
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
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
    assert!(
        line.contains("name a recipe before the crate's folder"),
        "{line}"
    );
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
