//! A page that is not built as a page is built is one error, with file and line.

use docs::pattern::{Folder, Pattern, SECTIONS};

use crate::support::put;
use crate::support::site::{readme, small_workspace};

/// What is said of the pattern `one` when its page is this one.
fn fault(page: &str) -> String {
    let workspace = small_workspace();
    put(workspace.path(), "patterns/one/README.md", page);
    let folder = Folder {
        name: "one".to_owned(),
        dir: workspace.path().join("patterns/one"),
    };
    Pattern::read(&folder)
        .expect_err("it cannot be read")
        .to_string()
}

#[test]
fn a_page_has_its_sections_in_order() {
    let page = readme("one");
    for title in SECTIONS {
        let missing = page.replace(&format!("## {title}\n"), "");
        let fault = fault(&missing);
        assert!(fault.starts_with("patterns/one/README.md:"), "{fault}");
        assert!(fault.contains(&format!("`## {title}`")), "{fault}");
    }
    assert_eq!(
        fault(&page.replace("## Run it", "## Running")),
        "patterns/one/README.md:19: `## Running` stands where `## Run it` should"
    );
    let more = fault(&format!("{page}## More\n"));
    assert!(
        more.ends_with("there is no section `## More` on a page"),
        "{more}"
    );
}

#[test]
fn a_page_begins_with_what_it_is_for_how_to_take_it_and_the_call() {
    let page = readme("one");
    for (old, new, said) in [
        (
            "Does `one` things.\n",
            "",
            "1: the page does not begin with what it is for",
        ),
        (
            "paste one ../my-app",
            "paste two ../my-app",
            "9: the section does not begin with a line that has \
             `cargo run -p docs -- paste one ../my-app`",
        ),
        ("```rust", "```text", "9: the section has no Rust"),
        (
            "```rust",
            "a\n\na\n\na\n\na\n\na\n\na\n\na\n\n```rust",
            "27: the first call begins below line 25",
        ),
        (
            "fn main() {}\n",
            "# fn main() {}\n",
            "14: the book would hide the Rust line `# fn main() {}`",
        ),
        ("```toml", "```text", "25: the section has no toml block"),
        (
            "[dependencies]\n",
            "a = 1\n",
            "29: a dependency block begins with the line `[dependencies]`",
        ),
        ("[dependencies]\n", "[dependencies]\na = {}\n", "29: `a`: "),
        ("| `f()` | `g()` | |", "| `f()` | `g()` |", ""),
    ] {
        let changed = page.replacen(old, new, 1);
        assert_ne!(changed, page);
        if said.is_empty() {
            continue;
        }
        let fault = fault(&changed);
        assert!(
            fault.starts_with(&format!("patterns/one/README.md:{said}")),
            "{fault}"
        );
    }
}

#[test]
fn what_is_read_of_a_page_is_what_it_says() {
    let workspace = small_workspace();
    let folder = Folder {
        name: "one".to_owned(),
        dir: workspace.path().join("patterns/one"),
    };
    let pattern = Pattern::read(&folder).unwrap();
    assert_eq!(
        (pattern.name(), pattern.about()),
        ("one", "Does `one` things.")
    );
    assert_eq!(pattern.first_call, "fn main() {}\n");
    assert_eq!(pattern.recipe[0].source, "pub fn recipe() {}\n");
    assert_eq!(pattern.card.shown_by.len(), 7);
    assert_eq!(pattern.transcripts[0].text, "line\n");
    assert!(pattern.dependencies.is_empty() && pattern.dependency_lines.is_empty());
}
