//! The page of `rankproof report`: what it shows, what it refuses, and how a browser shows it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rankproof::report::{Experiment, Figure, Panel, Table, VerificationRecord, number};
use rankproof::theorem;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with an experiment in `growth` and a verification in `verified.json`.
struct Workplace(TempDir);

impl Workplace {
    fn new() -> Self {
        let place = Workplace(tempfile::tempdir().unwrap());
        experiment(&place.path("growth"));
        let verified = place.path("verified.json");
        let verified = verified.to_str().unwrap();
        let arguments = ["--theorem", "invariant-subspace", "--theorem", "fingerprints"];
        let output =
            place.run(&[&["verify", "--cases", "9", "--json", verified], &arguments[..]].concat());
        assert!(output.status.success());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rankproof"));
        command.args(arguments).current_dir(self.0.path()).output().expect("it starts")
    }

    /// The page of these folders.
    fn page(&self, folders: &[&str]) -> String {
        let output = self.report(folders);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(self.path("report.html")).unwrap()
    }

    fn report(&self, folders: &[&str]) -> Output {
        let arguments = ["report", "--out", "report.html", "--verified", "verified.json", "--from"];
        self.run(&[&arguments, folders].concat())
    }

    /// The sentence by which a report of this folder is refused.
    fn refusal(&self, folder: &str) -> String {
        let output = self.report(&[folder]);
        assert_eq!(output.status.code(), Some(2));
        assert!(!self.path("report.html").exists());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn experiment(folder: &Path) {
    let mut experiment =
        Experiment::new("growth", "Rank of W_k <over> \"k\" & more", folder, true).unwrap();
    let points = (0..40).map(|k| (f64::from(k), f64::from(k * k)));
    let panel = |title: &str| {
        Panel::new(title, "learning step k", "rank of W_k - W_0").line("d_in = 1", points.clone())
    };
    let figure = ["a", "b", "c", "d"]
        .iter()
        .fold(Figure::new("Growth").columns(4), |figure, title| figure.panel(panel(title)));
    experiment.figure("growth", "Four panels & a caption.", &figure).unwrap();
    experiment.figure("again", "One of them.", &Figure::single(panel("one"))).unwrap();
    let mut table = Table::new(["network", "rank of D_k", "<i>"]);
    for k in 0..30 {
        table.row(["linear, W_0 = 0".to_owned(), (k * k).to_string(), "a long cell ".repeat(9)]);
    }
    experiment.table("growth", "Ranks of all networks.", &table).unwrap();
    experiment.number("third", "a third of the rank D_k", 1.0 / 3.0, 0.25..=0.5);
    experiment.number("residual", "residual", 1.234_567_891e-7, 0.0..=1e-6);
    experiment.number("missed", "out of its range", 8.5, 9.0..=10.0);
    experiment.measured("measured", "seconds or so", 12.25);
    experiment.number("nothing", "not finite", f64::NAN, 0.0..=1.0);
    let _ = experiment.finish();
}

/// What stands between two marks, from the first of each.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).unwrap_or_else(|| panic!("no {start}")).1;
    after.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}")).0
}

/// A number as the page writes it.
fn in_full(value: f64) -> String {
    format!("<data value=\"{value}\">{}</data>", number(value))
}

/// The results that summary.json holds, as (found, least, most).
fn numbers(summary: &Path) -> Vec<[Option<f64>; 3]> {
    let summary: Value = serde_json::from_str(&fs::read_to_string(summary).unwrap()).unwrap();
    let numbers = summary["numbers"].as_array().unwrap().iter();
    numbers
        .map(|number| {
            [&number["value"], &number["expected"][0], &number["expected"][1]].map(Value::as_f64)
        })
        .collect()
}

