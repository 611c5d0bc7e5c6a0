//! The form of a page: the arguments of the demo, no more and no fewer, and what to type.

use common::arguments::{Argument, Choice, Takes};
use docs::book::form;

use crate::support::site::page_of;
use crate::support::{check, patterns};

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
    check(|pattern| {
        let mut problems = Vec::new();
        let (name, html) = (pattern.name(), page_of(pattern.name()));
        let expected: Vec<&str> = pattern
            .arguments
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let forms: Vec<&str> = html.split("<section class=\"run\"").skip(1).collect();
        let [form] = forms[..] else {
            return vec![format!("{} forms", forms.len())];
        };
        let (form, _) = form.split_once("</section>").expect("a section ends");
        let names = values(form, "name");
        if names != expected {
            problems.push(format!("it asks for {names:?}, not {expected:?}"));
        }
        let (above, _) = html.split_once("<section class=\"run\"").expect("a form");
        if !above.contains("id=\"run-it\"") || above.contains("id=\"what-you-see\"") {
            problems.push("the form is not where the page says how to run it".to_owned());
        }
        let command = format!("<code class=\"language-text\">cargo run -p {name}</code>");
        for text in [&command, "<code>cargo run -p docs</code> serves this page"] {
            if !form.contains(text) {
                problems.push(format!("it does not say {text}"));
            }
        }
        problems
    });
}

#[test]
fn a_page_has_the_script_of_the_form() {
    for pattern in patterns() {
        let html = page_of(pattern.name());
        let is_script = |source: &str| source.starts_with("../../run-") && source.contains(".js\"");
        let has_script = html.split("<script src=\"").skip(1).any(is_script);
        assert!(has_script, "{}: no script", pattern.name());
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
    )
    .into_string();
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
    let html = form::draw("p", &[argument("limit", number, None)]).into_string();
    assert!(
        html.contains("value=\"\" placeholder=\"\"></span>"),
        "{html}"
    );
}

#[test]
fn a_field_names_the_others_that_it_excludes() {
    let mut blocking = argument("blocking", Takes::Nothing, None);
    blocking.conflicts = vec!["paused".into(), "limit".into()];
    let html = form::draw("p", &[blocking, argument("paused", Takes::Nothing, None)]).into_string();
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
    let html = form::draw(evil, &[number, choice]).into_string();
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
}
