//! A small book: links, parts in their places, and what fails a build.

use std::fs;

use docs::book;
use docs::pattern::QUESTIONS;
use tempfile::TempDir;

use crate::support::put;
use crate::support::site::{RECORDED, add, check_links, failure, readme, small_workspace};

#[test]
fn links_between_pages_files_and_definitions_stay_in_the_book() {
    let workspace = small_workspace();
    add(
        &workspace,
        "patterns/one/README.md",
        "[Two](../two/README.md#the-recipe), [start](../../docs/book/src/start.md), [code](src/lib.rs), \
         [`main`][main], [manifest](../two/Cargo.toml), [picture](timeline.svg), [here](#one), \
         [there](https://example.org/README.md)\n\n[main]: src/main.rs\n",
    );
    let book = book::build(workspace.path(), "/").unwrap();
    check_links(book.path());
    let html = fs::read_to_string(book.path().join("patterns/one/index.html")).unwrap();
    for link in [
        "../../patterns/two/index.html#the-recipe",
        "../../start.html",
        "../../patterns/one/src/lib.rs.html",
        "../../patterns/one/src/main.rs.html",
        "../../patterns/two/Cargo.toml.html",
        "../../patterns/one/timeline.svg",
        "#one",
        "https://example.org/README.md",
    ] {
        assert!(
            html.contains(&format!("href=\"{link}\"")),
            "no link to {link}"
        );
    }
    let file = fs::read_to_string(book.path().join("patterns/one/src/lib.rs.html")).unwrap();
    assert!(file.contains("<code class=\"language-rs\">pub fn recipe() {}"));
}

#[test]
fn a_recorded_run_stands_where_its_picture_stands() {
    let workspace = small_workspace();
    let flag = RECORDED.replace("a < b", "with a flag");
    put(
        workspace.path(),
        "patterns/one/timeline--flag=x.json",
        &flag,
    );
    let page = readme("one").replace(
        "![Caption](timeline.svg)\n",
        "![Caption](timeline.svg)\n\n<details>\n<summary>More</summary>\n\nBefore.\n\n\
         ![With x < y and `flag`](timeline--flag=x.svg)\n\nAfter.\n\n</details>\n",
    );
    put(workspace.path(), "patterns/one/README.md", &page);
    let book = book::build(workspace.path(), "/").unwrap();
    let page = book.path().join("patterns/one");
    let html = fs::read_to_string(page.join("index.html")).unwrap();
    let places = [
        "id=\"what-you-see\"",
        "id=\"timeline\" data-timeline=\"timeline.json\"",
        "a &lt; b",
        "<figcaption>Caption</figcaption>",
        "<summary>More</summary>",
        "<p>Before.</p>",
        "data-timeline=\"timeline--flag=x.json\"",
        "with a flag",
        "<figcaption>With x &lt; y and flag</figcaption>",
        "<p>After.</p>",
        "</details>",
        "id=\"the-recipe\"",
    ];
    let mut rest = html.as_str();
    for part in places {
        let (_, after) = rest
            .split_once(part)
            .unwrap_or_else(|| panic!("no {part} in {rest}"));
        rest = after;
    }
    let copied = fs::read_to_string(page.join("timeline--flag=x.json")).unwrap();
    assert_eq!(copied, flag);
}

#[test]
fn a_host_that_serves_the_book_below_a_path_finds_its_404_page() {
    let workspace = small_workspace();
    let book = book::build(workspace.path(), "/cookbook/").unwrap();
    let html = fs::read_to_string(book.path().join("404.html")).unwrap();
    assert!(html.contains("<base href=\"/cookbook/\">"));
}

#[test]
fn a_pattern_that_the_summary_forgets_fails_the_build() {
    let workspace = small_workspace();
    let summary = "# Summary\n\n[Start](start.md)\n\n- [one](patterns/one/README.md)\n";
    put(workspace.path(), "docs/book/src/SUMMARY.md", summary);
    let error = failure(&workspace);
    assert!(
        error.contains("add the line `- [two](patterns/two/README.md)`"),
        "{error}"
    );
}

#[test]
fn a_line_of_the_summary_without_a_pattern_fails_the_build() {
    let workspace = small_workspace();
    add(
        &workspace,
        "docs/book/src/SUMMARY.md",
        "- [three](patterns/three/README.md)\n",
    );
    let error = failure(&workspace);
    assert!(error.contains("names patterns/three/README.md"), "{error}");
}

#[test]
fn a_chapter_that_cannot_be_assembled_fails_the_build_and_is_named() {
    let page = "patterns/two/README.md";
    for (text, problem) in [
        ("[gone](src/gone.rs)\n", "the link to src/gone.rs is dead"),
        ("[out](../../../out.md)\n", "leaves the repository"),
        (
            "```rust\n# use a::b;\nfn main() {}\n```\n",
            "hide the Rust line `# use a::b;`",
        ),
    ] {
        let workspace = small_workspace();
        add(&workspace, page, text);
        let error = failure(&workspace);
        assert!(error.contains(page) && error.contains(problem), "{error}");
    }
    for (file, text, problem) in [
        (
            "patterns/two/timeline.json",
            "{}",
            "patterns/two/timeline.json is not the JSON of a timeline",
        ),
        (
            page,
            &readme("two").replace("timeline.svg", "timeline--flag.svg"),
            "cannot read patterns/two/timeline--flag.json",
        ),
        (
            "patterns/two/arguments.json",
            "{}",
            "`cargo run -p docs -- expected` makes it anew",
        ),
    ] {
        let workspace = small_workspace();
        put(workspace.path(), file, text);
        let error = failure(&workspace);
        assert!(
            error.contains("patterns/two/") && error.contains(problem),
            "{error}"
        );
    }
}

