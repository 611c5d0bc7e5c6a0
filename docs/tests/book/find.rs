//! How a reader finds a page: by questions, by symptom, and by what the patterns have to do with each
//! other.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, future, mem};

use docs::book::questions::{self, Next, Question};
use docs::pattern::{self, Pattern};
use futures::future::{select_all, select_ok};
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};

use crate::support::patterns;
use crate::support::site::page;

/// A chapter of the book, as it is written.
fn chapter(name: &str) -> String {
    let file = pattern::workspace().join("docs/book/src").join(name);
    fs::read_to_string(file).expect("a chapter")
}

fn names() -> Vec<&'static str> {
    patterns().iter().map(Pattern::name).collect()
}

/// What stands between the two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("a start");
    rest.split_once(end).expect("an end").0
}

/// The targets of all links in a piece of HTML, in order.
fn links(html: &str) -> Vec<&str> {
    let targets = html.split("href=\"").skip(1);
    targets
        .map(|rest| rest.split('"').next().expect("an end"))
        .collect()
}

fn question() -> Question {
    let text = chapter("pick.md");
    let list = between(&text, "<!-- questions -->\n", "<!-- end of questions -->");
    questions::read(list).expect("questions")
}

#[test]
fn every_question_has_a_choice_and_every_way_ends_at_a_page_in_three_steps() {
    fn check(question: &Question) {
        let answers: BTreeSet<&str> = question.answers.iter().map(|a| a.text.as_str()).collect();
        let text = &question.text;
        assert_eq!(answers.len(), question.answers.len(), "{text}: one twice");
        assert!(answers.len() >= 2, "{text}: no choice");
        assert!(text.ends_with('?'), "{text}");
        for answer in &question.answers {
            if let Next::Ask(question) = &answer.next {
                check(question);
            }
        }
    }
    let question = question();
    check(&question);
    let paths = question.paths();
    for (answers, target) in &paths {
        assert!(answers.len() <= 3, "{answers:?}: too far");
        assert!(target.contains("]("), "{answers:?}: no link");
    }

    let html = &page("pick.html");
    let aid = between(html, "<div class=\"questions\">", "</div>");
    assert_eq!(
        aid.matches("<details").count(),
        aid.matches("</details>").count()
    );
    let leaves: Vec<&str> = aid.split("<li class=\"leaf\">").skip(1).collect();
    let table = between(html, "The same as a table", "</table>");
    assert_eq!(
        leaves.len(),
        table
            .split("<tbody>")
            .last()
            .map_or(0, |rows| rows.matches("<tr>").count())
    );
    assert!(leaves.len() >= paths.len());
    for leaf in leaves {
        let (leaf, _) = leaf.split_once("</li>").expect("an end");
        assert!(!links(leaf).is_empty(), "{leaf}");
    }
}

#[test]
fn every_pattern_is_the_end_of_a_way() {
    let html = &page("pick.html");
    let aid = between(html, "<div class=\"questions\">", "</div>");
    let links = links(aid);
    for name in names() {
        let page = format!("patterns/{name}/index.html");
        assert!(
            links.iter().any(|link| link.starts_with(&page)),
            "no way to {name}"
        );
    }
}

#[test]
fn every_symptom_leads_somewhere_and_every_mistake_is_a_symptom() {
    let html = &page("pick.html");
    let (_, symptoms) = html.split_once("id=\"by-symptom\"").expect("the symptoms");
    let mut rows = 0;
    for body in symptoms.split("<tbody>").skip(1) {
        let (body, _) = body.split_once("</tbody>").expect("an end");
        for row in body.split("<tr>").skip(1) {
            let (_, answer) = row.split_once("</td>").expect("two cells");
            assert!(!links(answer).is_empty(), "no link: {row}");
            rows += 1;
        }
    }
    let linked = links(symptoms);
    for name in names() {
        let examples = pattern::workspace()
            .join("patterns")
            .join(name)
            .join("examples");
        let section = format!("patterns/{name}/index.html#when-it-goes-wrong");
        for twin in examples.read_dir().expect("the mistakes") {
            let file = twin.expect("a mistake").file_name();
            let file = format!("patterns/{name}/examples/{}.html", file.display());
            let at = linked.iter().position(|link| *link == file);
            let at = at.unwrap_or_else(|| panic!("{file} is no symptom"));
            assert_eq!(linked[at - 1], section, "{file}");
            assert!(rows > 0);
        }
    }
}

