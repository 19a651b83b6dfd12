//! Of fixes.

use super::problems;

#[test]
fn fixes_need_a_name_and_one_way_to_be_known() {
    insta::assert_snapshot!(problems("fixes.toml"), @r#"
    error: the fix `prod` is called like an environment
     --> fixes.toml:5:6
      |
    5 | id = "prod"
      |      ^^^^^^ an environment has this name
      |
      = help: `driftline fixes` could not tell them apart: call it differently

    error: `expect`: `prdo` is not an environment
     --> fixes.toml:7:11
      |
    7 | expect = ["prdo"]
      |           ^^^^^^ no environment has this name
      |
      = help: did you mean `prod`?

    error: a fix without `id`
     --> fixes.toml:9:1
      |
    9 | [[fix]]
      | ^^^^^^^ what is it called?
      |
      = help: give it a short name, such as `id = "last-day-of-month"`

    error: `main` names no commit
      --> fixes.toml:11:10
       |
    11 | commit = "main"
       |          ^^^^^^ not a commit's own name
       |
       = help: write at least seven digits of its name, as `git log` shows it; a branch or tag would move

    error: `in`: `elsewhere` is not an environment
      --> fixes.toml:12:6
       |
    12 | in = "elsewhere"
       |      ^^^^^^^^^^^ no environment has this name
       |
       = help: the environments are `prod`

    error: `contains` or `lacks` without `file`
      --> fixes.toml:16:13
       |
    16 | contains = ["x"]
       |             ^^^ in which file?
       |
       = help: write `file = "..."` beside it; a `[[fix.place]]` has its own

    error: two fixes are called `twice`
      --> fixes.toml:19:6
       |
    15 | id = "twice"
       |      ------- the first time
    ...
    19 | id = "twice"
       |      ^^^^^^^ again
       |
       = help: call one of them differently

    error: a fix that is known by `commit` and `patch`
      --> fixes.toml:20:9
       |
    20 | patch = "nowhere.patch"
       |         ^^^^^^^^^^^^^^^ this as well
    21 | commit = "0123456789"
       |          ------------ this first
       |
       = help: keep one of them, or make two fixes of it

    8 problems in the configuration
    "#);
}

#[test]
fn patches_and_places_of_fixes_must_be_such() {
    insta::assert_snapshot!(problems("fix_places.toml"), @r#"
    error: `fix_places.toml` is no patch
     --> fix_places.toml:6:9
      |
    6 | patch = "fix_places.toml"
      |         ^^^^^^^^^^^^^^^^^ it changes no file: there is no line `--- FILE` with `+++ FILE` below it
      |
      = help: write it with `git diff` or `git format-patch`, in common paths

    error: `in` without `commit`
     --> fix_places.toml:7:6
      |
    7 | in = "prod"
      |      ^^^^^^ only a commit is in a history
      |
      = help: leave it out

    error: cannot read the patch `nowhere.patch`
      --> fix_places.toml:11:9
       |
    11 | patch = "nowhere.patch"
       |         ^^^^^^^^^^^^^^^ No such file or directory (os error 2)
       |
       = help: name a file, relative to the folder of this one

    error: `file`: `/etc/passwd` cannot be a file
      --> fix_places.toml:15:8
       |
    15 | file = "/etc/passwd"
       |        ^^^^^^^^^^^^^ the path is absolute, and a path inside an environment is meant
       |
       = help: write a path relative to the environment's folder, such as "backend/app"

    error: `lacks`: an empty text
      --> fix_places.toml:16:10
       |
    16 | lacks = [""]
       |          ^^ every file has this
       |
       = help: write a text that only the fix brings, or takes away

    error: unknown key `expected` in a fix
      --> fix_places.toml:17:1
       |
    17 | expected = ["prod"]
       | ^^^^^^^^ not known
       |
       = help: did you mean `expect`?

    error: a place of a fix without `file`
      --> fix_places.toml:19:1
       |
    19 | [[fix.place]]
       | ^^^^^^^^^^^^^ which file?
       |
       = help: write `file = "..."`, the common path of the file

    error: `file` must be a string
      --> fix_places.toml:23:8
       |
    23 | file = 7
       |        ^ this is an integer
       |
       = help: write `file = "..."`

    error: a fix that nothing is known by
      --> fix_places.toml:25:1
       |
    25 | [[fix]]
       | ^^^^^^^ neither `commit`, `patch`, `file` nor `place`
       |
       = help: name a commit or a patch, or write `file = "..."` with `contains = ["..."]`

    9 problems in the configuration
    "#);
}
