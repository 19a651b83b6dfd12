//! Each form, read back by a reader of that form, with names and texts that try to be something else in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use driftline::report::escape;
use driftline::report::model::{MoveReport, MoveSide, PathReport};
use driftline::report::nightly::{FORMATS, NightlyReport};
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;

use super::hostile::{HOSTILE, hostile};
use super::night::{empty, many, oncalls, row};
use super::text_of;

fn shown(text: &str) -> String {
    escape::text(text.as_bytes()).into_owned()
}

/// Subjects of findings, as a person sees them.
fn subjects(report: &NightlyReport) -> Vec<String> {
    report.findings.iter().map(|finding| shown(&finding.subject)).collect()
}

#[test]
fn every_form_is_one_line_of_text_after_another_and_nothing_else() {
    for format in FORMATS {
        let text = text_of(&hostile(), format.name);
        let odd = text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t');
        assert_eq!(odd, None, "{}", format.name);
        for c in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{2028}', '\u{e0041}'] {
            assert!(!text.contains(c), "{} has {c:?}", format.name);
        }
        assert_eq!(text, text_of(&hostile(), format.name), "the same report is the same text");
    }
}

#[test]
fn endings_are_those_that_were_promised() {
    let mut endings: Vec<&str> = FORMATS.iter().map(|format| format.extension).collect();
    endings.sort_unstable();
    assert_eq!(endings, ["html", "json", "md", "prom", "sarif", "txt", "xml"]);
}