#[test]
fn the_catalogue_has_all_patterns_and_all_that_their_pages_say() {
    let html = page("introduction.html");
    let catalogue = between(&html, "<div class=\"catalogue\">", "</div>");
    // All of them, also when the checks are limited to one.
    let all = pattern::all(&pattern::workspace()).expect("the patterns");
    let leads: usize = all.iter().map(|pattern| pattern.leads.len()).sum();
    assert_eq!(links(catalogue).len(), all.len() + leads);
    for name in names() {
        let line =
            format!("<li><a href=\"patterns/{name}/index.html\">{name}</a> <span class=\"about\">");
        assert_eq!(catalogue.matches(&line).count(), 1, "{name}");
    }
}

#[test]
fn a_lead_has_words() {
    for pattern in patterns() {
        assert!(
            !pattern.leads.is_empty(),
            "{} leads nowhere",
            pattern.name()
        );
        for lead in &pattern.leads {
            assert!(
                !lead.words.is_empty(),
                "{} says nothing of {}",
                pattern.name(),
                lead.to
            );
        }
    }
}

/// What people type or paste, and how the row begins that they look for.
fn sentences() -> Vec<(String, &'static str)> {
    let lines = include_str!("find.tsv").lines();
    let pair = |line: &'static str| {
        let (sentence, row) = line.split_once('\t').expect("two columns");
        (sentence.replace("\\n", "\n"), row)
    };
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.map(pair).collect()
}

/// A row of the symptoms: the text of its two cells, what is set as code in the first, and whether
/// the second leads to a program.
#[derive(Default)]
struct Row {
    cells: [String; 2],
    code: Vec<String>,
    is_program: bool,
}

/// The rows of a page's tables, read as a browser reads them.
#[derive(Default)]
struct Rows(RefCell<(Vec<Row>, [bool; 2])>);

