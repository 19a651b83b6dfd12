//! The JSON Schema that is shipped describes what is written.

use std::path::Path;

use super::Project;

fn validator() -> jsonschema::Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn reports_are_as_the_schema_says() {
    let validator = validator();
    let project = Project::new(
        "focus = [\"app.py\"]\n[[fix]]\nid = \"one\"\nfile = \"app.py\"\ncontains = [\"x\"]\nexpect = [\"prod\"]\n",
        &[
            ("prod", "app.py", "a = 1\n"),
            ("staging", "app.py", "a = 22\n"),
            ("staging", "app.py.bak", "old\n"),
            ("prod", "moved/one", "the same long content in another place\n"),
            ("staging", "was/one", "the same long content in another place\n"),
        ],
    );
    let check = |report: &serde_json::Value| {
        let errors: Vec<String> =
            validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    };
    let first = project.report(1, &[], 1);
    check(&first);
    let id = super::find(&first["findings"], "content-differs", "app.py")["id"].as_str().unwrap();
    let _ = project.run(1, &["accept", id, "--because", "known", "--until", "2026-12-02"]).expect(0);
    project.write("prod", "name\u{202e}\u{7}", "x\n");
    std::fs::write(project.env.path("prod").join(odd()), "x").unwrap();
    check(&project.report(2, &[], 1));
    std::fs::rename(project.env.path("staging"), project.env.path("away")).unwrap();
    check(&project.report(3, &[], 3));
    check(&project.report(4, &["--no-state", "--allow-incomplete"], 1));
}

fn odd() -> &'static std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe")
}

#[test]
fn what_is_no_report_is_refused() {
    let validator = validator();
    let project = Project::new("", &[("prod", "a", "1\n"), ("staging", "a", "22\n")]);
    let report = project.report(1, &[], 1);
    for (path, wrong) in [
        ("/findings/0/status", serde_json::json!("fresh")),
        ("/findings/0/severity", serde_json::json!("high")),
        ("/findings/0/environments", serde_json::json!("prod")),
        ("/version", serde_json::json!("1")),
        ("/tree/rows/0/pattern", serde_json::json!(null)),
    ] {
        let mut broken = report.clone();
        *broken.pointer_mut(path).unwrap() = wrong;
        assert!(!validator.is_valid(&broken), "{path}");
    }
}
