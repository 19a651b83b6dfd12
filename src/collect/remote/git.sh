{
# Runs on the far side, sent by stdin to `sh -s` behind lines that set:
#   N      a word that nobody there can know beforehand
#   ROOT   the folder
#   MODE   files, objects or pack
#   TOP, GITDIR, COMMON  where a repository is, for objects and pack
# It gives a repository's own files as bytes, the list of its objects, or a pack of them. What is sent afterwards on stdin are the paths of
# `.git`, each with a zero byte behind it (one that begins with `/` is the checkout's own, and told whole; of others only what
# says which commit is checked out); or, for a pack, what git's own protocol has for it. Like script.sh it is one compound command, and
# writes to stdout alone. ASCII only.
LC_ALL=C; export LC_ALL; unset CDPATH; set -f
IFS=' 	
'
printf '\nDRIFTLINE1 %s\0' "$N"
end() { printf 'END %s %s\0' "$N" "$1"; exit 0; }
refuse() { printf 'E\0%s\0' "$1"; end 0; }
cd -- "$ROOT" 2>/dev/null || refuse missing
NICE=
if nice -n 10 find . -prune >/dev/null 2>&1; then NICE='nice -n 10'; fi
if ionice -c 2 -n 7 find . -prune >/dev/null 2>&1; then NICE="ionice -c 2 -n 7 $NICE"; fi

case $MODE in
pack)
  # Neither the account's config nor the machine's has a part in it: only there could a program be named that upload-pack runs.
  for name in GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_INDEX_FILE \
    GIT_NAMESPACE GIT_PROTOCOL GIT_CONFIG GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_SHALLOW_FILE GIT_GRAFT_FILE GIT_EXEC_PATH \
    GIT_TRACE GIT_TRACE_SETUP GIT_TRACE_PACKET GIT_TRACE_PACKFILE GIT_TRACE_PERFORMANCE GIT_TRACE2 GIT_TRACE2_EVENT GIT_TRACE2_PERF; do
    unset "$name"
  done
  HOME=/dev/null; XDG_CONFIG_HOME=/dev/null; GIT_CONFIG_NOSYSTEM=1; GIT_CONFIG_SYSTEM=/dev/null; GIT_CONFIG_GLOBAL=/dev/null
  GIT_OPTIONAL_LOCKS=0; GIT_NO_LAZY_FETCH=1; GIT_NO_REPLACE_OBJECTS=1; GIT_TERMINAL_PROMPT=0
  export HOME XDG_CONFIG_HOME GIT_CONFIG_NOSYSTEM GIT_CONFIG_SYSTEM GIT_CONFIG_GLOBAL
  export GIT_OPTIONAL_LOCKS GIT_NO_LAZY_FETCH GIT_NO_REPLACE_OBJECTS GIT_TERMINAL_PROMPT
  printf 'R\0'
  $NICE git -c "safe.directory=$TOP" -c "safe.directory=$GITDIR" -c "safe.directory=$COMMON" -c core.fsmonitor=false \
    -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true -c uploadpack.allowAnySHA1InWant=true -c uploadpack.keepAlive=5 -c pack.threads=1 \
    upload-pack --strict "$COMMON" || end $?
  end 0 ;;
objects)
  # One line for each, as all of them print it: mode, links, owner, group, length, time, name.
  printf 'O\0'
  $NICE find "$COMMON/objects/." -type f -exec ls -ln {} +
  status=$?
  printf '\0'
  end $status ;;
esac

[ "$(printf 'a\0b\0' | xargs -0 -n 1 sh -c 'printf %s "$#"' sh 2>/dev/null)" = 11 ] || refuse xargs
TELL='set -f
tell() {
  if [ -f "$1" ]; then
    if [ ! -r "$1" ]; then printf "X\0%s\0denied\0" "$1"; return 0; fi
    seen=$(find -L "$1" -maxdepth 0 -printf "%s|%T@" 2>/dev/null) || seen=$(stat -L -c "%s|%Y" "$1" 2>/dev/null) ||
      seen=$(stat -L -f "%z|%Fm" "$1" 2>/dev/null) || seen=
    size=${seen%%"|"*}
    case $size in ""|*[!0-9]*) printf "X\0%s\0failed\0" "$1"; return 0 ;; esac
    if [ "$size" -gt "$2" ]; then printf "X\0%s\0large\0" "$1"; return 0; fi
    printf "F\0%s\0%s\0" "$1" "$seen"
    word=ok; { cat <"$1"; } 2>/dev/null || word=failed
    printf "\0%s %s\0" "$N" "$word"
  elif [ -e "$1" ]; then printf "X\0%s\0odd\0" "$1"
  fi
}
there() {
  for it do
    if [ -d "$it" ] && [ ! -h "$it" ]; then printf "D\0%s\0" "$it"
    elif [ -e "$it" ] || [ -h "$it" ]; then printf "P\0%s\0" "$it"; fi
  done
}
first_line() { line=; IFS= read -r line <"$1" || :; }
'
WORK='[ $# -gt 0 ] || exit 0
small=8388608
dot=$1
if [ -d "$dot" ]; then
  g=$dot
