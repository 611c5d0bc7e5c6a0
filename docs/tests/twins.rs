//! Each demo's twin in Python prints the same transcript, on a virtual clock.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use docs::pattern::{self, without_timeline};
use libtest_mimic::{Arguments, Failed, Trial};
use support::{patterns, short, skipped};

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        Trial::test(
            "the_virtual_clock_jumps_and_is_exact",
            virtual_clock_is_exact,
        ),
        Trial::test(
            "a_blocking_call_moves_the_virtual_clock",
            blocking_moves_the_clock,
        ),
        Trial::test("the_virtual_clock_reports_a_deadlock", deadlock_is_reported),
        Trial::test("the_virtual_clock_refuses_threads", threads_are_refused),
    ];
    for pattern in patterns() {
        for (transcript, argument) in pattern
            .folder
            .variants("expected", "txt")
            .expect("a folder")
        {
            let twin = pattern.folder.dir.join("asyncio.py");
            let name = [Some(short(&twin)), argument.clone()].into_iter().flatten();
            let name = name.collect::<Vec<_>>().join(" ");
            trials.push(Trial::test(name, move || {
                compare(&twin, argument.as_deref(), &transcript)
            }));
        }
    }
    if let Err(reason) = python_will_do() {
        trials = skipped(trials, &reason);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The twins use `asyncio.timeout` and `asyncio.TaskGroup`, which are of Python 3.11.
fn python_will_do() -> Result<(), String> {
    let program =
        "import sys; print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))";
    let output = Command::new(PYTHON).args(["-c", program]).output();
    let output = output.map_err(|error| format!("{PYTHON}: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "{PYTHON} is {}, the twins need 3.11",
            version.trim()
        ))
    }
}

/// Runs a Python file on the virtual clock. `-I`: neither the environment nor the file's folder
/// decides what it imports.
fn run(file: &Path, argument: Option<&str>) -> Output {
    Command::new(PYTHON)
        .args(["-I", "-B", "-X", "utf8"])
        .arg(pattern::workspace().join("docs/tests/virtual_clock.py"))
        .arg(file)
        .args(argument)
        .output()
        .expect("python was there a moment ago")
}

fn compare(twin: &Path, argument: Option<&str>, transcript: &Path) -> Result<(), Failed> {
    let output = run(twin, argument);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let python = String::from_utf8(output.stdout)?;
    let rust = fs::read_to_string(transcript)?;
    let rust = without_timeline(&rust);
    let python: Vec<_> = python.lines().collect();
    for number in 0..python.len().max(rust.len()) {
        let (of_rust, of_python) = (rust.get(number).copied(), python.get(number).copied());
        if of_rust != of_python {
            let of_rust = of_rust.unwrap_or("(the end)");
            let of_python = of_python.unwrap_or("(the end)");
            let mend = format!(
                "{} may be stale: `just expected` mends that",
                short(transcript)
            );
            return Err(format!(
                "line {}\n  rust:   {of_rust}\n  python: {of_python}\n{mend}",
                number + 1
            )
            .into());
        }
    }
    Ok(())
}

fn script(text: &str) -> Result<Output, Failed> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("script.py");
    fs::write(&file, text)?;
    Ok(run(&file, Some("--flag")))
}

fn virtual_clock_is_exact() -> Result<(), Failed> {
    let output = script(
        r#"
import asyncio, sys

async def child(name, delay):
    await asyncio.sleep(delay)
    print(name, asyncio.get_running_loop().time())
    return name

async def main():
    loop = asyncio.get_running_loop()
    print(sys.argv[1:], loop.time())
    print(await asyncio.gather(child("b", 0.3), child("a", 0.1), child("c", 1000)))
    try:
        async with asyncio.timeout(0.25):
            await asyncio.sleep(1)
    except TimeoutError:
        print("timeout", loop.time())
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.05)
    except TimeoutError:
        print("wait_for", loop.time())
    for number in range(5):
        loop.call_later(1, print, "later", number)
    loop.call_later(0.5, print, "sooner")
    await asyncio.sleep(0.1)
    await asyncio.sleep(0.2)
    await asyncio.sleep(0.7)
    print("end", loop.time())

asyncio.run(main())
"#,
    )?;
    let wanted = "['--flag'] 0.0\na 0.1\nb 0.3\nc 1000.0\n['b', 'a', 'c']\ntimeout 1000.25\nwait_for 1000.3\n\
                  sooner\nlater 0\nlater 1\nlater 2\nlater 3\nlater 4\nend 1001.3\n";
    prints(output, wanted)
}

fn blocking_moves_the_clock() -> Result<(), Failed> {
    let output = script(
        r#"
import asyncio, time

async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(0.05, lambda: print("timer", loop.time()))
    await asyncio.sleep(0.01)
    time.sleep(0.1)
    print("blocked until", loop.time())
    await asyncio.sleep(0.02)
    print("end", loop.time())

asyncio.run(main())
"#,
    )?;
    prints(output, "blocked until 0.11\ntimer 0.11\nend 0.13\n")
}

fn prints(output: Output, wanted: &str) -> Result<(), Failed> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8(output.stdout)?.replace("\r\n", "\n");
    if stdout == wanted {
        Ok(())
    } else {
        Err(format!("{stdout}{stderr}").into())
    }
}

fn fails_with(text: &str, message: &str) -> Result<(), Failed> {
    let output = script(text)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(1) && stderr.contains(message) {
        Ok(())
    } else {
        Err(format!("{}: {stderr}", output.status).into())
    }
}

fn deadlock_is_reported() -> Result<(), Failed> {
    fails_with(
        "import asyncio\nasyncio.run(asyncio.Event().wait())\n",
        "virtual_clock: deadlock",
    )
}

fn threads_are_refused() -> Result<(), Failed> {
    fails_with(
        "import asyncio\nasyncio.run(asyncio.to_thread(print))\n",
        "virtual_clock: a thread",
    )
}