#[test]
fn json_gives_names_back_to_the_byte() {
    let report = hostile();
    let read: Value = serde_json::from_str(&text_of(&report, "json")).unwrap();
    for (finding, read) in report.findings.iter().zip(read["findings"].as_array().unwrap()) {
        assert_eq!(read["path"].as_str(), finding.path.path.as_deref());
        assert_eq!(read["message"], *finding.message);
    }
    let rows = read["tree"]["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["path_base64"] == "aG9zdGlsZS///htbMzFtwyg="));
    assert_eq!(read["focus"][0]["texts"][1]["lines"][0], HOSTILE[0]);
}

#[test]
fn html_has_its_data_to_the_byte_and_its_first_screen_as_text() {
    let report = hostile();
    let page = text_of(&report, "html");
    let (before, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (data, after) = rest.split_once("</script>").unwrap();
    assert!(!data.contains(['<', '>', '&']));
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["rows"].as_array().unwrap().len(), report.tree.rows.len() + report.tree.attributes.len());
    assert_eq!(data["patches"][0].as_str(), report.patches[0].patch.as_deref());
    assert_eq!(after.matches("</script>").count(), 1);
    // Who has no scripts still reads who was read, what is new, and what is in one place only.
    let before = before.split_once("</style>").unwrap().1;
    assert!(!before.contains("<script") && !before.contains("<img") && !before.contains("<svg/"));
    for words in [
        "staging",
        "read in part",
        "last day of the month can be scheduled",
        "was &lt;img src=x onerror=alert(1)&gt; before",
    ] {
        assert!(before.contains(words), "{words}");
    }
}

#[test]
fn a_folder_that_moved_is_said_on_both_sides_of_the_matrix() {
    let mut report = empty(&["prod", "staging"]);
    for (path, pattern) in [("new/sub/a.py", "-A"), ("old/gone.py", "A-"), ("old/sub/a.py", "A-"), ("older/a.py", "A-")]
    {
        row(&mut report, path, pattern);
    }
    let side = |path: &[u8], environment: &str| MoveSide {
        path: PathReport::new(path),
        environments: vec![environment.to_owned()],
    };
    let places = vec![side(b"new", "staging"), side(b"old", "prod")];
    report.tree.moves.push(MoveReport { kind: "folder", places, files: 1, edited: 0 });
    let page = text_of(&report, "html");
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    let data: Value = serde_json::from_str(data).unwrap();
    let of = |list: &str, name: &str| -> Vec<Value> {
        data[list].as_array().unwrap().iter().map(|it| it[name].clone()).collect()
    };
    assert_eq!(of("moves", "path"), ["new", "old"]);
    assert_eq!(of("moves", "to"), ["old/ in prod", "new/ in staging"]);
    let moved = |kinds: &Value| kinds.as_array().unwrap().contains(&"moved".into());
    assert_eq!(of("rows", "kinds").iter().map(moved).collect::<Vec<_>>(), [true, false, true, false]);
    assert_eq!(data["rows"][0]["notes"], serde_json::json!(["old/sub/a.py in prod"]));
}

#[test]
fn markdown_has_no_markup_but_ours() {
    let report = hostile();
    let text = text_of(&report, "markdown");
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    let mut spans = Vec::new();
    let mut headings = Vec::new();
    let mut in_heading = false;
    let mut tables = 0;
    for event in Parser::new_ext(&text, options) {
        match event {
            Event::Html(words) | Event::InlineHtml(words) => panic!("markup: {words}"),
            Event::FootnoteReference(words) => panic!("footnote: {words}"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => panic!("link: {dest_url}"),
            Event::Start(tag @ (Tag::CodeBlock(_) | Tag::BlockQuote(_) | Tag::Emphasis | Tag::Strikethrough)) => {
                panic!("{tag:?}")
            }
            Event::Start(Tag::Table(_)) => tables += 1,
            Event::Start(Tag::Heading { .. }) => {
                in_heading = true;
                headings.push(String::new());
            }
            Event::End(pulldown_cmark::TagEnd::Heading(_)) => in_heading = false,
            Event::Code(words) => spans.push(words.to_string()),
            Event::Text(words) if in_heading => headings.last_mut().unwrap().push_str(&words),
            Event::Text(words) => {
                for odd in ["@", "#123", "http", "www.", "<"] {
                    assert!(!words.contains(odd), "{odd} in plain text: {words}");
                }
            }
            _ => {}
        }
    }
    assert_eq!(tables, 1);
    let known = [
        "Environments",
        "New (26)",
        "Reopened (1)",
        "Resolved (26)",
        "Still (2)",
        "Accepted (1)",
        "Acceptances that accept nothing any more",
        "Where the drift is",
        "Proposed maps",
        "Fixes in one place only",
        "Trend",
        "About the reading",
    ];
    assert_eq!(headings[1..], known);
    for subject in subjects(&report) {
        assert!(spans.contains(&subject), "{subject}");
    }
}

#[test]
fn junit_is_xml_with_a_test_for_each_finding() {
    let report = hostile();
    let text = text_of(&report, "junit");
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let tests: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let open: Vec<_> = report.findings.iter().filter(|finding| finding.status != "resolved").collect();
    assert_eq!(tests.len(), 3 + open.len() + 1);
    assert_eq!(root.attribute("tests"), Some(tests.len().to_string().as_str()));
    for (finding, test) in open.iter().zip(&tests[3..]) {
        let name = shown(&format!("{} [{}]", finding.subject, finding.id));
        let name = name.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}");
        assert_eq!(test.attribute("name"), Some(&*name));
        let failed = test.children().any(|child| child.has_tag_name("failure"));
        assert_eq!(failed, matches!(finding.severity, "warning" | "critical"), "{}", finding.severity);
    }
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    assert_eq!(root.attribute("failures"), Some(&*count("failure")));
    assert_eq!(root.attribute("errors"), Some(&*count("error")));
    assert_eq!(count("error"), "1", "debug was read in part");
    assert_eq!(count("skipped"), "1", "one is accepted");
}

#[test]
fn sarif_has_rules_results_and_what_became_of_them() {
    let report = hostile();
    let read: Value = serde_json::from_str(&text_of(&report, "sarif")).unwrap();
    assert_eq!(read["version"], "2.1.0");
    let run = &read["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len() + report.accepted.len());
    for (finding, result) in report.findings.iter().chain(&report.accepted).zip(results) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["ruleId"], *finding.code);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(["new", "unchanged", "updated", "absent"].contains(&result["baselineState"].as_str().unwrap()));
        assert_eq!(result["suppressions"].as_array().unwrap().len(), usize::from(finding.accepted.is_some()));
        assert_eq!(result["partialFingerprints"]["driftline/v1"], *finding.id);
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        if let Some(bytes) = &finding.path.bytes {
            assert_eq!(decoded(uri.as_str().unwrap()), **bytes);
        }
    }
}

#[test]
fn sarif_is_as_its_schema_says() {
    let schema = serde_json::from_slice(&std::fs::read(schemas().join("sarif-2.1.0-rtm.5.json")).unwrap()).unwrap();
    let validator = jsonschema::draft4::options().should_validate_formats(true).build(&schema).unwrap();
    for report in [hostile(), oncalls(), many(500), empty(&["prod"])] {
        let read: Value = serde_json::from_str(&text_of(&report, "sarif")).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&read).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let mut broken: Value = serde_json::from_str(&text_of(&oncalls(), "sarif")).unwrap();
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&broken), "the schema judges");
}

