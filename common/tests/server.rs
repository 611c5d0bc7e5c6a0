//! What the embedded server and the client promise, on the paused clock and over a real socket.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::time::Duration;

use common::client::{self, explain};
use common::server::{Item, Server, Stats};
use futures::{FutureExt, StreamExt, stream};
use reqwest::{Client, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

async fn get(client: &Client, server: &Server, item: &Item) -> Response {
    let response = client.get(server.url(item)).send().await;
    response.expect("the server is running")
}

/// The body as it came: when each part arrived, how long it was, and how it ended.
async fn parts(
    response: &mut Response,
    start: Instant,
) -> (Vec<(Duration, usize)>, reqwest::Result<()>) {
    let mut parts = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(part)) => parts.push((start.elapsed(), part.len())),
            Ok(None) => return (parts, Ok(())),
            Err(error) => return (parts, Err(error)),
        }
    }
}

/// Lets the server notice what the client did. The paused clock moves only when nothing else can.
async fn settle() {
    sleep(ms(1)).await;
}

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Asks without reqwest, which has tasks of its own.
async fn ask(server: &Server, item: &Item) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let url = server.url(item);
    let request = format!("GET {url} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads until `end` has arrived.
async fn read_until(stream: &mut TcpStream, end: &[u8]) -> io::Result<()> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        assert_ne!(stream.read_buf(&mut read).await?, 0);
    }
    Ok(())
}