impl TokenSink for Rows {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let (rows, [is_second, is_code]) = &mut *self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => match (&*tag.name, tag.kind) {
                ("tr", TagKind::StartTag) => {
                    rows.push(Row::default());
                    *is_second = false;
                }
                ("td", TagKind::EndTag) => *is_second = true,
                ("a", TagKind::StartTag) if *is_second => {
                    let href = tag.attrs.iter().find(|one| &*one.name.local == "href");
                    let leads = href.is_some_and(|href| href.value.contains("/examples/"));
                    rows.last_mut().expect("a row").is_program |= leads;
                }
                ("code", TagKind::StartTag) if !*is_second => {
                    *is_code = true;
                    rows.last_mut().expect("a row").code.push(String::new());
                }
                ("code", TagKind::EndTag) => *is_code = false,
                _ => {}
            },
            Token::CharacterTokens(text) => {
                if let Some(row) = rows.last_mut() {
                    row.cells[usize::from(*is_second)] += &text;
                    if *is_code && let Some(code) = row.code.last_mut() {
                        *code += &text;
                    }
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// The rows below "By symptom", in the order of the page.
fn symptoms() -> Vec<Row> {
    let html = page("pick.html");
    let (_, html) = html.split_once("id=\"by-symptom\"").expect("the symptoms");
    let bodies = html.split("<tbody>").skip(1);
    let bodies = bodies.map(|body| body.split_once("</tbody>").expect("an end").0);
    bodies
        .flat_map(|body| {
            let input = BufferQueue::default();
            input.push_back(body.into());
            let tokenizer = Tokenizer::new(Rows::default(), TokenizerOpts::default());
            let _ = tokenizer.feed(&input);
            tokenizer.end();
            mem::take(&mut tokenizer.sink.0.borrow_mut().0)
        })
        .collect()
}

#[test]
fn every_sentence_names_one_row_and_none_is_copied_into_a_row() {
    let rows = symptoms();
    let sentences = sentences();
    assert!(sentences.len() >= 100);
    let plain = |text: &str| text.replace('`', "").to_lowercase();
    for (sentence, start) in &sentences {
        let (sentence, start) = (plain(sentence), plain(start));
        let begins = |row: &&Row| plain(&row.cells[0]).starts_with(&start);
        assert_eq!(rows.iter().filter(begins).count(), 1, "{start}");
        // A message is the same for everybody, and a few words may be. A sentence is not.
        let has = |text: &String| plain(text).contains(&sentence);
        let is_message = rows.iter().any(|row| row.code.iter().any(has));
        let is_short = sentence.split(' ').count() < 4;
        let is_copied = rows.iter().any(|row| row.cells.iter().any(has));
        assert!(is_message || is_short || !is_copied, "{sentence}");
    }
}

/// What the page's own script finds for each sentence: the starts of the rows, the best first. The
/// test in the browser asks the page itself; this one needs no browser, but Node.js.
fn found(rows: &[Row], sentences: &[(String, &str)]) -> io::Result<Vec<Vec<usize>>> {
    let source = fs::read_to_string(pattern::workspace().join("docs/book/find.js"))?;
    let rows: Vec<_> = rows
        .iter()
        .map(|row| json!([row.cells[0], row.code, row.cells[1], row.is_program]))
        .collect();
    let sentences: Vec<_> = sentences.iter().map(|(sentence, _)| sentence).collect();
    let script = format!(
        "const document = {{ getElementById: () => null }};\n{source}\n\
         const entries = {}.map((row) => finder.entry(...row));\n\
         const found = {}.map((sentence) => finder.rank(sentence, entries));\n\
         process.stdout.write(JSON.stringify(found));\n",
        json!(rows),
        json!(sentences)
    );
    let mut node = Command::new("node")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = node.stdin.take().expect("it is piped");
    stdin.write_all(script.as_bytes())?;
    drop(stdin);
    let output = node.wait_with_output()?;
    assert!(output.status.success(), "{}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn what_people_write_finds_its_row_among_the_first_three() {
    let rows = symptoms();
    let sentences = sentences();
    let found = match found(&rows, &sentences) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Not captured, so that it is seen.
            let _ = writeln!(io::stderr(), "skipped: there is no node");
            return;
        }
        found => found.expect("node runs"),
    };
    let plain = |place: &usize| rows[*place].cells[0].replace('`', "");
    let mut missed = Vec::new();
    for ((sentence, start), places) in sentences.iter().zip(&found) {
        let first: Vec<String> = places.iter().take(3).map(plain).collect();
        if !first.iter().any(|row| row.starts_with(start)) {
            missed.push(format!("{sentence}\n  not {start}\n  but {first:#?}"));
        }
    }
    assert_eq!(found.len(), sentences.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The message of the panic in which the closure ends.
fn panicked(work: impl FnOnce()) -> String {
    let panic = panic::catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

/// A message without what differs from one run to the next.
fn plain(message: &str) -> String {
    message.replace(|character: char| character.is_ascii_digit(), "")
}

#[test]
fn the_messages_in_the_index_are_those_that_tokio_gives() {
    let nested = || runtime().block_on(async { runtime().block_on(async {}) });
    let polled_again = || {
        runtime().block_on(async {
            let mut task = tokio::spawn(async {});
            let _ = (&mut task).await;
            let _ = (&mut task).await;
        });
    };
    let blocking = || {
        runtime().block_on(async {
            let (_sender, mut receiver) = mpsc::channel::<()>(1);
            receiver.blocking_recv();
        });
    };
    let no_timer = || {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(tokio::time::sleep(Duration::ZERO));
    };
    let resumed = || {
        runtime().block_on(async {
            let mut future = Box::pin(async {});
            (&mut future).await;
            (&mut future).await;
        });
    };
    let no_answer = || {
        let (sender, receiver) = oneshot::channel::<()>();
        drop(sender);
        runtime().block_on(receiver).unwrap();
    };
    let mut messages = vec![
        panicked(|| drop(tokio::spawn(async {}))),
        panicked(nested),
        panicked(polled_again),
        panicked(blocking),
        panicked(|| runtime().block_on(async { drop(runtime()) })),
        panicked(no_timer),
        panicked(resumed),
        panicked(no_answer),
        panicked(|| drop(mpsc::channel::<()>(0))),
        panicked(|| drop(broadcast::channel::<()>(0))),
        panicked(|| {
            let _semaphore = Semaphore::new(usize::MAX);
        }),
        panicked(|| runtime().block_on(async { drop(tokio::time::interval(Duration::ZERO)) })),
        panicked(|| drop(select_all(Vec::<future::Pending<()>>::new()))),
        panicked(|| drop(select_ok(Vec::<future::Pending<Result<(), ()>>>::new()))),
    ];
    runtime().block_on(async {
        let task = tokio::spawn(future::pending::<()>());
        task.abort();
        let cancelled = task.await.expect_err("it is cancelled");
        messages.extend([cancelled.to_string(), format!("{cancelled:?}")]);
        let semaphore = Semaphore::new(0);
        messages.push(semaphore.try_acquire().expect_err("none").to_string());
        semaphore.close();
        messages.push(semaphore.acquire().await.expect_err("closed").to_string());
        let (sender, receiver) = mpsc::channel(1);
        messages.push({
            sender.try_send(()).expect("there is room");
            sender.try_send(()).expect_err("it is full").to_string()
        });
        drop(receiver);
        messages.push(sender.send(()).await.expect_err("closed").to_string());
        let elapsed = tokio::time::timeout(Duration::ZERO, future::pending::<()>()).await;
        messages.push(elapsed.expect_err("late").to_string());
    });
    let index = plain(&chapter("pick.md"));
    for message in messages {
        assert!(
            index.contains(&plain(&message)),
            "not in the index: {message}"
        );
    }
}