/// The schema that Jenkins published, with the two attributes that later readers know.
#[test]
fn junit_is_as_its_schema_says() {
    let schema = std::fs::read_to_string(schemas().join("junit-4.xsd")).unwrap();
    let is_optional = |name: &str| format!("<xs:attribute name=\"{name}\" type=\"xs:string\" use=\"optional\"/>");
    let later =
        schema.replace(&is_optional("classname"), &[is_optional("classname"), is_optional("file")].concat()).replace(
            "<xs:element name=\"skipped\" type=\"xs:string\"/>",
            &format!(
                "<xs:element name=\"skipped\"><xs:complexType mixed=\"true\">{}</xs:complexType></xs:element>",
                is_optional("message")
            ),
        );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("junit.xsd");
    std::fs::write(&file, later).unwrap();
    let judge = |text: &str| {
        let mut xmllint = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .arg(&file)
            .arg("-")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Debian's package is libxml2-utils");
        xmllint.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        xmllint.wait_with_output().unwrap()
    };
    for report in [hostile(), oncalls(), many(500), empty(&["prod"])] {
        let output = judge(&text_of(&report, "junit"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let broken = text_of(&oncalls(), "junit").replace("<testcase ", "<test ").replace("</testcase>", "</test>");
    assert!(!judge(&broken).status.success(), "the schema judges");
}

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas")
}

/// Samples as Prometheus' own client for Python reads them: name, labels, value.
fn samples(text: &str) -> Vec<(String, Value, f64)> {
    const READ: &str = "import json, sys\n\
        from prometheus_client.parser import text_string_to_metric_families as read\n\
        text = sys.stdin.buffer.read().decode()\n\
        print(json.dumps([[s.name, s.labels, s.value] for family in read(text) for s in family.samples]))";
    let mut python = Command::new("/usr/bin/python3")
        .args(["-I", "-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "Debian's package is python3-prometheus-client");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn prometheus_reads_when_each_environment_was_read_last() {
    let mut report = hostile();
    report.environments[1].read.last_complete = None;
    let text = text_of(&report, "prometheus");
    let samples = samples(&text);
    let value = |name: &str, label: &str, is: &str| {
        let name = format!("driftline_{name}");
        let is_it = |sample: &&(String, Value, f64)| sample.0 == name && (label.is_empty() || sample.1[label] == is);
        samples.iter().find(is_it).map(|sample| sample.2 as i64)
    };
    let last = "environment_last_success_timestamp_seconds";
    assert_eq!(value(last, "environment", "prod"), report.environments[0].read.last_complete);
    assert_eq!(value(last, "environment", "staging"), None, "it was never read in full");
    assert_eq!(value(last, "environment", "debug"), report.environments[2].read.last_complete);
    assert_eq!(value("environment_success", "environment", "debug"), Some(0));
    assert_eq!(value("run_timestamp_seconds", "", ""), Some(report.run.at));
    assert_eq!(value("findings", "status", "new"), Some(1));
    assert_eq!(value("open_findings", "severity", "critical"), Some(1));
    assert_eq!(samples.len(), text.lines().filter(|line| !line.starts_with('#')).count());
}

#[test]
fn a_label_cannot_end_itself() {
    let hostile = format!("{}\\", HOSTILE.join("\""));
    let mut report = empty(&["prod"]);
    report.project = Some(hostile.clone());
    let samples = samples(&text_of(&report, "prometheus"));
    assert!(!samples.is_empty());
    for (name, labels, _) in samples {
        assert!(name.starts_with("driftline_"), "{name}");
        assert_eq!(labels["project"], shown(&hostile));
    }
}

#[test]
fn a_quiet_night_and_a_large_one_are_written_too() {
    for report in [empty(&["prod"]), many(2_000), oncalls()] {
        for format in FORMATS {
            assert!(!text_of(&report, format.name).is_empty());
        }
        roxmltree::Document::parse(&text_of(&report, "junit")).unwrap();
    }
}

fn decoded(uri: &str) -> Vec<u8> {
    let mut bytes = uri.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    out
}
