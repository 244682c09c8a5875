# Functions of the launcher `millrace`; expects $root to be the project's folder.

# Prints an error and ends.
fail() {
  printf 'millrace: %s\n' "$1" >&2
  exit 1
}

# The JVM to use, found once.
find_java() {
  java_home=$("$root/bin/find-java") || exit 1
  java=$java_home/bin/java
}

# Makes sure that jar $1 exists. Sources that changed since do not matter: who edits them knows how to build.
require_jar() {
  [ -f "$1" ] && [ -d "$(dirname "$1")/lib" ] && return
  build
  [ -f "$1" ] || fail "the build succeeded but left no $1"
}

# Builds everything without tests, one build at a time, and shows output only when it fails.
build() {
  [ -f "$root/pom.xml" ] || fail "nothing is built here and there is no source to build from in $root"
  mkdir -p "$root/target" || fail "cannot write to $root/target, where the build would go"
  lock=$root/target/build.lock
  if ! mkdir "$lock" 2>/dev/null; then
    holder=$(cat "$lock/pid" 2>/dev/null)
    if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
      printf 'millrace: another process (%s) is building; waiting for it\n' "$holder" >&2
      while [ -d "$lock" ] && kill -0 "$holder" 2>/dev/null; do sleep 1; done
      return
    fi
    rm -rf "$lock" # left by a build that was killed
    mkdir "$lock" || fail "cannot create $lock"
  fi
  echo $$ >"$lock/pid"
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  log=$root/target/build.log
  printf 'millrace: building for the first time; this takes a minute or two (log: %s)\n' "$log" >&2
  if ! (cd "$root" && ./mvnw -q -B -DskipTests package) >"$log" 2>&1; then
    cat "$log" >&2
    fail "the build failed; its output is above and in $log"
  fi
  rm -rf "$lock"
  trap - EXIT INT TERM
}

# Sets $class_path to jar $1 and the jars beside it in lib, in a fixed order: an AOT cache is only valid for exactly the
# class path it was made with, and not for wildcards.
class_path_of() {
  class_path=$1
  locale=${LC_ALL-unset}
  LC_ALL=C # the order of *.jar
  for jar in "$(dirname "$1")"/lib/*.jar; do
    [ -f "$jar" ] && class_path=$class_path:$jar
  done
  if [ "$locale" = unset ]; then unset LC_ALL; else LC_ALL=$locale; fi
}

# Whether cache $1 exists and is newer than jar $2 that it was made from.
is_fresh() {
  [ -f "$1" ] && [ -z "$(find "$2" -newer "$1" 2>/dev/null)" ]
}

# Options that both programs share. The JVM's own log is off, because it would go to standard output, among results.
common_options="-Xlog:disable -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -XX:-UsePerfData --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"

launch_node() {
  find_java
  jar=$root/http-api/target/millrace-node.jar
  require_jar "$jar"
  class_path_of "$jar"
  cache=$root/http-api/target/millrace-node.aot
  if is_fresh "$cache" "$jar"; then aot="-XX:AOTCache=$cache"; else aot="-XX:AOTMode=auto"; fi
  # shellcheck disable=SC2086 # options are words, and MILLRACE_JAVA_OPTS is meant to be split
  exec "$java" $common_options -Xlog:all=warning,aot=off,cds=off:stderr -Xms32m -Xmx1g -XX:+ExitOnOutOfMemoryError "$aot" \
    ${MILLRACE_JAVA_OPTS-} -cp "$class_path" io.millrace.http.node.Main "$@"
}

launch_shell() {
  find_java
  jar=$root/sql-shell/target/millrace-shell.jar
  require_jar "$jar"
  class_path_of "$jar"
  cache=$root/sql-shell/target/millrace-shell.aot
  if is_fresh "$cache" "$jar"; then
    aot="-XX:AOTCache=$cache"
  else
    aot="-XX:AOTMode=auto"
    train_shell
  fi
  if [ -t 0 ]; then in=true; else in=false; fi
  if [ -t 1 ]; then out=true; else out=false; fi
  if [ -t 2 ]; then err=true; else err=false; fi
  # shellcheck disable=SC2086
  exec "$java" $common_options -Xms16m -Xmx512m -XX:TieredStopAtLevel=1 "$aot" \
    -Dmillrace.stdin.terminal=$in -Dmillrace.stdout.terminal=$out -Dmillrace.stderr.terminal=$err \
    ${MILLRACE_JAVA_OPTS-} -cp "$class_path" io.millrace.shell.Main "$@"
}

# Makes the shell's AOT cache in the background, so that the next start takes half the time. Nobody waits for it, and a
# failure (an old JVM, a read-only folder) only means that there is none.
train_shell() {
  [ -w "$root/sql-shell/target" ] || return 0
  [ -z "${MILLRACE_NO_AOT-}" ] || return 0
  training=$root/sql-shell/target/millrace-shell.training
  mkdir "$training" 2>/dev/null || return 0 # somebody else is at it
  (
    trap 'rm -rf "$training"' EXIT
    # shellcheck disable=SC2086
    "$java" $common_options -Xmx512m -XX:TieredStopAtLevel=1 -XX:AOTCacheOutput="$training/cache" \
      -cp "$class_path" io.millrace.shell.Main train &&
      mv "$training/cache" "$cache"
  ) </dev/null >/dev/null 2>&1 &
}
