//! How a reader finds a page: by questions, by symptom, and by what the patterns have to do with each
//! other.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use docs::book::questions::{self, Next, Question};
use docs::pattern::{self, Pattern};
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
    let leads: usize = patterns().iter().map(|pattern| pattern.leads.len()).sum();
    assert_eq!(links(catalogue).len(), patterns().len() + leads);
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
    ];
    runtime().block_on(async {
        let task = tokio::spawn(std::future::pending::<()>());
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
        let elapsed = tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await;
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
