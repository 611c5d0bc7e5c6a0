//! What stands between `<!-- begin FILE -->` and `<!-- end FILE -->` on a page.

use std::path::Path;

use anyhow::Context as _;

/// The page with the content of the named file between each pair of lines.
pub(super) fn fill(
    page: &str,
    content: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    let mut filled = String::new();
    let mut lines = page.split_inclusive('\n');
    while let Some(line) = lines.next() {
        filled.push_str(line);
        let file = line
            .trim()
            .strip_prefix("<!-- begin ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(file) = file {
            let end = format!("<!-- end {file} -->");
            let end_line = lines.by_ref().find(|line| line.trim() == end);
            filled.push_str(&block(file, &content(file)?));
            filled.push_str(end_line.with_context(|| format!("there is no `{end}`"))?);
        }
    }
    Ok(filled)
}

fn block(file: &str, content: &str) -> String {
    let content = content.trim_end_matches('\n');
    let language = match Path::new(file)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("md") => return format!("\n{content}\n\n"),
        Some("py") => "python",
        Some("rs") => "rust",
        Some("txt") | None => "text",
        Some(other) => other,
    };
    let mut fence = "```".to_owned();
    while content.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{content}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_in_a_fence_that_is_long_enough() {
        let page = "a\n<!-- begin x/notes.txt -->\nold\n<!-- end x/notes.txt -->\nb";
        let filled = fill(page, |file| Ok(format!("{file}\n```\n"))).unwrap();
        let wanted = "a\n<!-- begin x/notes.txt -->\n````text\nx/notes.txt\n```\n````\n<!-- end x/notes.txt -->\nb";
        assert_eq!(filled, wanted);
        assert_eq!(
            fill(&filled, |file| Ok(format!("{file}\n```\n"))).unwrap(),
            wanted
        );
    }

    #[test]
    fn markdown_is_copied_as_it_is_also_when_it_has_such_lines_itself() {
        let page = "<!-- begin t.md -->\n<!-- end t.md -->\n";
        let inner = "<!-- begin u.txt -->\nu\n<!-- end u.txt -->\n";
        let filled = fill(page, |_| Ok(inner.to_owned())).unwrap();
        assert_eq!(
            filled,
            format!("<!-- begin t.md -->\n\n{inner}\n<!-- end t.md -->\n")
        );
        assert_eq!(fill(&filled, |_| Ok(inner.to_owned())).unwrap(), filled);
    }

    #[test]
    fn a_begin_without_its_end_is_an_error() {
        let error = fill("<!-- begin a.txt -->\n<!-- end b.txt -->\n", |_| {
            Ok(String::new())
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "there is no `<!-- end a.txt -->`"
        );
    }
}
