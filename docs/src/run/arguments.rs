//! Turns what a form sends into the arguments of a demo.

use common::arguments::{Argument, Takes};
use serde_json::{Map, Value};

/// What to put on the demo's command line, in the order of its own list: `--limit=5`, `--paused`.
///
/// Only what the list has passes, so nothing that comes from a page can be anything else than one of
/// the demo's own arguments.
///
/// # Errors
/// One line that names the argument, when the list does not have it or it cannot have this value.
pub fn check(known: &[Argument], given: &Map<String, Value>) -> Result<Vec<String>, String> {
    let is_known = |name: &str| known.iter().any(|argument| argument.name == name);
    if let Some(name) = given.keys().find(|name| !is_known(name)) {
        return Err(format!("there is no argument {name:?}"));
    }
    let pairs = known
        .iter()
        .filter_map(|argument| Some((argument, given.get(&argument.name)?)));
    pairs
        .filter_map(|(argument, value)| written(argument, value).transpose())
        .collect()
}

/// The argument as it is typed. `None`: a flag that is not given.
fn written(argument: &Argument, value: &Value) -> Result<Option<String>, String> {
    let name = &argument.name;
    let refuse = |wanted: &str| Err(format!("--{name}: {value} is not {wanted}"));
    match &argument.takes {
        Takes::Nothing => match value {
            Value::Bool(given) => Ok(given.then(|| format!("--{name}"))),
            _ => refuse("true or false"),
        },
        // As a number and not as the text, which may have a sign or zeros in front.
        Takes::Number { .. } => match value.as_str().map(str::parse::<u64>) {
            Some(Ok(number)) => Ok(Some(format!("--{name}={number}"))),
            _ => refuse("a string that holds a whole number"),
        },
        Takes::Choice(choices) => {
            let values: Vec<_> = choices.iter().map(|choice| choice.value.as_str()).collect();
            match values.iter().find(|known| value == **known) {
                Some(known) => Ok(Some(format!("--{name}={known}"))),
                None => refuse(&format!("one of {}", values.join(", "))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::arguments::Choice;
    use serde_json::json;

    use super::*;

    fn known() -> Vec<Argument> {
        let choice = |value: &str| Choice {
            value: value.to_owned(),
            help: String::new(),
        };
        let argument = |name: &str, takes| Argument {
            name: name.to_owned(),
            help: String::new(),
            takes,
            default: None,
            conflicts: vec![],
        };
        vec![
            argument("limit", Takes::Number { unit: "N".into() }),
            argument("stop", Takes::Choice(vec![choice("now"), choice("drain")])),
            argument("paused", Takes::Nothing),
        ]
    }

    fn checked(given: &Value) -> Result<Vec<String>, String> {
        check(&known(), given.as_object().unwrap())
    }

    #[test]
    fn what_the_list_has_becomes_one_argument_each_in_its_order() {
        let given = json!({"paused": true, "stop": "drain", "limit": "007"});
        let argv = checked(&given).unwrap();
        assert_eq!(argv, ["--limit=7", "--stop=drain", "--paused"]);
        assert_eq!(checked(&json!({"paused": false})), Ok(vec![]));
        assert_eq!(checked(&json!({})), Ok(vec![]));
    }

    #[test]
    fn everything_else_is_refused_in_one_line_that_names_the_argument() {
        for (name, value) in [
            ("limit", json!("-1")),
            ("limit", json!("5 --timeline=x.svg")),
            ("limit", json!("$(id)")),
            ("limit", json!("18446744073709551616")),
            ("limit", json!("")),
            ("limit", json!(5)),
            ("stop", json!("later")),
            ("stop", json!("now\n--timeline=x.svg")),
            ("stop", json!(["now"])),
            ("paused", json!("true")),
            ("paused", json!(null)),
            ("timeline", json!("x.svg")),
            ("live", json!(true)),
            ("paused --timeline", json!(true)),
            ("--paused", json!(true)),
            ("two\nlines", json!(true)),
        ] {
            let refusal = checked(&json!({ name: value })).unwrap_err();
            assert!(refusal.contains(&name.replace('\n', "\\n")), "{refusal}");
            assert_eq!(refusal.lines().count(), 1, "{refusal}");
        }
    }
}
