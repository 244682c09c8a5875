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
  for library in "$(dirname "$1")"/lib/*.jar; do
    [ -f "$library" ] && class_path=$class_path:$library
  done
  if [ "$locale" = unset ]; then unset LC_ALL; else LC_ALL=$locale; fi
}

# Whether cache $1 was made by the JVM in use and is newer than jar $2 and the jars in the lib beside it.
is_fresh() {
  [ -f "$1" ] && read -r made_by 2>/dev/null <"$1.jdk" && [ "$made_by" = "$java_home" ] && is_newer "$1" "$2"
}

# Whether file $1 is newer than jar $2, the jars in the lib beside it and the JVM in use.
is_newer() {
  [ -f "$1" ] && [ -z "$(find "$2" "$(dirname "$2")/lib" "$java_home/release" -newer "$1" 2>/dev/null)" ]
}

# Makes AOT cache $1 for main class $2, of jars $class_path; the rest are options of the JVM, which must be the ones of
# later starts. Writes to the side and renames, so a start meets the old cache, the new one or none, never half of one.
train() {
  cache=$1 main_class=$2 training=$1.training
  shift 2
  if ! mkdir "$training" 2>/dev/null; then
    read -r holder 2>/dev/null <"$training/pid" && kill -0 "$holder" 2>/dev/null && return 1 # somebody else is at it
    # left by a training that was killed, or begun this moment: a young one is left alone
    [ -n "$(find "$training" -prune -mmin +2 2>/dev/null)" ] || return 1
    rm -rf "$training"
    mkdir "$training" 2>/dev/null || return 1
  fi
  trap 'rm -rf "$training"' EXIT
  trap 'exit 143' HUP INT TERM
  sh -c 'echo $PPID' >"$training/pid"
  # shellcheck disable=SC2086 # options are words; the niceness keeps it out of the way of whatever else runs
  nice -n 19 "$java" $common_options "$@" -XX:AOTCacheOutput="$training/cache" \
    -Djava.io.tmpdir="$training" -cp "$class_path" "$main_class" train </dev/null >"$training/log" 2>&1 &&
    [ -s "$training/cache" ] && rm -f "$cache" && printf '%s\n' "$java_home" >"$cache.jdk" &&
    mv -f "$training/cache" "$cache"
  trained=$?
  if [ "$trained" -eq 0 ]; then rm -f "$cache.log"; else cp "$training/log" "$cache.log" 2>/dev/null; fi
  rm -rf "$training"
  trap - EXIT HUP INT TERM
  return "$trained"
}

# Makes an AOT cache (see `train`) in the background, so that the next start takes half the time. Nobody waits for it,
# and a failure (a read-only folder, no space) only means that there is none. Two forks, so that it is no child of the
# JVM that takes this process's place. What failed with these jars and this JVM is not tried again at every start.
train_in_background() {
  [ -z "${MILLRACE_NO_AOT-}" ] && [ -w "$(dirname "$1")" ] && ! is_newer "$1.log" "$jar" || return 0
  (train "$@" &) </dev/null >/dev/null 2>&1
}

# Options that both programs share. The JVM's own log is off, because it would go to standard output, among results.
common_options="-Xlog:disable -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -XX:-UsePerfData --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"

# Netty notes with a stack trace where every 128th buffer came from, to find leaks: good for tests, a few percent here.
node_options="-Xms32m -Xmx1g -Dio.netty.leakDetection.level=disabled"
shell_options="-Xms16m -Xmx512m -XX:TieredStopAtLevel=1"

# Sets $java, $jar, $class_path and $cache for the node.
find_node() {
  find_java
  jar=$root/http-api/target/millrace-node.jar
  require_jar "$jar"
  class_path_of "$jar"
  cache=$root/http-api/target/millrace-node.aot
}

# The same for the shell.
find_shell() {
  find_java
  jar=$root/sql-shell/target/millrace-shell.jar
  require_jar "$jar"
  class_path_of "$jar"
  cache=$root/sql-shell/target/millrace-shell.aot
}

launch_node() {
  find_node
  # shellcheck disable=SC2086 # options are words, and MILLRACE_JAVA_OPTS is meant to be split
  if is_fresh "$cache" "$jar"; then
    aot="-XX:AOTCache=$cache"
  else
    aot="-XX:AOTMode=auto"
    train_in_background "$cache" io.millrace.http.node.Main $node_options
  fi
  # shellcheck disable=SC2086
  exec "$java" $common_options -Xlog:all=warning,aot=off,cds=off:stderr $node_options -XX:+ExitOnOutOfMemoryError "$aot" \
    ${MILLRACE_JAVA_OPTS-} -cp "$class_path" io.millrace.http.node.Main "$@"
}

launch_shell() {
  find_shell
  # shellcheck disable=SC2086
  if is_fresh "$cache" "$jar"; then
    aot="-XX:AOTCache=$cache"
  else
    aot="-XX:AOTMode=auto"
    train_in_background "$cache" io.millrace.shell.Main $shell_options
  fi
  if [ -t 0 ]; then in=true; else in=false; fi
  if [ -t 1 ]; then out=true; else out=false; fi
  if [ -t 2 ]; then err=true; else err=false; fi
  # shellcheck disable=SC2086
  exec "$java" $common_options $shell_options "$aot" \
    -Dmillrace.stdin.terminal=$in -Dmillrace.stdout.terminal=$out -Dmillrace.stderr.terminal=$err \
    ${MILLRACE_JAVA_OPTS-} -cp "$class_path" io.millrace.shell.Main "$@"
}

launch_verify() {
  find_java
  jar=$root/fault-harness/target/millrace-faults.jar
  require_jar "$jar"
  require_jar "$root/http-api/target/millrace-node.jar"
  class_path_of "$jar"
  # shellcheck disable=SC2086
  exec "$java" $common_options -Xmx1g ${MILLRACE_JAVA_OPTS-} -Dmillrace.root="$root" \
    -cp "$class_path" io.millrace.faults.Main "$@"
}

# Makes the AOT caches of both programs that are not fresh, and waits for it: for images, and before measuring.
launch_training() {
  # shellcheck disable=SC2086
  for program in node shell; do
    "find_$program"
    if [ "$program" = node ]; then main=io.millrace.http.node.Main options=$node_options; else main=io.millrace.shell.Main options=$shell_options; fi
    until is_fresh "$cache" "$jar"; do
      if train "$cache" "$main" $options; then
        :
      elif [ -d "$cache.training" ]; then
        sleep 1 # another process is at it
      else
        fail "no AOT cache for the $program could be made; see $cache.log"
      fi
    done
  done
}
