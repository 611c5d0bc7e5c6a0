//! The table "Coming from asyncio" of a page: which call stands for which.

use super::page::{Cell, Page};
use super::{Fault, anatomy};

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where its three cells begin on the page.
    pub cells: [usize; 3],
    /// Whether the two differ.
    pub differs: bool,
    /// What marks a line of the program in Python, and one of that in Rust.
    pub calls: [Vec<String>; 2],
}

/// The rows of the table. It has three columns.
pub(super) fn read(page: &Page) -> Result<Vec<Row>, Fault> {
    let section = anatomy::section(page, "Coming from asyncio")?;
    let Some(table) = section.tables.first() else {
        return Err(Fault::at(
            page,
            section.range.start,
            "the section has no table",
        ));
    };
    let rows = table.iter().skip(1).map(|cells| {
        let [asyncio, here, differs] = &cells[..] else {
            let at = cells.first().map_or(section.range.start, |cell| cell.start);
            return Err(Fault::at(page, at, "the table has three columns"));
        };
        let python = calls(asyncio);
        let rust = match here.source.as_str() {
            "the same" => python.clone(),
            _ => calls(here),
        };
        Ok(Row {
            cells: [asyncio.start, here.start, differs.start],
            differs: !says_the_same(&differs.source),
            calls: [python, rust],
        })
    });
    rows.collect()
}

/// A row that tells of no difference says so with its first words, or says nothing.
fn says_the_same(cell: &str) -> bool {
    cell.is_empty() || cell.starts_with("The same") || cell.starts_with("In both")
}

/// What a cell's code names, as far as the cell begins with code: `a`, `b` and `c` in "`a`, `b`, or `c`".
/// A cell that begins with words describes something and names no call.
fn calls(cell: &Cell) -> Vec<String> {
    let mut calls = Vec::new();
    let mut rest = cell.source.as_str();
    while let Some((code, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        calls.extend(call(code));
        rest = after.strip_prefix(", ").unwrap_or_default();
    }
    calls
}

/// What to look for: of a call its name with the parenthesis, of anything else the whole. A plain word
/// could be anything.
fn call(code: &str) -> Option<String> {
    let Some((before, _)) = code.split_once('(') else {
        let whole = code.trim_end_matches(':');
        let is_plain = whole.chars().all(|char| char.is_ascii_lowercase());
        return (!is_plain).then(|| whole.to_owned());
    };
    let is_name = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let name = before.rsplit(|char| !is_name(char)).next()?;
    // A receiver such as `q.` stands for any, a module is meant.
    let module = match before.strip_suffix(name) {
        Some(before) if before.ends_with("asyncio.") => "asyncio.",
        _ => "",
    };
    (!name.is_empty()).then(|| format!("{module}{name}("))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls_of(source: &str) -> Vec<String> {
        calls(&Cell {
            source: source.to_owned(),
            ..Cell::default()
        })
    }

    #[test]
    fn a_cell_names_the_calls_that_it_begins_with() {
        assert_eq!(calls_of("`await q.put(x)`, 3.13"), ["put("]);
        assert_eq!(
            calls_of("`Limit::new(n)`, `Gate`, or `f()`"),
            ["Limit::new(", "Gate"]
        );
        assert_eq!(calls_of("`gather(*(f(x) for x in xs))`"), ["gather("]);
        assert_eq!(calls_of("`async with lock:`"), ["async with lock"]);
        assert_eq!(calls_of("`await asyncio.wait(tasks)`"), ["asyncio.wait("]);
        assert_eq!(calls_of("`close` after `f()`"), [""; 0]);
        assert_eq!(calls_of("dropping `f()`"), [""; 0]);
    }

    #[test]
    fn a_row_differs_unless_it_begins_with_saying_that_it_does_not() {
        let text = "## Coming from asyncio\n\n| asyncio | here | what differs |\n|-|-|-|\n\
                    | `f()` | `g()` | The same. |\n| `h()` | the same | In Python it waits. |\n| `i()` | none | |\n";
        let page = Page::read("p.md", text);
        let rows = read(&page).unwrap();
        let differs: Vec<bool> = rows.iter().map(|row| row.differs).collect();
        assert_eq!(differs, [false, true, false]);
        assert_eq!(rows[1].calls[1], ["h("]);
        let [first, _, last] = rows[1].cells;
        assert!(page.text[first..].starts_with("`h()`"));
        assert!(page.text[last..].starts_with("In Python"));
    }

    #[test]
    fn a_page_without_the_table_is_an_error() {
        let page = Page::read("p.md", "# T\n\n## Coming from asyncio\n\nNothing.\n");
        assert_eq!(
            read(&page).unwrap_err().to_string(),
            "p.md:3: the section has no table"
        );
    }
}