else
  tell "$dot" $small
  { [ -f "$dot" ] && [ -r "$dot" ]; } || exit 0
  first_line "$dot"
  case $line in "gitdir: "*) g=${line#"gitdir: "} ;; *) exit 0 ;; esac
  case $g in /*) ;; *) g=${dot%/.git}/$g ;; esac
fi
[ -d "$g" ] || exit 0
if [ -r "$g" ] && [ -x "$g" ]; then printf "D\0%s\0" "$g"; else printf "X\0%s\0denied\0" "$g"; exit 0; fi
c=$g
if [ -f "$g/commondir" ]; then
  tell "$g/commondir" $small
  first_line "$g/commondir"
  case $line in /*) c=$line ;; *) c=$g/$line ;; esac
fi
there "$c/objects" "$c/refs"
if [ -h "$g/HEAD" ]; then printf "K\0%s\0" "$g/HEAD"; readlink -n "$g/HEAD" 2>/dev/null; printf "\0"; fi
tell "$g/HEAD" $small
tell "$c/config" $small
tell "$g/config.worktree" $small
tell "$c/packed-refs" 1073741824
set -- "$c/refs"
if [ "$g" != "$c" ]; then set -- "$g/refs" "$c/refs"; fi
for base do
  [ -d "$base" ] || continue
  find "$base/." -type f -size -9 -exec sh -c "$TELL"\
"for f do if [ -r \"\$f\" ]; then first_line \"\$f\"; printf \"V\\0%s\\0%s\\0\" \"\$f\" \"\$line\"; else printf \"X\\0%s\\0denied\\0\" \"\$f\"; fi; done" \
    sh {} + -o ! -type d -exec sh -c "for f do printf \"X\\0%s\\0odd\\0\" \"\$f\"; done" sh {} + 2>/dev/null ||
    printf "X\0%s\0failed\0" "$base"
done
case $dot in /*) ;; *) exit 0 ;; esac

tell "$g/index" 2147483648
find "$g/." ! -name . -prune -type f -name "sharedindex.*" -exec sh -c "$TELL""for f do tell \"\$f\" 2147483648; done" sh {} +
for name in info/attributes info/exclude shallow objects/info/alternates; do tell "$c/$name" $small; done
tell "$c/logs/refs/stash" 268435456
tell "$g/sequencer/todo" $small
for name in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG rebase-merge rebase-apply rebase-apply/applying; do there "$g/$name"; done
if [ -d "$c/worktrees" ]; then
  find "$c/worktrees/." ! -name . -prune -type d -exec sh -c "$TELL"\
"for w do
  printf \"D\\0%s\\0\" \"\$w\"; there \"\$w/locked\"
  [ -f \"\$w/gitdir\" ] && [ -r \"\$w/gitdir\" ] || continue
  tell \"\$w/gitdir\" 8388608; first_line \"\$w/gitdir\"
  case \$line in /*) there \"\$line\" ;; *) there \"\$w/\$line\" ;; esac
done" sh {} + || printf "X\0%s\0failed\0" "$c/worktrees"
fi
# The rules of the folders between the top of the repository and the root.
top=${dot%/.git}
above=$(pwd -P)
while [ -n "$above" ] && [ "$above" != "$top" ]; do
  above=${above%/*}
  for name in .gitignore .gitattributes; do [ -h "$above/$name" ] || tell "$above/$name" $small; done
done
exit 0'
export TELL N
printf 'T\0%s\0' "$(pwd -P)"
if git --version >/dev/null 2>&1; then printf 'H\0yes\0'; else printf 'H\0no\0'; fi
printf 'R\0'
$NICE xargs -0 -n 1 sh -c "$TELL$WORK" sh
end $?
}