#[test]
fn the_page_shows_what_the_files_hold() {
    let place = Workplace::new();
    let page = place.page(&["growth"]);
    for theorem in theorem::ALL {
        assert!(page.contains(&format!("<article id=\"{}\">", theorem.id)), "{}", theorem.id);
    }
    assert!(page.contains("rank D<sub>k</sub> ≤ dim S ≤ d<sub>in</sub> + d<sub>out</sub>"));
    let results = between(&page, "<section id=\"results-1\">", "</section>");
    for [found, least, most] in numbers(&place.path("growth/summary.json")) {
        let found = found.map_or("<strong>not finite</strong>".to_owned(), in_full);
        let [least, most] = [least, most].map(|end| end.map_or(String::new(), in_full));
        let row = [found, least, most].map(|cell| format!("<td class=\"number\">{cell}</td>"));
        assert!(results.contains(&row.concat()), "{row:?} in {results}");
    }
    assert_eq!(results.matches("<strong>outside</strong>").count(), 2);
    assert!(results.contains("Rank of W<sub>k</sub> &lt;over&gt; &quot;k&quot; &amp; more"));
    assert!(results.contains("<th scope=\"col\" class=\"number\">rank of D<sub>k</sub></th>"));
    assert!(results.contains("linear, W<sub>0</sub> = 0") && results.contains(">841<"));
    assert!(
        results.contains("<title>d_in = 1: learning step k 38, rank of W_k - W_0 1444</title>")
    );
}

#[test]
fn the_page_counts_what_was_verified() {
    let place = Workplace::new();
    let page = place.page(&["growth"]);
    let section = between(&page, "<section id=\"verification\">", "</section>");
    let record = VerificationRecord::read(place.path("verified.json")).unwrap();
    assert_eq!(record.results.len(), 6);
    for row in &record.results {
        let counts = [row.cases, row.held, row.violated, row.inconclusive, row.attained];
        let cells = counts.map(|count| format!("<td class=\"number\">{count}</td>")).concat();
        let names = format!(
            "<a href=\"#{}\">{}</a></th><th scope=\"row\">{}</th>{cells}",
            row.theorem, row.theorem, row.arithmetic
        );
        assert!(section.contains(&names), "{names} in {section}");
    }
    assert!(section.contains("Not in this run: gradient-factorization, "));
    assert!(section.contains("From verified.json."));
}

