# Sourced by benchmarks/run: three local nodes, fsync on a quorum, beside three etcd nodes that put the same records.
# Claim: at 64 connections >= 2 times etcd's rate with a lower p99 and half its CPU per record; >= 150,000 NDJSON
# records/s; one connection's p50 no worse than etcd's.
# shellcheck shell=bash disable=SC2154

record='{\"date\":\"2001-01-01 00:47:00\",\"delay\":66,\"distance\":1750,\"origin\":\"DTW\",\"destination\":\"LAS\",\"n\":'

cpu_ticks() { # of all processes given, user and system
  local sum=0 stat
  for pid in "$@"; do
    stat=$(sed 's/.*) //' "/proc/$pid/stat") || continue
    # shellcheck disable=SC2086
    set -- $stat
    sum=$((sum + ${12} + ${13}))
  done
  echo "$sum"
}

# $1 name of the row, $2 connections, $3 lua file, $4 url, $5 records a request, then the servers' pids
measure() {
  local name=$1 connections=$2 script=$3 url=$4 each=$5 before after out; shift 5
  before=$(cpu_ticks "$@")
  wrk -t1 -c"$connections" -d"$seconds" --timeout 10s --latency -s "$script" "$url" >"$scratch/w"
  after=$(cpu_ticks "$@")
  out=$(awk -v each="$each" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
    /^ *50%/ { p50 = $2 } /^ *99%/ { p99 = $2 } /requests in/ { n = $1 } /^Requests\/sec/ { rate = $2 } /Non-2xx/ { bad = $NF }
    END { printf "%d %s %s %.1f %d", rate * each, p50, p99, ticks / hz * 1e6 / (n * each), bad }' "$scratch/w")
  # shellcheck disable=SC2086
  printf '%-34s %10s records/s   p50 %-8s p99 %-9s %8s us of CPU a record%s\n' "$name" $(set -- $out; echo "$1 $2 $3 $4") \
    "$(awk '{ if ($5 > 0) printf "   REFUSED: %d", $5 }' <<<"$out")"
  echo "$name|$out" >>"$scratch/rows"
}

etcd_up() { # $1 first port
  local port=$1 cluster="" i
  for i in 1 2 3; do cluster+="${cluster:+,}e$i=http://127.0.0.1:$((port + i * 10 + 1))"; done
  for i in 1 2 3; do
    etcd --name "e$i" --data-dir "$scratch/e$i" --log-level error --initial-cluster "$cluster" \
      --listen-client-urls "http://127.0.0.1:$((port + i * 10))" --advertise-client-urls "http://127.0.0.1:$((port + i * 10))" \
      --listen-peer-urls "http://127.0.0.1:$((port + i * 10 + 1))" --initial-advertise-peer-urls "http://127.0.0.1:$((port + i * 10 + 1))" \
      >"$scratch/etcd$i.log" 2>&1 & etcd_pids+=($!); pids+=($!)
  done
  for _ in $(seq 200); do
    for i in 1 2 3; do
      curl -sf "http://127.0.0.1:$((port + i * 10))/v3/maintenance/status" -d '{}' >"$scratch/status" 2>/dev/null || continue
      if [ "$(sed -n 's/.*"member_id":"\([0-9]*\)".*/\1/p' "$scratch/status")" = "$(sed -n 's/.*"leader":"\([0-9]*\)".*/\1/p' "$scratch/status")" ]; then
        etcd_leader="http://127.0.0.1:$((port + i * 10))"; return
      fi
    done
    sleep 0.1
  done
  echo "etcd did not start:" >&2; cat "$scratch"/etcd*.log >&2; exit 1
}

millrace_up() { # $1 first Raft port; HTTP is the port above
  "$top/millrace" cluster up --nodes 3 --dir "$scratch/cluster" --base-port "$1" >"$scratch/up" 2>"$scratch/up.log" || { cat "$scratch/up" "$scratch/up.log" >&2; exit 1; }
  mapfile -t node_pids < <(pgrep -f "java .*$scratch/cluster")
  pids+=("${node_pids[@]}")
  local node=http://127.0.0.1:$(($1 + 1))
  curl -sfL "$node/broker/topics" -d '{"name":"bench","partitions":4}' >/dev/null
  node_leader=$(curl -s -o /dev/null -w '%{redirect_url}' "$node/broker/topics/bench/produce" -d x | sed 's|/broker.*||')
  [ -n "$node_leader" ] || node_leader=$node # the first one leads
}

# $runs, $seconds of each measurement
cluster_benchmark() {
  node_pids=(); etcd_pids=()
  local value; value=$(printf '%s' "${record//\\/}" | base64 -w0)
  cat >"$scratch/etcd.lua" <<LUA
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", nil, nil, string.format('{"key":"%08d","value":"$value"}', n))
end
LUA
  cat >"$scratch/one.lua" <<LUA
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", nil, nil, string.format('${record//\\/}%d}', n))
end
LUA
  for size in 100 1000; do
    cat >"$scratch/ndjson$size.lua" <<LUA
wrk.method = "POST"
wrk.body = string.rep('${record//\\/}1}\\n', $size)
LUA
  done
  environment
  echo "data: one flight as JSON ($(printf '%s1}' "${record//\\/}" | wc -c) bytes); three nodes of each on this machine, every write fsynced by a majority; $(etcd --version | sed -n 1p)"
  "$top/millrace" train
  etcd_up 23790; millrace_up 24000
  local put="$etcd_leader/v3/kv/put" one="$node_leader/broker/topics/bench/produce" ndjson="$node_leader/broker/topics/bench/produce-ndjson"
  echo "warming up"
  seconds=10 measure "warm etcd" 64 "$scratch/etcd.lua" "$put" 1 "${etcd_pids[@]}" >/dev/null
  seconds=60 measure "warm millrace" 64 "$scratch/one.lua" "$one" 1 "${node_pids[@]}" >/dev/null
  seconds=5 measure "warm ndjson" 16 "$scratch/ndjson100.lua" "$ndjson" 100 "${node_pids[@]}" >/dev/null
  : >"$scratch/rows"
  for run in $(seq "$runs"); do
    echo "run $run"
    measure "etcd, 64 connections" 64 "$scratch/etcd.lua" "$put" 1 "${etcd_pids[@]}"
    measure "millrace, 64 connections" 64 "$scratch/one.lua" "$one" 1 "${node_pids[@]}"
    measure "etcd, one connection" 1 "$scratch/etcd.lua" "$put" 1 "${etcd_pids[@]}"
    measure "millrace, one connection" 1 "$scratch/one.lua" "$one" 1 "${node_pids[@]}"
    measure "millrace, NDJSON of 100" 16 "$scratch/ndjson100.lua" "$ndjson" 100 "${node_pids[@]}"
    measure "millrace, NDJSON of 1,000" 8 "$scratch/ndjson1000.lua" "$ndjson" 1000 "${node_pids[@]}"
  done
  median_of() { median $(grep "^$1|" "$scratch/rows" | cut -d'|' -f2 | awk -v f="$2" '{ v = $f; if (v ~ /us$/) v = v / 1000; else if (v ~ /ms$/) v = v + 0; else if (v ~ /[0-9]s$/) v = v * 1000; print v }'); }
  echo "medians of $runs runs:"
  awk -v a="$(median_of 'millrace, 64 connections' 1)" -v b="$(median_of 'etcd, 64 connections' 1)" \
    -v c="$(median_of 'millrace, 64 connections' 3)" -v d="$(median_of 'etcd, 64 connections' 3)" \
    -v e="$(median_of 'millrace, 64 connections' 4)" -v f="$(median_of 'etcd, 64 connections' 4)" \
    -v g="$(median_of 'millrace, one connection' 2)" -v h="$(median_of 'etcd, one connection' 2)" \
    -v i="$(median_of 'millrace, NDJSON of 100' 1)" -v j="$(median_of 'millrace, NDJSON of 1,000' 1)" 'BEGIN {
      printf "rate, millrace / etcd:            %d / %d = %.2f (goal 2)\n", a, b, a / b
      printf "p99 ms, millrace / etcd:          %.1f / %.1f = %.2f (goal < 1)\n", c, d, c / d
      printf "CPU us a record, millrace / etcd: %.0f / %.0f = %.2f (goal 0.5)\n", e, f, e / f
      printf "one connection p50 ms:            %.2f / %.2f = %.2f (goal 1)\n", g, h, g / h
      printf "NDJSON records/s, 100 and 1,000:  %d, %d (goal 150000)\n", i, j }'
  catch_up
}

# reads one partition whole from a follower
catch_up() {
  local follower node bytes
  for node in 24001 25001 26001; do
    [ "http://127.0.0.1:$node" = "$node_leader" ] || follower=http://127.0.0.1:$node
  done
  local begin end records
  records=$(curl -sf "$node_leader/broker/topics/bench" | grep -o '"next_offset":[0-9]*' | sed -n '1s/.*://p')
  begin=$(date +%s%N)
  bytes=0; local offset=0
  while [ "$offset" -lt "$records" ] && [ "$offset" -lt 1000000 ]; do
    curl -sf "$follower/broker/consume/bench/g/0?offset=$offset&limit=10000&max_bytes=8000000" >"$scratch/page"
    bytes=$((bytes + $(stat -c %s "$scratch/page")))
    offset=$(grep -o '"next_offset":[0-9]*' "$scratch/page" | tail -n 1 | sed 's/.*://')
  done
  end=$(date +%s%N)
  awk -v n="$offset" -v b="$bytes" -v t=$(((end - begin) / 1000)) 'BEGIN { printf "catch-up consume from a follower: %d records in %.2f s = %d records/s, %.1f MB/s of JSON\n", n, t / 1e6, n * 1e6 / t, b / t }'
  echo "records in the log: $(curl -sf "$node_leader/broker/topics/bench" | grep -o '"next_offset":[0-9]*' | awk -F: '{ n += $2 } END { print n }')"
}
