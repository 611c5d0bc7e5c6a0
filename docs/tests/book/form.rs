//! The form of a page: the arguments of the demo, no more and no fewer, and what to type.

mod support;

use std::fs;

use common::arguments::{Argument, Choice, Takes};
use docs::{book, form, pattern};
use support::{patterns, report};

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let parts = html.split(&start).skip(1);
    parts
        .map(|part| part.split('"').next().expect("a value"))
        .collect()
}

fn argument(name: &str, takes: Takes, default: Option<&str>) -> Argument {
    Argument {
        name: name.into(),
        help: String::new(),
        takes,
        default: default.map(str::to_owned),
        conflicts: vec![],
    }
}

fn choices(values: &[&str]) -> Takes {
    let choice = |value: &&str| Choice {
        value: (*value).into(),
        help: String::new(),
    };
    Takes::Choice(values.iter().map(choice).collect())
}

#[test]
fn every_page_asks_for_the_arguments_of_its_demo_and_says_what_to_type() {
    let book = book::build(&pattern::workspace(), "/").expect("the book builds");
    let mut problems = Vec::new();
    for pattern in patterns() {
        let name = &pattern.name;
        let page = book.path().join(format!("patterns/{name}/index.html"));
        let html = fs::read_to_string(page).expect("a page");
        let json = fs::read_to_string(pattern.dir.join("arguments.json")).expect("its arguments");
        let arguments: Vec<Argument> = serde_json::from_str(&json).expect("a list of arguments");
        let expected: Vec<&str> = arguments.iter().map(|a| a.name.as_str()).collect();

        let forms: Vec<&str> = html.split("<section class=\"run\"").skip(1).collect();
        let [form] = forms[..] else {
            problems.push(format!("{name}: {} forms", forms.len()));
            continue;
        };
        let (form, _) = form.split_once("</section>").expect("a section ends");
        let names = values(form, "name");
        if names != expected {
            problems.push(format!("{name}: asks for {names:?}, not {expected:?}"));
        }
        let (above, _) = html.split_once("<section class=\"run\"").expect("a form");
        if !above.contains("<figure") || above.contains("id=\"run-it\"") {
            problems.push(format!("{name}: the form is not below the first picture"));
        }
        let command = format!("<code class=\"language-text\">cargo run -p {name}</code>");
        for text in [&command, "<code>cargo run -p docs</code> serves this page"] {
            if !form.contains(text) {
                problems.push(format!("{name}: does not say {text}"));
            }
        }
    }
    report(&problems);
}

#[test]
fn a_page_has_the_script_of_the_form() {
    let book = book::build(&pattern::workspace(), "/").expect("the book builds");
    for pattern in patterns() {
        let page = format!("patterns/{}/index.html", pattern.name);
        let html = fs::read_to_string(book.path().join(page)).expect("a page");
        let is_script = |source: &str| source.starts_with("../../run-") && source.contains(".js\"");
        let has_script = html.split("<script src=\"").skip(1).any(is_script);
        assert!(has_script, "{}: no script", pattern.name);
    }
}

#[test]
fn what_an_argument_takes_decides_its_field() {
    let number = Takes::Number { unit: "MS".into() };
    let html = form::draw(
        "p",
        &[
            argument("grace", number, Some("200")),
            argument("until", choices(&["first", "all"]), Some("all")),
            argument("stop", choices(&["now"]), None),
            argument("blocking", Takes::Nothing, None),
            argument("paused", Takes::Nothing, None),
        ],
    );
    for field in [
        "<input type=\"number\" min=\"0\" step=\"1\" name=\"grace\" value=\"200\" placeholder=\"200\"> ms<",
        "<option value=\"first\">first</option><option value=\"all\" selected>all</option>",
        "<option value=\"\" selected>not given</option><option value=\"now\">now</option>",
        "<input type=\"checkbox\" name=\"blocking\">",
        "<option value=\"\" selected>real clock</option>",
    ] {
        assert!(html.contains(field), "no {field} in {html}");
    }
    assert_eq!(html.matches("not given").count(), 1, "{html}");
    assert_eq!(html.matches(" selected").count(), 3, "{html}");
}

#[test]
fn a_number_without_a_default_is_empty_and_n_is_no_unit() {
    let number = Takes::Number { unit: "N".into() };
    let html = form::draw("p", &[argument("limit", number, None)]);
    assert!(
        html.contains("value=\"\" placeholder=\"\"></span>"),
        "{html}"
    );
}

#[test]
fn a_field_names_the_others_that_it_excludes() {
    let mut blocking = argument("blocking", Takes::Nothing, None);
    blocking.conflicts = vec!["paused".into(), "limit".into()];
    let html = form::draw("p", &[blocking, argument("paused", Takes::Nothing, None)]);
    assert_eq!(values(&html, "data-conflicts"), ["paused limit"]);
}

#[test]
fn help_and_values_are_text_and_quoted_code_is_code() {
    let evil = "\"><b>&";
    let mut number = argument("n", Takes::Number { unit: "<B>".into() }, Some(evil));
    number.help = "Calls `a::<b>()` & <b>it</b>".into();
    let mut choice = argument("c", choices(&[evil]), Some(evil));
    choice.help = "one ` alone".into();
    if let Takes::Choice(choices) = &mut choice.takes {
        choices[0].help = "`close`, as <b>".into();
    }
    let html = form::draw(evil, &[number, choice]);
    assert!(!html.contains("<b>") && !html.contains(evil), "{html}");
    assert!(
        html.contains("<code>a::&lt;b&gt;()</code> &amp; &lt;b&gt;it&lt;/b&gt;"),
        "{html}"
    );
    assert!(html.contains("one ` alone"), "{html}");
    let escaped = "&quot;&gt;&lt;b&gt;&amp;";
    let option =
        format!("<option value=\"{escaped}\" selected>{escaped}: close, as &lt;b&gt;</option>");
    assert!(html.contains(&option), "{html}");
    assert!(
        html.contains(&format!("data-pattern=\"{escaped}\"")),
        "{html}"
    );
    assert!(
        !html.contains("\n\n"),
        "a blank line ends HTML in Markdown: {html}"
    );
}
