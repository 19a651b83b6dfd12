{
# Runs on the far side, sent by stdin to `sh -s` behind lines that set:
#   N      a word that nobody there can know beforehand
#   ROOT   the folder
#   MODE   list, digest, fold or contents
#   PRUNE  find's words for folders that are left out
#   ALGORITHM  blake3, sha256 or git (the name of a blob), for digest; git for contents of a repository's own files
#   BATCH  how many files one process takes at a time
#   LOOK   once, or twice: whether files are looked at before they are read, or only afterwards
#   BYTES  how long the paths are that are sent
#   STAY   yes, when more will be asked
#   PROTOCOL  what `driftline collect --protocol` prints when it speaks these records
#   LEAVE  words for `driftline collect`, for folders that are left out
# It is one compound command, so that the shell has read all of it before the first line runs; what is sent afterwards on stdin are
# paths, each with a zero byte behind it; and where it stays, lines that set some of these anew, with their paths. It writes to stdout alone: no here-document, no temporary file. ASCII only.
LC_ALL=C; export LC_ALL; unset CDPATH; set -f
IFS=' 	
'
# Nothing in the folder is ever taken for a tool.
clean=; IFS=:
for folder in $PATH; do case $folder in /*) clean=$clean:$folder ;; esac; done
IFS=' 	
'
clean=${clean#:}; PATH=${clean:-/usr/bin:/bin}; export PATH
printf '\nDRIFTLINE1 %s\0' "$N"
# The status, and how many bytes and files the answer was about, or `-` where nobody counted.
end() { printf 'END %s %s %s %s\0' "$N" "$1" "${2:--}" "${3:--}"; exit 0; }
refuse() { printf 'E\0%s\0' "$1"; end 0; }
[ -c /dev/null ] || refuse null

if cd -- "$ROOT" 2>/dev/null; then :
elif [ -d "$ROOT" ]; then refuse denied
elif [ -e "$ROOT" ]; then refuse file
elif [ -h "$ROOT" ]; then refuse dangling
else refuse missing; fi
{ [ -r . ] && [ -x . ]; } || refuse denied

# A tool counts when it does exactly what is asked of it below.
TIER=none; STAT=
if find . -maxdepth 0 -readable -printf '%y%m%s%T@%C@%D%i%U%G%u%g%p%l' >/dev/null 2>&1; then
  # FreeBSD's knows -printf too, and ends what it writes at the first zero byte. A shell leaves that byte out here, and some say so.
  { case $(find . -maxdepth 0 -printf '\0z' 2>/dev/null) in *z) TIER=gnu ;; esac; } 2>/dev/null
fi
if [ $TIER = gnu ]; then :
elif stat -c '%f|%s|%Y|%Z|%u|%g|%d|%i|%U|%G' . >/dev/null 2>&1; then TIER=stat; STAT='stat -c %d|%i|%s|%Y|%Z'
elif stat -f '%Xp|%z|%Fm|%Fc|%u|%g|%d|%i|%Su|%Sg' . >/dev/null 2>&1; then TIER=bsd; STAT='stat -f %d|%i|%z|%Fm|%Fc'; fi
BLAKE3=; SHA256=
# Without maps it does not die of a file that shrinks. One thread is gentle, and starting more costs more than they save.
if b3sum --no-names --no-mmap --num-threads 1 </dev/null >/dev/null 2>&1; then BLAKE3='b3sum --no-names --no-mmap --num-threads 1'
elif b3sum --no-mmap --num-threads 1 </dev/null >/dev/null 2>&1; then BLAKE3='b3sum --no-mmap --num-threads 1'
elif b3sum --no-mmap </dev/null >/dev/null 2>&1; then BLAKE3='b3sum --no-mmap'; fi
if sha256sum </dev/null >/dev/null 2>&1; then SHA256=sha256sum
elif shasum -a 256 </dev/null >/dev/null 2>&1; then SHA256='shasum -a 256'
elif sha256 -r </dev/null >/dev/null 2>&1; then SHA256='sha256 -r'
elif openssl dgst -sha256 -r </dev/null >/dev/null 2>&1; then SHA256='openssl dgst -sha256 -r'; fi
XARGS=no; HEAD=no
if [ "$(printf 'a\0b\0' | xargs -0 -n 9 sh -c 'printf %s "$#"' sh 2>/dev/null)" = 2 ]; then XARGS=yes; fi
# It stays only where something takes from a stream what is meant for it, and leaves the rest.
if [ "$STAY" = yes ] && [ "$(printf abcdef | { head -c 3 >/dev/null; cat; } 2>/dev/null)" = def ]; then HEAD=yes; fi
NICE=
if nice -n 10 find . -prune >/dev/null 2>&1; then NICE='nice -n 10'; fi
if ionice -c 2 -n 7 find . -prune >/dev/null 2>&1; then NICE="ionice -c 2 -n 7 $NICE"; fi
COUNTS=no
if [ "$(printf x | dd bs=65536 2>/dev/null)" = x ]; then COUNTS=yes; fi
DRIFTLINE=; OTHER=
if met=$(driftline collect --protocol 2>/dev/null </dev/null) && [ "$met" = "$PROTOCOL" ]; then DRIFTLINE=yes
elif met=$(driftline --version 2>/dev/null </dev/null); then OTHER=$met; fi
GIT=; above=$(pwd -P 2>/dev/null)
while :; do
  if [ -d "$above/.git" ] && [ -r "$above/.git" ]; then
    # Without anything in it, it is no repository.
    if [ -n "$(ls -A "$above/.git" 2>/dev/null)" ]; then GIT=$above/.git; break; fi
  elif [ -e "$above/.git" ] || [ -h "$above/.git" ]; then GIT=$above/.git; break; fi
  [ -n "$above" ] || break
  above=${above%/*}
done
HOST=$(uname -n 2>/dev/null)
capable() {
  printf 'C\0%s\0%s\0%s\0%s\0%s\0%s\0%s\0%s\0%s\0%s\0' "$TIER" "$BLAKE3" "$SHA256" "$XARGS" "$HEAD" \
    "$(date +%s.%N 2>/dev/null)" "$HOST" "$GIT" "$DRIFTLINE" "$OTHER"
}

# Runs a command and ends with its status, and with what was counted: `dd` passes on what it writes and tells the number of bytes, unless it
# is one that does not; and what reads files says on descriptor 5 how many it was about.
counted() {
  exec 3>&1 4>&2
  if [ $COUNTS = yes ]; then
    told=$({ { "$@" 2>&4; echo "status $?" >&5; } | dd bs=65536 >&3; } 5>&1 2>&1)
  else
    told=$({ "$@" >&3 2>&4; echo "status $?" >&5; } 5>&1)
  fi
  status=255; bytes=-; files=-; last=
  for word in $told; do
    case $last in
    status) status=$word ;;
    files) files=$((${files#-} + word)) ;;
    esac
    case $word in byte | bytes) bytes=$last ;; esac
    last=$word
  done
  end $status $bytes $files
}

answer() {
if [ -n "$DRIFTLINE" ] && [ "$ALGORITHM" != git ]; then
  case $MODE in
  list) exec $NICE driftline collect list --nonce "$N" $LEAVE ;;
  digest | fold | contents)
    printf 'R\0'
    exec $NICE driftline collect "$MODE" --nonce "$N" --algorithm "${ALGORITHM:-blake3}" ;;
  esac
fi

case $MODE in
list)
  # Repositories inside the root are named, and not entered.
  INNER='for g do
    if [ -d "$g" ] && [ ! -h "$g" ]; then [ -e "$g/HEAD" ] || [ -h "$g/HEAD" ] || continue; fi
    printf "G\0%s\0" "$g"
  done'
  case $TIER in
  none) refuse tools ;;
  gnu)
    counted $NICE find . -name .git -prune -exec sh -c "$INNER" sh {} + -o $PRUNE \( \( -type d -o -type f \) ! -readable -printf '!' \
      -o -type d ! -executable -printf '!' -o -printf '=' \) \
      -printf '%y\0%m\0%s\0%T@\0%C@\0%D\0%i\0%U\0%G\0%u\0%g\0%p\0%l\0' ;;
  esac
  # Names first, each with a zero byte, then one flag and one line for each: so a line feed in a name confuses nobody.
  SEE='stat -c %f|%s|%Y|%Z|%u|%g|%d|%i|%U|%G'
  if [ $TIER = bsd ]; then SEE='stat -f %Xp|%z|%Fm|%Fc|%u|%g|%d|%i|%Su|%Sg'; fi
  export SEE
  portable() {
    $NICE find . -name .git -prune -exec sh -c "$INNER" sh {} + -o $PRUNE -exec sh -c 'flags=
      for f do
        flag="="
        if [ -h "$f" ]; then :
        elif [ -d "$f" ]; then { [ -r "$f" ] && [ -x "$f" ]; } || flag="!"
        elif [ -f "$f" ]; then [ -r "$f" ] || flag="!"; fi
        flags=$flags$flag
      done
      lines=$($SEE "$@" 2>/dev/null) || lines=$(for f do $SEE "$f" 2>/dev/null || echo "?"; done)
      printf "B\0"; printf "%s\0" "$@"; printf "\0%s\0%s\0" "$flags" "$lines"
      { echo "files $#" >&5; } 2>/dev/null' sh {} +
    listed=$?
    $NICE find . -name .git -prune -o $PRUNE -type l -exec sh -c 'for l do
        printf "L\0%s\0" "$l"; readlink -n "$l" 2>/dev/null; printf "\0%s\0" "$?"
      done' sh {} + 2>/dev/null
    return $listed
  }
  counted portable ;;
esac

[ $XARGS = yes ] || refuse xargs
DIGEST=$SHA256
case $ALGORITHM in
blake3) DIGEST=$BLAKE3 ;;
git)
  # It sees no repository, so no config of one; without filters it gives the name of the bytes as they are.
  GIT_DIR=/dev/null; GIT_CONFIG_NOSYSTEM=1; GIT_CONFIG_GLOBAL=/dev/null; HOME=/dev/null; XDG_CONFIG_HOME=/dev/null
  export GIT_DIR GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL HOME XDG_CONFIG_HOME
  NAMES=
  case $(git hash-object --no-filters --stdin </dev/null 2>/dev/null) in
  e69de29bb2d1d6434b8b29ae775ad8c2e48c5391) NAMES='git hash-object --no-filters --' ;;
  esac
  export NAMES
  if sha1sum </dev/null >/dev/null 2>&1; then DIGEST=sha1sum
  elif shasum </dev/null >/dev/null 2>&1; then DIGEST=shasum
  elif sha1 </dev/null >/dev/null 2>&1; then DIGEST=sha1
  elif openssl dgst -sha1 -r </dev/null >/dev/null 2>&1; then DIGEST='openssl dgst -sha1 -r'
  elif [ -n "$NAMES" ]; then DIGEST=false
  else refuse sha1; fi ;;
esac
MARKS=
if [ "$MODE" = fold ]; then
  # Folding takes away what is at the end of a line, and a mark at the beginning. A zero byte ends no line; what is found too much does
  # no harm.
  BLANK=$(printf '[ \t\r]$'); MARK=$(printf '^\357\273\277')
  export BLANK MARK
  found() { printf "$1" | grep "$2" -e "$BLANK" -e "$MARK" - /dev/null 2>/dev/null | tr '\n' ' '; }
  for flags in -hacm1 -hcm1; do
    case $(found 'a\0b \nc\n' $flags)$(found 'a\r\nb\r\n' $flags)$(found '\357\273\277a\n' $flags)$(found 'a\nb \0c\n\t\377d' $flags) in
    '1 0 1 0 1 0 0 0 ') MARKS="grep $flags"; break ;;
    esac
  done
fi
export TIER STAT DIGEST ALGORITHM MARKS MODE LOOK N
# Looked at before and after, so that the reader knows of what state it was told. Who knows from the listing how it was before needs the look
# afterwards alone.
WORK='[ $# -gt 0 ] || exit 0
set -f
look() {
  if [ "$TIER" = gnu ]; then find "$@" -maxdepth 0 -printf "%D|%i|%s|%T@|%C@\n" 2>/dev/null
  else $STAT "$@" 2>/dev/null; fi
}
look_each() { for f do look "$f" || echo "?"; done; }
why() {
  if [ -h "$1" ] || [ ! -f "$1" ]; then echo "?gone"
  elif [ ! -r "$1" ]; then echo "?denied"
  else echo "?failed"; fi
}
digest_each() {
  for f do
    if [ -f "$f" ] && [ ! -h "$f" ]; then { $DIGEST <"$f"; } 2>/dev/null || why "$f"; else why "$f"; fi
  done
}
name_each() {
  for f do
    line=
    if [ -f "$f" ] && [ ! -h "$f" ] && [ -r "$f" ] && size=$(wc -c <"$f" 2>/dev/null); then
      line=$({ { printf "blob %s\0" "$((size))"; cat <"$f" || echo "?" >&3; } 2>/dev/null | $DIGEST; } 3>&1)
    fi
    case $line in
    ""|*"?"*) why "$f" ;;
    *) printf "%s\n" "$line" ;;
    esac
  done
}
marks() {
  [ -n "$MARKS" ] || return 1
  $MARKS -e "$BLANK" -e "$MARK" "$@" 2>/dev/null
  [ $? -lt 2 ]
}
marks_each() {
  for f do
    if [ ! -f "$f" ] || [ -h "$f" ] || [ ! -r "$f" ]; then why "$f"
    elif [ -z "$MARKS" ]; then echo 1
    else line=$(marks "$f") && echo "$line" || why "$f"; fi
  done
}
before=
if [ "$LOOK" = twice ]; then before=$(look "$@") || before=$(look_each "$@"); fi
feed="
"
if [ "$MODE" = digest ]; then
  if [ "$ALGORITHM" = git ]; then
    out=$([ -n "$NAMES" ] && $NAMES "$@" 2>/dev/null) || out=$(name_each "$@")
  else case "$*" in
  *"$feed"*|*\\*) out=$(digest_each "$@") ;;
  *) out=$($DIGEST "$@" 2>/dev/null) || out=$(digest_each "$@") ;;
  esac; fi
  printf "D\0%s\0%s\0%s\0" "$#" "$before" "$out"
elif [ "$MODE" = fold ]; then
  out=$(marks "$@") || out=$(marks_each "$@")
  printf "F\0%s\0%s\0%s\0" "$#" "$before" "$out"
else
  printf "T\0%s\0%s\0" "$#" "$before"
  for f do
    word=ok
    if [ -f "$f" ] && [ ! -h "$f" ]; then { cat <"$f"; } 2>/dev/null || word=$(why "$f"); else word=$(why "$f"); fi
    printf "\0%s %s\0" "$N" "${word#"?"}"
  done
fi
after=$(look "$@") || after=$(look_each "$@")
printf "%s\0" "$after"
{ echo "files $#" >&5; } 2>/dev/null'
printf 'R\0'
counted $NICE xargs -0 -n "$BATCH" sh -c "$WORK" sh
}

capable
[ $HEAD = yes ] || answer
while :; do
  head -c "$BYTES" | (answer)
  printf '\n%s\n' "$N" >&2
  IFS=' ' read -r N MODE ALGORITHM BATCH LOOK BYTES || exit 0
  [ "$ALGORITHM" != - ] || ALGORITHM=
  printf '\nDRIFTLINE1 %s\0' "$N"
  capable
done
}
