//! Chromium and chromedriver: found, started, asked, and gone afterwards.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs};

use axum::http::Method;
use fantoccini::error::{CmdError, NewSessionError};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// The names of the browser, in the order of search.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Headless, and without what Chromium itself would ask of other machines.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Where the browser and its driver are, or why the tests cannot run.
pub fn programs() -> Result<(PathBuf, PathBuf), String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let find = |names: &[&str]| {
        env::split_paths(&path)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|file| file.is_file())
            .ok_or_else(|| format!("there is no {}", names.join(" or ")))
    };
    Ok((find(&BROWSERS)?, find(&["chromedriver"])?))
}

/// The source of axe-core, or why there is none.
pub fn axe() -> Result<String, String> {
    let fetched = || {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
        Some(target.join("axe/axe.min.js"))
    };
    let file = env::var_os("AXE").map(PathBuf::from).or_else(fetched);
    let source = fs::read_to_string(file.unwrap_or_default());
    source.map_err(|error| format!("no axe, which `bash .ci/axe` fetches: {error}"))
}

/// A running chromedriver.
pub struct Driver {
    process: Child,
    // It would be told of a broken pipe.
    _output: BufReader<ChildStdout>,
    port: u16,
    browser: PathBuf,
    // Holds the profiles of the browsers, and what they leave in their home.
    _home: TempDir,
}

impl Driver {
    /// Starts chromedriver on a port that it chooses.
    pub fn start() -> Self {
        let (browser, driver) = programs().expect("they were there a moment ago");
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut process = Command::new(driver)
            .arg("--port=0")
            .envs(
                ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"]
                    .map(|name| (name, home.path())),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut heard = String::new();
        let port = loop {
            let before = heard.len();
            let read = output.read_line(&mut heard).expect("chromedriver speaks");
            assert!(read > 0, "chromedriver ended: {heard}");
            if let Some((_, port)) = heard[before..].split_once("successfully on port ") {
                let digits = port.trim().trim_end_matches('.');
                break digits.parse().expect("a port");
            }
        };
        Driver {
            process,
            _output: output,
            port,
            browser,
            _home: home,
        }
    }

    /// Starts a browser.
    pub async fn session(&self) -> Result<Session, NewSessionError> {
        let wanted = json!({
            "goog:chromeOptions": {
                "binary": self.browser,
                "args": FLAGS,
                "perfLoggingPrefs": {"enablePage": false},
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let Value::Object(wanted) = wanted else {
            unreachable!("it is an object");
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await?;
        let session = Session { client };
        if let Ok(axe) = axe() {
            // No policy of a page holds up what the driver adds.
            let source = json!({"source": axe});
            let name = "Page.addScriptToEvaluateOnNewDocument";
            let added = session.devtools(name, source).await;
            added.expect("chromedriver adds a script to each page");
        }
        Ok(session)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends its browsers first. Killed, it would leave them running.
        let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).and_then(|mut stream| {
            let host = format!("127.0.0.1:{}", self.port);
            write!(stream, "GET /shutdown HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
            // The answer, or the end: a connection that closes early is not served.
            BufReader::new(stream).read_line(&mut String::new())
        });
        if asked.is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// Runs axe where it is.
const AXE: &str = "
const done = arguments[0];
const tell = ({ violations }) => done(violations.map(({ id, nodes }) => {
    const place = ({ target, failureSummary }) => `${target.join(' ')} (${failureSummary.replace(/\\s+/g, ' ')})`;
    return `axe: ${id}, ${nodes.length} times: ${nodes.slice(0, 3).map(place).join('; ')}`;
}));
if (!window.axe) done([]);
// The sheets are the page's own, so there is nothing to fetch for it.
else axe.run(document, { resultTypes: ['violations'], preload: false }).then(tell, (error) => done([`axe: ${error}`]));";

/// A browser with one page.
pub struct Session {
    pub client: Client,
}

impl Session {
    /// Forgets what an earlier test did.
    pub async fn reset(&self, origin: &str) -> Result<(), CmdError> {
        self.client.goto("about:blank").await?;
        let all = json!({"origin": origin, "storageTypes": "all"});
        self.devtools("Storage.clearDataForOrigin", all).await?;
        self.look(Look::default()).await?;
        self.log("browser").await?;
        self.log("performance").await?;
        Ok(())
    }

    /// Chooses the size of the window and what the reader's system prefers.
    pub async fn look(&self, look: Look) -> Result<(), CmdError> {
        let size =
            json!({"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await?;
        let scheme = if look.dark { "dark" } else { "light" };
        let motion = if look.still {
            "reduce"
        } else {
            "no-preference"
        };
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]});
        self.devtools("Emulation.setEmulatedMedia", features)
            .await?;
        Ok(())
    }

    /// What axe finds wrong with the page, each with its first places. Nothing, when there is no axe.
    pub async fn axe(&self) -> Result<Vec<String>, CmdError> {
        let found = self.client.execute_async(AXE, Vec::new()).await?;
        let found: Result<Vec<String>, _> = serde_json::from_value(found);
        Ok(found.expect("what the script answers"))
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, name: &str, parameters: Value) -> Result<Value, CmdError> {
        let body = json!({"cmd": name, "params": parameters});
        let path = "goog/cdp/execute";
        self.client.issue_cmd(Raw { path, body }).await
    }

    /// Runs a script as if the reader had pressed something: without that, a browser lets no page
    /// write to the clipboard. The script is an expression, and the answer what it promises.
    pub async fn press(&self, origin: &str, script: &str) -> Result<Value, CmdError> {
        let allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        let allowed = json!({"origin": origin, "permissions": allowed});
        self.devtools("Browser.grantPermissions", allowed).await?;
        let press = json!({
            "expression": script,
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
        });
        let pressed = self.devtools("Runtime.evaluate", press).await?;
        assert!(pressed.get("exceptionDetails").is_none(), "{pressed}");
        Ok(pressed["result"]["value"].clone())
    }

    /// What a log has gained since it was last asked for.
    pub async fn log(&self, kind: &str) -> Result<Vec<Value>, CmdError> {
        let body = json!({"type": kind});
        let path = "se/log";
        let entries = self.client.issue_cmd(Raw { path, body }).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// Ends the browser.
    pub async fn close(self) -> Result<(), CmdError> {
        self.client.close().await
    }
}

/// What the reader looks with.
#[derive(Clone, Copy)]
pub struct Look {
    pub dark: bool,
    /// Prefers reduced motion.
    pub still: bool,
    pub width: u32,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            dark: false,
            still: false,
            width: 1280,
        }
    }
}

/// A command of chromedriver that WebDriver does not have.
#[derive(Debug)]
struct Raw {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Raw {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
