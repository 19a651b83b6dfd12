//! The files that were written by hand, embedded: `fixtures/scenarios/oncalls/`, one folder for each layer.

/// A common path and its text.
pub(super) type Written = (&'static str, &'static str);

macro_rules! layer {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/oncalls/", $folder, "/", $path
        )))),*]
    };
}

/// The configuration beside the environments.
pub(super) const CONFIG: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/oncalls/driftline.toml"));

/// `.gitignore` of the repository; under its own name it would hold for this project too.
pub(super) const GITIGNORE: Written = (".gitignore", ".env\n__pycache__/\nlogs/\nnode_modules/\n");

/// Written files that are programs.
pub(super) const SCRIPTS: &[&str] = &["backend/scripts/db_backup.sh", "backend/scripts/db_restore.sh"];

/// What the common history holds, and what prod was deployed from.
pub(super) const SHARED: &[Written] = layer!("shared": "backend/.env.example", "backend/app/__init__.py", "backend/app/controllers/HomeController.py", "backend/app/controllers/MemberController.py", "backend/app/models.py", "backend/app/services/HomeService.py", "backend/app/services/MemberService.py", "backend/app/services/ScheduleQuery.py", "backend/app/services/mailer.py", "backend/config.py", "backend/requirements.txt", "backend/scripts/db_backup.sh", "backend/scripts/db_restore.sh", "backend/tests/test_members.py", "backend/wsgi.py", "frontend/index.html", "frontend/js/app.js", "oncallsreact/package.json", "oncallsreact/src/App.jsx", "oncallsreact/src/api.js", "oncallsreact/src/main.jsx");

/// What only prod has; its own names for folders are applied later.
pub(super) const PROD: &[Written] =
    layer!("prod": "backend/.env", "backend/app/services/mailer.py", "oncall_frontend/index.php");

/// Staging: the commit that hashes passwords.
pub(super) const BCRYPT: &[Written] =
    layer!("staging/bcrypt": "backend/app/services/MemberService.py", "backend/requirements.txt");

/// Staging: the commit that begins the third front end.
pub(super) const V3: &[Written] = layer!("staging/v3": "backend/app/controllers/HomeController.py", "backend/app/controllers/MemberController.py", "backend/app/services/HomeService.py", "oncallsreact/package.json", "oncallsreact/src/App.jsx", "oncallsreact/src/api.js", "oncallsreact/src/v3/Day.jsx", "oncallsreact/src/v3/Month.jsx");

/// Staging: what no repository holds.
pub(super) const STAGING_LOCAL: &[Written] = layer!("staging/local": "backend/.env");

/// Debug: the commit that was never pushed.
pub(super) const UNPUSHED: &[Written] = layer!("debug/unpushed": "backend/app/services/ScheduleQuery.py");

/// Debug: changes in the index.
pub(super) const STAGED: &[Written] =
    layer!("debug/staged": "backend/app/models.py", "backend/tests/test_schedules.py");

/// Debug: changes in the files only.
pub(super) const UNSTAGED: &[Written] = layer!("debug/unstaged": "backend/app/controllers/HomeController.py", "backend/app/controllers/MemberController.py", "backend/app/services/HomeService.py", "backend/app/services/MemberService.py");

/// Debug: files that git does not know.
pub(super) const UNTRACKED: &[Written] =
    layer!("debug/untracked": "backend/app/services/MemberService.py.backup", "notes/duplicates.txt");

/// Debug: what git is told to ignore.
pub(super) const DEBUG_LOCAL: &[Written] = layer!("debug/local": "backend/.env");

/// All layers with their folders, for the test that none of their files is forgotten.
#[cfg(test)]
const LAYERS: &[(&str, &[Written])] = &[
    ("shared", SHARED),
    ("prod", PROD),
    ("staging/bcrypt", BCRYPT),
    ("staging/v3", V3),
    ("staging/local", STAGING_LOCAL),
    ("debug/unpushed", UNPUSHED),
    ("debug/staged", STAGED),
    ("debug/unstaged", UNSTAGED),
    ("debug/untracked", UNTRACKED),
    ("debug/local", DEBUG_LOCAL),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn no_file_of_the_fixture_is_forgotten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios/oncalls");
        let mut embedded: Vec<String> = LAYERS
            .iter()
            .flat_map(|(folder, files)| files.iter().map(move |(path, _)| format!("{folder}/{path}")))
            .collect();
        embedded.push("driftline.toml".to_owned());
        embedded.sort();
        let mut stored = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    stored.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        stored.sort();
        assert_eq!(embedded, stored);
    }
}
