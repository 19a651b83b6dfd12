"""Compares what DuckDB says about a folder of snapshots with what `driftline status` says about the environments themselves."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import duckdb

DRIFTLINE = sys.argv[1]
QUERIES = pathlib.Path(__file__).parent.parent / "docs" / "queries"
DAY = 24 * 60 * 60
NOW = 1_800_000_000


def driftline(home, *arguments, now=NOW, statuses=(0, 1)):
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "DRIFTLINE_NOW": str(now)}
    run = subprocess.run([DRIFTLINE, *arguments], cwd=home, env=environment, capture_output=True, text=True)
    assert run.returncode in statuses, (arguments, run)
    return run.stdout


def query(home, name, **parameters):
    text = (QUERIES / f"{name}.sql").read_text()
    cursor = duckdb.execute(text, {"files": f"{home}/snapshots/**/*.ndjson.zst", **parameters})
    return cursor.fetchall()


def main():
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        driftline(home, "demo", "--keep", "demo")
        config = ["--config", "demo/driftline.toml"]
        # A name that is no UTF-8, and secrets of one size, of which there are keyed digests.
        (home / "demo/debug").joinpath(os.fsdecode(b"odd \xff name")).write_text("x")
        (home / "demo/prod/odd.env").write_text("PASSWORD=1")
        (home / "demo/debug/odd.env").write_text("PASSWORD=2")
        (home / "demo/staging/odd.env").write_text("PASSWORD=1")
        driftline(home, "snapshot", *config, "-o", "snapshots/")
        status = json.loads(driftline(home, "status", *config, "--format", "json"))

        # Paths that differ anywhere: all rows that are not in sync, with as many variants.
        rows = {row["path"]: row["pattern"] for row in status["rows"]}
        assert len(rows) > 10, rows
        differ = {path: (present, variants) for path, present, _, variants in query(home, "differ")}
        expected = {
            path: (sum(c not in "-!" for c in pattern), len(set(pattern) - set("-!"))) for path, pattern in rows.items()
        }
        assert differ == expected, {path: (differ.get(path), expected.get(path)) for path in differ.keys() ^ expected.keys()}

        # Hosts off the majority: counted from the patterns.
        off = {}
        for pattern in rows.values():
            most = max(pattern.count(c) for c in pattern)
            leaders = {c for c in pattern if pattern.count(c) == most}
            if len(leaders) == 1:
                for environment, c in zip(status["environments"], pattern):
                    if c not in leaders:
                        off[environment["name"]] = off.get(environment["name"], 0) + 1
        assert {env: paths for env, _, paths in query(home, "off_majority")} == off, off

        # What changed since a day: what was done between two snapshots, and nothing else.
        app = home / "demo/prod/oncall_backend/app"
        if not app.is_dir():
            app = home / "demo/prod"
        (app / "added.py").write_text("new = True\n")
        changed = next(path for path in sorted(app.rglob("*.py")) if path.name not in ("added.py", "__init__.py"))
        with changed.open("a") as file:
            file.write("# more\n")
        removed = next(path for path in sorted(app.rglob("*.py")) if path not in (changed, app / "added.py"))
        removed.unlink()
        (home / "demo/prod/odd.env").write_text("PASSWORD=3")
        driftline(home, "snapshot", *config, "-o", "snapshots/", now=NOW + 3 * DAY)
        since = query(home, "changed_since", since="2027-01-16")
        assert {(env, pathlib.Path(path).name, change) for env, _, path, change in since} == {
            ("prod", "added.py", "added"),
            ("prod", changed.name, "changed"),
            ("prod", removed.name, "removed"),
            ("prod", "odd.env", "changed"),
        }, since

        # Under another installation's key a secret of the same size says nothing, and is no change.
        (home / ".local/state/driftline/installation.key").unlink()
        driftline(home, "snapshot", *config, "-o", "snapshots/", now=NOW + 6 * DAY)
        assert query(home, "changed_since", since="2027-01-19") == []
        print(f"fleet: {len(differ)} paths, {len(off)} hosts and {len(since)} changes, as status says")


main()