/// The small workspace, with a card of one answer, one of two, and a chapter that compares them.
fn workspace_with_cards() -> TempDir {
    let workspace = small_workspace();
    add(
        &workspace,
        "docs/book/src/start.md",
        "\n<!-- cards -->\n\nThe end.\n",
    );
    let two = "| question | `a` | `b` | shown by |\n|-|-|-|-|\n";
    for (name, columns, answers) in [
        (
            "one",
            "| question | answer | shown by |\n|-|-|-|\n",
            "[yes](src/main.rs), [here](#one) |",
        ),
        ("two", two, "no | the same; later |"),
    ] {
        let page = readme(name)
            .replace("| question | answer | shown by |\n|-|-|-|\n", columns)
            .replace("it is |", answers);
        put(
            workspace.path(),
            &format!("patterns/{name}/README.md"),
            &page,
        );
    }
    workspace
}

#[test]
fn cards_are_compared_in_the_order_of_the_summary_with_their_links() {
    let workspace = workspace_with_cards();
    put(
        workspace.path(),
        "docs/book/src/SUMMARY.md",
        "# Summary\n\n[Start](start.md)\n\n- [two](patterns/two/README.md)\n- [one](patterns/one/README.md)\n",
    );
    let book = book::build(workspace.path(), "/").unwrap();
    check_links(book.path());
    let html = fs::read_to_string(book.path().join("start.html")).unwrap();
    let html: String = html.lines().collect();
    let row = |name: &str, answer: &str| {
        format!(
            "<tr><td><a href=\"patterns/{name}/index.html#the-card\">{name}</a></td><td>{answer}</td></tr>"
        )
    };
    let rows = row("two", "<code>a</code>: no<br><code>b</code>: no; later")
        + &row(
            "one",
            "<a href=\"patterns/one/src/main.rs.html\">yes</a>, <a href=\"patterns/one/index.html#one\">here</a>",
        );
    assert_eq!(html.matches(&rows).count(), QUESTIONS.len(), "{html}");
    assert!(html.contains("<p>The end.</p>"));
}

/// What a chapter asks for by a comment is there in its place.
#[test]
fn a_pattern_that_no_answer_names_gets_one_and_its_mistakes_are_listed() {
    let workspace = small_workspace();
    add(
        &workspace,
        "docs/book/src/start.md",
        "\n<!-- questions -->\n\n**What?**\n\n- This. **Which?**\n  - a → [one](../../../patterns/one/README.md)\n  \
         - b → [`B`](https://example.org)\n\n<!-- end of questions -->\n\n<!-- mistakes -->\n\n\
         <!-- catalogue -->\n\nThe end.\n",
    );
    let page = readme("two").replace(
        "## When it goes wrong\n",
        "## When it goes wrong\n\n- [examples/bad.rs](examples/bad.rs): it `a|b`\n  [hangs](../one/README.md).\n",
    );
    let page = page + "- [one](../one/README.md), for one\n";
    put(workspace.path(), "patterns/two/README.md", &page);
    put(
        workspace.path(),
        "patterns/two/examples/bad.rs",
        "fn main() {}\n",
    );
    let book = book::build(workspace.path(), "/").unwrap();
    check_links(book.path());
    let html = fs::read_to_string(book.path().join("start.html")).unwrap();
    let html: String = html.lines().collect();
    let (_, html) = html.split_once("<main>").expect("a page");
    let (html, _) = html.split_once("</main>").expect("an end");
    for part in [
        "<li class=\"leaf\"><span class=\"answer\">Does <code>two</code> things.</span> \
         <span class=\"target\"><a href=\"patterns/two/index.html\">two</a></span></li>",
        "<td>This · a</td><td><a href=\"patterns/one/index.html\">one</a></td>",
        "<td>it <code>a|b</code> <a href=\"patterns/one/index.html\">hangs</a>.</td>\
         <td><a href=\"patterns/two/index.html#when-it-goes-wrong\">two</a>: \
         <a href=\"patterns/two/examples/bad.rs.html\"><code>bad</code></a></td>",
        "<a href=\"patterns/two/index.html\">two</a> <span class=\"about\">Does <code>two</code> things.</span>\
         <details><summary aria-label=\"two leads to\">leads to</summary>\
         <ul><li><a href=\"patterns/one/index.html\">one</a>, for one</li></ul></details>",
        "<p>The end.</p>",
    ] {
        assert!(html.contains(part), "no {part} in {html}");
    }
    assert!(!html.contains("<!-- "), "{html}");
}

#[test]
fn questions_that_cannot_be_read_fail_the_build_and_their_chapter_is_named() {
    for (list, problem) in [
        (
            "\n<!-- questions -->\n\n**What?**\n",
            "the questions have no end",
        ),
        (
            "\n<!-- questions -->\n\n**What?**\n\n- a\n\n<!-- end of questions -->\n",
            "leads to no **question?**",
        ),
    ] {
        let workspace = small_workspace();
        add(&workspace, "docs/book/src/start.md", list);
        let error = failure(&workspace);
        let chapter = "chapter docs/book/src/start.md: ";
        assert!(
            error.starts_with(chapter) && error.contains(problem),
            "{error}"
        );
    }
}