/// A shutdown takes no time, and no task is left.
async fn shut_down(server: Server) {
    let start = Instant::now();
    server.shutdown().await;
    assert_eq!(alive_tasks(), 0);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn delay_is_waited_before_the_head() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    for delay in [0, 1, 300, 60_000] {
        let start = Instant::now();
        let response = get(&client, &server, &Item::new("a").delay(ms(delay))).await;
        assert_eq!(start.elapsed(), ms(delay));
        assert_eq!(response.status(), 200);
        assert_eq!(response.text().await.unwrap().len(), 64);
        assert_eq!(start.elapsed(), ms(delay));
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn size_is_the_length_of_the_body_and_content_is_always_the_same() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let start = Instant::now();
    let longest = 1024 * 1024;
    let whole = get(&client, &server, &Item::new("a").size(longest)).await;
    let whole = whole.bytes().await.unwrap();
    assert_eq!(whole.len(), longest);
    assert!(whole.starts_with(b"0123456789 ABC"));
    for size in [0, 1, 2, 9, 10, 11, 63, 64, 65, 2_000, 100_001] {
        let response = get(&client, &server, &Item::new("b").size(size)).await;
        assert_eq!(response.content_length(), Some(size as u64));
        assert_eq!(response.bytes().await.unwrap(), whole[..size]);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(server.stats().in_flight, 0);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn status_is_answered_as_asked() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    for (status, size) in [
        (200, 64),
        (204, 0),
        (302, 64),
        (304, 0),
        (404, 64),
        (599, 64),
    ] {
        let response = get(&client, &server, &Item::new("a").status(status)).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.bytes().await.unwrap().len(), size);
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn fail_first_fails_that_often_for_each_name() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let mut statuses = Vec::new();
    for name in ["a", "a", "b", "a", "b", "b"] {
        let item = Item::new(name).fail_first(2).status(201);
        statuses.push(get(&client, &server, &item).await.status().as_u16());
    }
    assert_eq!(statuses, [503, 503, 503, 201, 503, 201]);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn cut_sends_half_of_the_body_and_closes_the_connection() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let start = Instant::now();
    // The longest one does not fit into the buffers between the two ends.
    for size in [2, 3, 64, 2_001, 16 * 1024 * 1024] {
        let mut response = get(&client, &server, &Item::new("a").size(size).cut()).await;
        assert_eq!(response.content_length(), Some(size as u64));
        let (parts, end) = parts(&mut response, start).await;
        let received: usize = parts.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(received, size / 2);
        assert_eq!(
            explain(&end.unwrap_err()),
            "the connection was closed before the body was complete"
        );
        assert_eq!(server.stats().in_flight, 0);
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn trickle_sends_ten_parts_with_pauses_between_them() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    // Again and again on one connection, where a system starts to hold small parts back.
    for _ in 0..30 {
        let start = Instant::now();
        let item = Item::new("a").size(205).trickle(ms(50));
        let mut response = get(&client, &server, &item).await;
        let (parts, end) = parts(&mut response, start).await;
        end.unwrap();
        let sizes = [20, 21, 20, 21, 20, 21, 20, 21, 20, 21];
        let expected: Vec<_> = (0..10)
            .map(|part| (ms(50 * part), sizes[part as usize]))
            .collect();
        assert_eq!(parts, expected);
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn all_of_it_at_once() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let item = Item::new("a")
        .delay(ms(300))
        .size(100)
        .status(201)
        .fail_first(1)
        .cut()
        .trickle(ms(7));
    for status in [503, 201] {
        let start = Instant::now();
        let mut response = get(&client, &server, &item).await;
        assert_eq!(start.elapsed(), ms(300));
        assert_eq!(response.status(), status);
        let (parts, end) = parts(&mut response, start).await;
        assert!(end.is_err());
        assert_eq!(parts, [300, 307, 314, 321, 328].map(|at| (ms(at), 10)));
        assert_eq!(start.elapsed(), ms(328));
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_is_open_from_its_request_on_until_it_is_closed() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let sessions = format!("http://{}/sessions", server.address());
    let start = Instant::now();
    let opening = async || {
        let opening = client.post(format!("{sessions}?delay=100")).send().await;
        let opened = opening.unwrap();
        assert_eq!(opened.status(), 201);
        opened.text().await.unwrap()
    };
    let closing = async |number: u32| {
        let closing = client.delete(format!("{sessions}/{number}?delay=30"));
        closing.send().await.unwrap().status()
    };
    assert_eq!(opening().await, "1\n");
    assert_eq!(opening().await, "2\n");
    assert_eq!((server.open_sessions(), start.elapsed()), (2, ms(200)));

    assert_eq!(closing(1).await, 204);
    assert_eq!((server.open_sessions(), start.elapsed()), (1, ms(230)));
    assert_eq!(closing(1).await, 404);
    assert_eq!(closing(3).await, 404);
    let counted = client.get(&sessions).send().await.unwrap();
    assert_eq!(counted.text().await.unwrap(), "1\n");

    // The number is not used again.
    assert_eq!(closing(2).await, 204);
    assert_eq!(opening().await, "3\n");
    let refused = client.post(format!("{sessions}?dely=1")).send().await;
    let refused = refused.unwrap();
    assert_eq!(refused.status(), 400);
    let line = "\"dely\": unknown, expected delay\n";
    assert_eq!(refused.text().await.unwrap(), line);
    assert_eq!(server.open_sessions(), 1);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_wait_for_the_answer_leaves_a_session_open() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let url = format!("http://{}/sessions?delay=100", server.address());
    let opening = tokio::time::timeout(ms(50), client.post(url).send());
    assert!(opening.await.is_err());
    sleep(ms(1_000)).await;
    assert_eq!(server.stats().in_flight, 0);
    assert_eq!(server.open_sessions(), 1);
    server.shutdown().await;
}

#[test]
fn schedule_is_exact_in_every_run() {
    for run in 0..50 {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = Server::start().await.unwrap();
            let client = client::loopback().unwrap();
            let start = Instant::now();
            let fetches = (0..20).map(|n| {
                let (server, client) = (&server, &client);
                async move {
                    let item = Item::new(format!("item-{n}"))
                        .delay(ms(n * 37 % 11))
                        .size(3_000 * n as usize)
                        .trickle(ms(n % 3));
                    let response = get(client, server, &item).await;
                    let head = start.elapsed();
                    let size = response.bytes().await.unwrap().len();
                    (size, head, start.elapsed())
                }
            });
            let actual = futures::future::join_all(fetches).await;
            let expected: Vec<_> = (0..20)
                .map(|n| {
                    let head = ms(n * 37 % 11);
                    let pauses = if n == 0 { 0 } else { 9 };
                    (3_000 * n as usize, head, head + pauses * ms(n % 3))
                })
                .collect();
            assert_eq!(actual, expected, "run {run}");
            let stats = server.stats();
            assert_eq!((stats.requests, stats.in_flight), (20, 0));
            drop(client);
            server.shutdown().await;
            settle().await;
            assert_eq!(alive_tasks(), 0);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn peak_is_the_most_that_were_in_flight_together() {
    let client = client::loopback().unwrap();
    for (limit, elapsed) in [(1, 1_000), (3, 400), (10, 100)] {
        let server = Server::start().await.unwrap();
        let start = Instant::now();
        let fetches = stream::iter(0..10).map(|_| async {
            let response = get(&client, &server, &Item::new("a").delay(ms(100))).await;
            response.bytes().await.unwrap().len()
        });
        let sizes: Vec<_> = fetches.buffer_unordered(limit).collect().await;
        assert_eq!(sizes, [64; 10]);
        assert_eq!(start.elapsed(), ms(elapsed));
        let expected = Stats {
            requests: 10,
            in_flight: 0,
            peak: limit,
        };
        assert_eq!(server.stats(), expected);
        server.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_in_flight_until_its_client_is_dropped() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let url = server.url(&Item::new("a").delay(ms(60_000)));
    let fetch = tokio::spawn(client.get(url).send());
    settle().await;
    assert_eq!(server.stats().in_flight, 1);
    fetch.abort();
    assert!(fetch.await.unwrap_err().is_cancelled());
    settle().await;
    let expected = Stats {
        requests: 1,
        in_flight: 0,
        peak: 1,
    };
    assert_eq!(server.stats(), expected);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_is_in_flight_until_its_body_is_dropped() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let mut response = get(&client, &server, &Item::new("a").trickle(ms(1_000))).await;
    for _ in 0..5 {
        response.chunk().await.unwrap().unwrap();
        assert_eq!(server.stats().in_flight, 1);
    }
    drop(response);
    settle().await;
    assert_eq!(server.stats().in_flight, 0);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_is_in_flight_until_its_body_is_complete() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let mut response = get(&client, &server, &Item::new("a").trickle(ms(10))).await;
    let mut in_flight = Vec::new();
    while response.chunk().await.unwrap().is_some() {
        in_flight.push(server.stats().in_flight);
    }
    assert_eq!(in_flight, [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn shutdown_closes_idle_connections() {
    let server = Server::start().await.unwrap();
    let mut used = ask(&server, &Item::new("a")).await.unwrap();
    read_until(&mut used, b"\n").await.unwrap();
    let mut unused = TcpStream::connect(server.address()).await.unwrap();
    settle().await;
    assert_eq!(alive_tasks(), 3);
    shut_down(server).await;
    assert_eq!(used.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(unused.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_a_request_in_its_delay() {
    let server = Server::start().await.unwrap();
    let mut stream = ask(&server, &Item::new("a").delay(ms(60_000)))
        .await
        .unwrap();
    settle().await;
    assert_eq!(server.stats().in_flight, 1);
    shut_down(server).await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_a_body_that_trickles() {
    let server = Server::start().await.unwrap();
    let item = Item::new("a").size(10).trickle(ms(1_000));
    let mut stream = ask(&server, &item).await.unwrap();
    read_until(&mut stream, b"01234").await.unwrap();
    assert_eq!(server.stats().in_flight, 1);
    shut_down(server).await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_client_that_does_not_read() {
    let server = Server::start().await.unwrap();
    let stream = ask(&server, &Item::new("a").size(16 * 1024 * 1024))
        .await
        .unwrap();
    settle().await;
    assert_eq!(server.stats().in_flight, 1);
    shut_down(server).await;
    drop(stream);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_server_or_its_shutdown_stops_everything() {
    for shutdown in [false, true] {
        let server = Server::start().await.unwrap();
        let mut waiting = ask(&server, &Item::new("a").delay(ms(60_000)))
            .await
            .unwrap();
        let mut idle = TcpStream::connect(server.address()).await.unwrap();
        settle().await;
        assert_eq!(alive_tasks(), 3);
        if shutdown {
            assert_eq!(server.shutdown().now_or_never(), None);
        } else {
            drop(server);
        }
        let start = Instant::now();
        assert_eq!(waiting.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(alive_tasks(), 0);
    }
}

#[test]
fn a_server_whose_runtime_is_gone_has_stopped_without_a_panic() {
    let runtime = || Builder::new_current_thread().enable_all().build();
    let (its_own, other) = (runtime().unwrap(), runtime().unwrap());
    let server = its_own.block_on(Server::start()).unwrap();
    drop(its_own);
    other.block_on(server.shutdown());
}

#[tokio::test(start_paused = true)]
async fn two_servers_know_nothing_of_each_other() {
    let client = client::loopback().unwrap();
    let one = Server::start().await.unwrap();
    let two = Server::start().await.unwrap();
    let item = Item::new("a").fail_first(1);
    assert_eq!(get(&client, &one, &item).await.status(), 503);
    assert_eq!(get(&client, &one, &item).await.status(), 200);
    assert_eq!(get(&client, &two, &item).await.status(), 503);
    assert_eq!((one.stats().requests, two.stats().requests), (2, 1));
    one.shutdown().await;
    assert_eq!(get(&client, &two, &item).await.status(), 200);
    two.shutdown().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let server = Server::start().await.unwrap();
    let error = Server::start_at(server.address().port()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_query_that_cannot_be_read_is_answered_with_one_line() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let cases = [
        (
            "delay=",
            r#"delay: expected a number from 0 to 60000, got """#,
        ),
        (
            "delay=-1",
            r#"delay: expected a number from 0 to 60000, got "-1""#,
        ),
        (
            "delay=60001",
            r#"delay: expected a number from 0 to 60000, got "60001""#,
        ),
        (
            "size=1.5",
            r#"size: expected a number from 0 to 16777216, got "1.5""#,
        ),
        (
            "size=16777217",
            r#"size: expected a number from 0 to 16777216, got "16777217""#,
        ),
        (
            "size=99999999999999999999",
            r#"size: expected a number from 0 to 16777216, got "99999999999999999999""#,
        ),
        (
            "status=199",
            r#"status: expected a number from 200 to 599, got "199""#,
        ),
        (
            "status=600",
            r#"status: expected a number from 200 to 599, got "600""#,
        ),
        (
            "fail_first=1001",
            r#"fail_first: expected a number from 0 to 1000, got "1001""#,
        ),
        (
            "trickle=50ms",
            r#"trickle: expected a number from 0 to 60000, got "50ms""#,
        ),
        ("cut=1", r#"cut: expected true or false, got "1""#),
        ("cut=true&size=1", "cut: a body of 1 bytes has no half"),
        (
            "dely%0A=1",
            r#""dely\n": unknown, expected delay, size, status, fail_first, cut or trickle"#,
        ),
    ];
    for (query, line) in cases {
        let url = format!("{}?{query}", server.url(&Item::new("a")));
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(response.text().await.unwrap(), format!("{line}\n"));
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_bounds_themselves_are_allowed() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let item = Item::new("a")
        .delay(ms(60_000))
        .size(16 * 1024 * 1024)
        .status(599)
        .fail_first(1_000)
        .trickle(ms(60_000));
    let start = Instant::now();
    let response = get(&client, &server, &item).await;
    assert_eq!(response.status(), 503);
    assert_eq!(start.elapsed(), ms(60_000));
    drop(response);
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn stats_are_json_and_do_not_count_themselves() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let page = |path: &str| {
        client
            .get(format!("http://{}{path}", server.address()))
            .send()
    };
    let help = page("/").await.unwrap();
    assert_eq!(help.status(), 200);
    assert!(help.content_length().is_some());
    assert!(help.text().await.unwrap().contains("GET /items/{name}"));
    assert_eq!(page("/nothing").await.unwrap().status(), 404);
    for _ in 0..2 {
        let stats = page("/stats").await.unwrap().text().await.unwrap();
        assert_eq!(stats, r#"{"requests":2,"in_flight":0,"peak":1}"#);
    }
    let expected = Stats {
        requests: 2,
        in_flight: 0,
        peak: 1,
    };
    assert_eq!(server.stats(), expected);
    server.shutdown().await;
}

#[tokio::test]
async fn a_url_has_only_what_is_not_the_default() {
    let server = Server::start().await.unwrap();
    let base = format!("http://127.0.0.1:{}", server.address().port());
    assert_eq!(
        server.url(&Item::new("a_b-1")).as_str(),
        format!("{base}/items/a_b-1")
    );
    let item = Item::new("a")
        .delay(ms(1_500))
        .size(0)
        .status(503)
        .fail_first(2)
        .cut()
        .trickle(ms(50));
    let query = "delay=1500&size=0&status=503&fail_first=2&cut=true&trickle=50";
    let url = format!("{base}/items/a?{query}");
    assert_eq!(server.url(&item).as_str(), url);
    let named = server.named_urls([item]);
    assert_eq!(named, [("a".to_owned(), url.parse().unwrap())]);
    server.shutdown().await;
}

#[test]
#[should_panic(expected = r#"letters, digits, `-` and `_`, not "a/b""#)]
fn a_name_that_would_need_escaping_panics() {
    Item::new("a/b");
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_is_explained_without_its_url() {
    let server = Server::start().await.unwrap();
    let client = client::loopback().unwrap();
    let slow = server.url(&Item::new("slow").delay(ms(1_000)));
    let fail = async |url: &str| client.get(url).send().await.unwrap_err();

    let failing = get(&client, &server, &Item::new("a").status(503)).await;
    let error = failing.error_for_status().unwrap_err();
    assert_eq!(explain(&error), "status 503 Service Unavailable");

    let timed_out = client
        .get(slow.clone())
        .timeout(ms(10))
        .send()
        .await
        .unwrap_err();
    assert_eq!(explain(&timed_out), "timed out");

    let https = format!("https://{}", server.address());
    let text = explain(&fail(&https).await);
    assert!(text.starts_with("TLS: "), "{text}");

    let named = format!("http://localhost:{}", server.address().port());
    let text = explain(&fail(&named).await);
    assert_eq!(text, "the loopback client resolves no names");

    assert_eq!(explain(&fail("a").await), "relative URL without a base");

    let (closed, ()) = tokio::join!(fail(slow.as_str()), async {
        settle().await;
        server.shutdown().await;
    });
    let text = explain(&closed);
    assert_eq!(text, "the connection was closed before the answer");

    // A port that is taken, and that nobody listens on.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let silent = format!("http://{}", socket.local_addr().unwrap());
    assert_eq!(explain(&fail(&silent).await), "connection refused");
}