#[test]
fn fits_and_cross_validations_are_shown_too() {
    let place = Workplace::new();
    for (name, summary) in [
        (
            "fit",
            r#"{"schema":1,"rank":3,"units":10,"outcome":"converged","train":{"entries":420,
               "loss":0.9346724632335386},"held_out":{"entries":25,"loss":0.5}}"#,
        ),
        (
            "cv",
            r#"{"schema":1,"ranks":[{"rank":1,"mean":0.25},{"rank":2,"mean":0.125}],"chosen":2,
               "comparisons":{"constant":{"mean":0.375},"free":{"mean":null}}}"#,
        ),
    ] {
        fs::create_dir(place.path(name)).unwrap();
        fs::write(place.path(name).join("summary.json"), summary).unwrap();
        fs::copy(place.path("growth/again.svg"), place.path(name).join("held_out.svg")).unwrap();
    }
    let page = place.page(&["fit", "cv"]);
    for text in [
        "Fit of tensor rank 3</h3>",
        "<data value=\"0.9346724632335386\">0.9347</data>",
        "<th scope=\"row\">held out</th><td class=\"number\">25</td>",
        "Cross-validation: tensor rank 2 chosen</h3>",
        // Of a summary that has no verdict yet.
        "<p>The summary does not say which initial states and inputs the models had. Initial \
         states, gains or inputs that vary from trial to trial can look like changing weights: \
         an initial state for each trial tests the first; nothing tests the others.</p>",
        "<th scope=\"row\" class=\"number\">2</th><td class=\"number\"><data value=\"0.125\">",
        "<th scope=\"row\">free</th><td>–</td>",
        "<figcaption>held out</figcaption>",
        "id=\"results-2-figure-1-kuva-clip-0\"",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn the_page_is_alone_and_the_same_every_time() {
    let place = Workplace::new();
    let page = place.page(&["growth"]);
    assert_eq!(page, place.page(&["growth"]));
    for outside in ["<script", "<link", "<img", "@import", "http:", "https:", " src=", " onload="] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn without_arguments_it_takes_what_is_in_out_and_verifies_a_little() {
    let place = Workplace(tempfile::tempdir().unwrap());
    for name in ["b", "a"] {
        experiment(&place.path("out").join(name));
    }
    fs::create_dir(place.path("out/no-results")).unwrap();
    let output = place.run(&["report", "--out", "report.html"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(place.path("report.html")).unwrap();
    assert!(page.contains("<section id=\"results-2\">") && !page.contains("id=\"results-3\""));
    assert!(page.contains("A small run made for this page: 100 cases of each theorem"));
    assert!(page.contains("Not in this run: perturbation."));
}

#[test]
fn what_cannot_be_shown_is_refused_by_name() {
    let place = Workplace::new();
    let summary =
        "summary of an experiment, of rankproof rank, of rankproof fit or of rankproof cv";
    let nowhere = place.refusal("nowhere");
    assert_eq!(
        nowhere,
        format!("error: nowhere/summary.json: is not there, expected the {summary}\n")
    );
    let whole = fs::read_to_string(place.path("growth/summary.json")).unwrap();
    for (text, found) in [
        ("{".to_owned(), "is not JSON: "),
        ("[1]".into(), "has schema null"),
        (whole.replace("\"schema\":1", "\"schema\":2"), "has schema 2"),
        (whole.replace("\"title\"", "\"name\""), "says missing field `title`"),
        ("{\"schema\":1,\"units\":3}".into(), "is something else"),
        (
            whole.replace("growth.svg", "../growth.svg"),
            "names \"../growth.svg\", expected names of",
        ),
        (whole.replace("growth.svg", "/etc/passwd"), "names \"/etc/passwd\", expected names of"),
    ] {
        fs::write(place.path("growth/summary.json"), text).unwrap();
        let sentence = place.refusal("growth");
        let start = format!("error: growth/summary.json: {found}");
        assert!(sentence.starts_with(&start) && sentence.lines().count() == 1, "{sentence}");
    }
    fs::write(place.path("growth/summary.json"), &whole).unwrap();
    let svg = fs::read_to_string(place.path("growth/growth.svg")).unwrap();
    let spoilt = svg.replace("</svg>", "<script>alert(1)</script></svg>");
    fs::write(place.path("growth/growth.svg"), spoilt).unwrap();
    let sentence = place.refusal("growth");
    assert!(sentence.starts_with("error: growth/growth.svg: holds <script>, expected a drawing"));
    fs::write(place.path("growth/growth.svg"), svg).unwrap();
    fs::write(place.path("growth/growth.csv"), "a,b\n1,2,3\n").unwrap();
    let sentence = place.refusal("growth");
    assert!(sentence.starts_with("error: growth/growth.csv: says "), "{sentence}");
}

#[test]
fn a_record_that_does_not_add_up_is_refused() {
    let place = Workplace::new();
    let whole = fs::read_to_string(place.path("verified.json")).unwrap();
    for (text, found) in [
        (whole.replace("fingerprints", "finger"), "names a theorem \"finger\""),
        (whole.replace("\"cases\":9", "\"cases\":8"), "counts more or fewer than 8 cases of "),
        (whole.replace("\"seed\"", "\"sea\""), "says missing field `seed`"),
        ("{".to_owned(), "says EOF while parsing"),
    ] {
        fs::write(place.path("verified.json"), text).unwrap();
        let sentence = place.refusal("growth");
        assert!(sentence.starts_with(&format!("error: verified.json: {found}")), "{sentence}");
        assert!(
            sentence.ends_with("expected what rankproof verify writes as JSON\n"),
            "{sentence}"
        );
    }
}

/// A browser without a window, if there is one.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "google-chrome", "chromium-browser"];
    let found = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        println!("passed over: there is no Chromium to open the page in");
    }
    found
}

/// Opens a file; gives the document after its scripts ran, and what the console said.
fn open(browser: &str, file: &Path) -> (String, Vec<String>) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args(["--window-size=1900,1000", "--virtual-time-budget=5000", "--dump-dom"])
        .args(["--enable-logging=stderr", "--v=0"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(file)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let console = errors.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned);
    (String::from_utf8_lossy(&output.stdout).into_owned(), console.collect())
}

/// What a browser sees of a page in a frame of this width.
fn look(browser: &str, folder: &Path, page: &str, width: u32) -> Value {
    const SCRIPT: &str = "onload = () => {
        const page = document.querySelector('iframe').contentDocument;
        const root = page.documentElement;
        const all = selector => [...page.querySelectorAll(selector)];
        const seen = {
            page: root.scrollWidth,
            width: page.defaultView.innerWidth,
            data: all('#results-1 data').map(data => data.value),
            counts: all('#verification table')[1].innerText,
            ids: all('[id]').map(element => element.id),
            broken: all('a').map(a => a.getAttribute('href'))
                .filter(href => !page.getElementById(href.slice(1))),
            figures: all('svg').map(svg => Math.round(svg.getBoundingClientRect().width)),
            paper: page.defaultView.getComputedStyle(all('svg > rect')[0]).fill,
            hidden: all('.scroll').filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length,
        };
        document.body.textContent = JSON.stringify(seen);
    }";
    let escaped = page.replace('&', "&amp;").replace('"', "&quot;");
    let file = folder.join("frame.html");
    let frame = format!(
        "<!doctype html><meta charset=utf-8><script>{SCRIPT}</script>\
         <iframe style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{escaped}\"></iframe>"
    );
    fs::write(&file, frame).unwrap();
    let (document, _) = open(browser, &file);
    let json = between(&document, "<body>", "</body>");
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

#[test]
fn nothing_overflows_in_a_browser_and_its_numbers_are_those_of_the_files() {
    let Some(browser) = browser() else { return };
    let place = Workplace::new();
    let page = place.page(&["growth"]);
    let found = numbers(&place.path("growth/summary.json"));
    let found: Vec<f64> = found.into_iter().flatten().flatten().collect();
    for width in [400, 1400] {
        let seen = look(browser, place.0.path(), &page, width);
        assert_eq!(seen["width"], width, "{seen}");
        assert!(seen["page"].as_u64() <= Some(width.into()), "{seen}");
        let data = seen["data"].as_array().unwrap().iter().map(|v| v.as_str().unwrap());
        let data: Vec<f64> = data.map(|value| value.parse().unwrap()).collect();
        assert_eq!(data, found);
        let record = VerificationRecord::read(place.path("verified.json")).unwrap();
        for row in record.results {
            let counts = [row.cases, row.held, row.violated, row.inconclusive, row.attained];
            let counts = counts.map(|count| count.to_string()).join("\t");
            let line = format!("{}\t{}\t{counts}", row.theorem, row.arithmetic);
            assert!(seen["counts"].as_str().unwrap().contains(&line), "{line} in {seen}");
        }
        let mut ids: Vec<_> = seen["ids"].as_array().unwrap().iter().collect();
        let all = ids.len();
        ids.sort_by_key(|id| id.to_string());
        ids.dedup();
        assert_eq!(ids.len(), all, "every name is there once");
        assert_eq!(seen["broken"], Value::Array(Vec::new()));
        assert_eq!(seen["figures"].as_array().unwrap().len(), 2);
        assert_eq!(seen["paper"], "rgb(255, 255, 255)");
        assert_eq!(seen["hidden"], 0);
        // What overflows would be seen.
        let wide = page.replace("</main>", "<div style=\"width:1500px\">wide</div></main>");
        let seen = look(browser, place.0.path(), &wide, width);
        assert!(seen["page"].as_u64() > Some(width.into()), "{seen}");
    }
}

#[test]
fn a_browser_opens_the_page_without_an_error() {
    let Some(browser) = browser() else { return };
    let place = Workplace::new();
    let page = place.page(&["growth"]);
    let (document, console) = open(browser, &place.path("report.html"));
    assert!(document.contains("id=\"results-1\""));
    assert_eq!(console, Vec::<String>::new());
    // Scripts are not run, and what is wrong would be heard.
    let spoilt = page.replace("</main>", "<script>document.title = 'run'</script></main>");
    fs::write(place.path("spoilt.html"), spoilt).unwrap();
    let (document, console) = open(browser, &place.path("spoilt.html"));
    assert!(!document.contains("<title>run</title>") && !console.is_empty());
}
