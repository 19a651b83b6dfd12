//! Of environments: where they are, and what is called how there.

use super::problems;

#[test]
fn environments_need_a_name_and_one_place() {
    insta::assert_snapshot!(problems("environments.toml"), @r#"
    error: the baseline `prd` is not an environment
     --> environments.toml:1:12
      |
    1 | baseline = "prd"
      |            ^^^^^ no environment has this name
      |
      = help: did you mean `prod`?

    error: `prod` has both `path` and `git`
     --> environments.toml:5:7
      |
    4 | path = "prod"
      |        ------ and a folder
    5 | git = "repo"
      |       ^^^^^^ a repository
      |
      = help: keep `path` for a folder as it is, or `git` for a commit of a repository

    error: `web 1` cannot name an environment
     --> environments.toml:7:6
      |
    7 | [env."web 1"]
      |      ^^^^^^^ this name
      |
      = help: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them

    error: `ref` without `git`
      --> environments.toml:12:7
       |
    12 | ref = "main"
       |       ^^^^^^ a folder has no refs
       |
       = help: write `git = "..."` instead of `path` to compare a commit, or leave `ref` out

    error: the environment `debug` has no place
      --> environments.toml:14:6
       |
    14 | [env.debug]
       |      ^^^^^ neither `path`, `git`, `archive` nor `snapshot`
       |
       = help: add `path = "..."` for a folder (with `ssh` for one of another machine), `git = "..."` and `ref = "..."` for a commit, or `archive` or `snapshot` for a file

    error: the role is empty
      --> environments.toml:15:8
       |
    15 | role = " "
       |        ^^^ nothing is said here
       |
       = help: say what the environment is for, such as "production", or leave `role` out

    error: `path` is empty
      --> environments.toml:18:8
       |
    18 | path = ""
       |        ^^ no folder is named
       |
       = help: write `.` for this folder

    error: `git` cannot be resolved
      --> environments.toml:21:7
       |
    21 | git = "~git/repo"
       |       ^^^^^^^^^^^ the `~` here
       |
       = help: only `~/` is understood; write `./~...` for a folder of that name

    error: `ref` names no commit
      --> environments.toml:22:7
       |
    22 | ref = ""
       |       ^^ nothing can be called so
       |
       = help: write a branch, a tag or a commit, such as "origin/main", or leave `ref` out for HEAD

    error: `path` has a zero byte in it
      --> environments.toml:25:8
       |
    25 | path = "a\u0000b"
       |        ^^^^^^^^^^ nothing is called so

    10 problems in the configuration
    "#);
}

#[test]
fn files_are_archives_or_snapshots() {
    insta::assert_snapshot!(problems("files.toml"), @r##"
    error: `backup` has both `archive` and `snapshot`
     --> files.toml:3:12
      |
    2 | archive = "a.tar"
      |           ------- and an archive
    3 | snapshot = "b.ndjson.zst"
      |            ^^^^^^^^^^^^^^ a snapshot
      |
      = help: keep `archive` for a tar or zip file, or `snapshot` for a file that `driftline snapshot` wrote

    error: `archive` cannot be resolved
     --> files.toml:6:11
      |
    6 | archive = "~x/a.tar"
      |           ^^^^^^^^^^ the `~` here
      |
      = help: only `~/` is understood; write `./~...` for a folder of that name

    error: `strip` is out of range
     --> files.toml:7:9
      |
    7 | strip = -1
      |         ^^ this is no number of parts
      |
      = help: write how many leading parts of each name are taken away, such as 1

    error: `archive` is empty
      --> files.toml:10:11
       |
    10 | archive = ""
       |           ^^ no file is named
       |
       = help: name the file

    error: `strip` must be a number
      --> files.toml:11:9
       |
    11 | strip = "1"
       |         ^^^ this is a string
       |
       = help: write `strip = 1`

    error: `strip` without `archive`
      --> files.toml:15:9
       |
    15 | strip = 1
       |         ^ only names in an archive lose parts
       |
       = help: use `map` where folders are called differently, or leave `strip` out

    6 problems in the configuration
    "##);
}

#[test]
fn a_file_without_environments_says_how_to_add_one() {
    insta::assert_snapshot!(problems("no_environments.toml"), @r##"
    error: no environments
     --> no_environments.toml:1:1
      |
    1 | ignore = ["*.pyc"]
      | ^ there is no `[env.NAME]` in this file
      |
      = help: add one for each place to compare: `[env.prod]` and below it `path = "..."`

    1 problem in the configuration
    "##);
}

#[test]
fn maps_must_be_one_to_one() {
    insta::assert_snapshot!(problems("map.toml"), @r##"
    error: two names are mapped to one place, `oncall_backend`
     --> map.toml:6:7
      |
    5 | backend = "oncall_backend"
      |           ---------------- called `backend`
    6 | api = "./oncall_backend/"
      |       ^^^^^^^^^^^^^^^^^^^ also called `api`
      |
      = help: keep one of them

    error: `map`: `../frontend` cannot be a name here
     --> map.toml:7:12
      |
    7 | frontend = "../frontend"
      |            ^^^^^^^^^^^^^ the path leaves its environment by `..`
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: `map`: `/react` cannot be a common name
     --> map.toml:8:1
      |
    8 | "/react" = "react"
      | ^^^^^^^^ the path is absolute, and a path inside an environment is meant
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: two places are mapped to one name, `backend`
     --> map.toml:9:1
      |
    5 | backend = "oncall_backend"
      | ------- this name
    ...
    9 | "backend/" = "other"
      | ^^^^^^^^^^ this name again
      |
      = help: keep one of them

    error: `docs/old` and `docs` overlap in the map
      --> map.toml:11:1
       |
    10 | "docs/old" = "old"
       | ---------- this one
    11 | docs = "manual"
       | ^^^^ one holds the other
       |
       = help: map folders that do not lie inside each other

    error: `vendor` would be two folders
      --> map.toml:12:10
       |
    12 | vendor = "vendor/current"
       |          ^^^^^^^^^^^^^^^^ this is inside the real `vendor`
       |
       = help: choose a common name that is not a folder above this one

    error: `oncall_backend` and `oncall_backend/app` overlap in the map
      --> map.toml:13:8
       |
     5 | backend = "oncall_backend"
       |           ---------------- this one
    ...
    13 | deep = "oncall_backend/app"
       |        ^^^^^^^^^^^^^^^^^^^^ one holds the other
       |
       = help: map folders that do not lie inside each other

    error: `map`: `` cannot be a common name
      --> map.toml:14:1
       |
    14 | "" = "nameless"
       | ^^ the path is empty
       |
       = help: write a path relative to the environment's folder, such as "backend/app"

    8 problems in the configuration
    "##);
}

#[test]
fn remote_places_are_judged_like_all_others() {
    insta::assert_snapshot!(problems("remote.toml"), @r#"
    error: `ssh`: `-oProxyCommand=touch x` names no host
     --> remote.toml:2:7
      |
    2 | ssh = "-oProxyCommand=touch x"
      |       ^^^^^^^^^^^^^^^^^^^^^^^^ a host does not begin with `-`
      |
      = help: write a host of your ssh configuration, such as "web-1", or "user@host"

    error: `ssh` without `path`
     --> remote.toml:6:7
      |
    6 | ssh = "web-1"
      |       ^^^^^^^ which folder there?
      |
      = help: add `path = "..."`, the folder there

    error: `exec` is empty
     --> remote.toml:9:8
      |
    9 | exec = []
      |        ^^ no command is named
      |
      = help: write the words of a command that runs a command, such as ["docker", "exec", "-i", "web"]

    error: `d` has both `ssh` and `exec`
      --> remote.toml:14:8
       |
    13 | ssh = "web-1"
       |       ------- and a host
    14 | exec = ["docker", "exec", "-i", "web"]
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a command
       |
       = help: keep `ssh` for a folder of another machine, or `exec` for a folder that a command reaches

    error: `rate` without `ssh` or `exec`
      --> remote.toml:19:8
       |
    19 | rate = "2M"
       |        ^^^^ what is here is read as fast as it goes
       |
       = help: leave it out

    error: `ssh_config` without `ssh`
      --> remote.toml:20:14
       |
    20 | ssh_config = "x"
       |              ^^^ no ssh has a use for it
       |
       = help: leave it out

    error: `path`: `~other/x` cannot be a folder there
      --> remote.toml:24:8
       |
    24 | path = "~other/x"
       |        ^^^^^^^^^^ only `~/` is understood; write the whole path
       |
       = help: write it as it is called there, such as "/var/www/app"

    error: `rate`: `fast` is no rate
      --> remote.toml:25:8
       |
    25 | rate = "fast"
       |        ^^^^^^ bytes in a second are meant
       |
       = help: write a number above 0, perhaps with K, M or G behind it, such as "2M"

    8 problems in the configuration
    "#);
}
