#!/usr/bin/env bash
# What image-check.sh runs beside servers of its own:  image-runs.sh IMAGE_OF_ONE_JOB IMAGE_OF_ALL IMAGE_OF_THE_DOCTOR_WITH_DELIVERY
set -euo pipefail
one=$1 all=$2 delivering=$3 work=$IMAGE_CHECK_WORK
. docker/running.sh

options=(--entrypoint /usr/local/bin/oneshot)
expect 0 "now at core " run "$all" migrate
options=()
expect 0 "usage-aggregation 0." run "$one" --version
expect 0 '"status":"succeeded"' run "$one" --check
day=$(date -u -d yesterday +%F)
redis-cli -s "${REDIS_URL#unix://}" set "usage:m:$day:queries" 5 >/dev/null
: >"$work/termination-log" && chmod 666 "$work/termination-log"
options=(-v "$work/termination-log:/dev/termination-log" -e "JOB_KUBERNETES_NAME=usage-aggregation-$(($(date +%s) / 60))")
expect 0 '"inserted":1' run "$one"
grep -q '"scheduled_by":"kubernetes"' "$work/termination-log" || fail "no copy of the result in the termination log"
[ "$(psql "$DATABASE_URL" -Atc 'select sum(value) from merchant_usage')" = 5 ] || fail "the counter is not in Postgres"
options=(--entrypoint /usr/local/bin/top-stats)
expect 78 'the table feed_likes does not exist' run "$all" --check

# Nothing else is in there, and what is there cannot be written.
for shell in /bin/sh /bin/bash /usr/bin/env; do
  options=(--entrypoint "$shell")
  if run "$one" -c true >/dev/null 2>&1; then fail "$shell is in the image"; fi
done
options=(-e JOB_METRICS_FILE=/usr/local/bin/x.prom)
expect 0 "Read-only file system" run "$one"

# Names are looked up without help from the system: found, and refused by nobody listening there.
options=(-e DATABASE_URL_FILE= -e DATABASE_URL=postgresql://localhost:1/x -e JOB_ATTEMPTS=1)
expect 69 "Connection refused" run "$one"

# What the trait Delivery adds is found at run time, by what it conforms to, so no line of code names it: a linker that
# leaves out what nobody names must leave it in. Without the trait, the setting is refused.
python3 docker/receiver.py "$work/port" "$work/received" &
receiver=$!
trap 'kill "$receiver" 2>/dev/null || true' EXIT
until [ -s "$work/port" ]; do sleep 0.05; done
receiver_url=http://127.0.0.1:$(cat "$work/port")
options=(-e "DOCTOR_SLACK_URL=$receiver_url/slack" -e "JOB_HEARTBEAT_URL=$receiver_url/heartbeat" -e HEALTH_EXPECT=never-ran=1s -e HEALTH_GRACE=0s)
expect 65 '"told":1' run "$delivering"
for said in '/slack .*never-ran' '/heartbeat'; do
  grep -q "^$said" "$work/received" || fail "«$said» did not arrive: $(cat "$work/received")"
done
kill "$receiver"
options+=(--entrypoint /usr/local/bin/job-doctor)
expect 78 "needs a binary built with the trait Delivery" run "$all"

# The pod of the CronJob, as its manifest says it: environment, command, user, limits, read-only root.
redis-cli -s "${REDIS_URL#unix://}" set "usage:m:$day:logins" 6 >/dev/null
psql "$DATABASE_URL" -qc 'truncate oneshot.usage_days' # or the day, which is completed, would not be read again
# Where the limits that podman asks for may not be raised.
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n' >"$work/containers.conf"
export CONTAINERS_CONF=$work/containers.conf
pod=usage-aggregation-$(($(date +%s) / 60 + 1))
PYTHONPATH=k8s .build/python/bin/python Tests/Deploy/play.py usage-aggregation "$all" "$pod" "$work/secrets" "$ONESHOT_SERVERS" >"$work/pod.yaml"
engine kube play --network host "$work/pod.yaml" >"$work/play.log" || fail "$(cat "$work/play.log")"
code=$(engine wait "$pod-job")
[ "$code" = 0 ] || fail "the pod ended with $code: $(engine logs "$pod-job" 2>&1)"
[ "$(engine inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.HostConfig.Memory}}' "$pod-job")" = \
  "65532:65532 true [] $((64 << 20))" ] || fail "the pod was not locked up"
engine kube down "$work/pod.yaml" >/dev/null
[ "$(psql "$DATABASE_URL" -Atc 'select sum(value) from merchant_usage')" = 11 ] || fail "the pod did not do its work"
[ "$(psql "$DATABASE_URL" -Atc "select count(*) from oneshot.job_runs where scheduled_by = 'kubernetes' and status = 'succeeded'")" = 2 ] ||
  fail "the pod did not know its slot"
echo "ok  0  a pod of k8s/base"

# As process 1, which is sent no signal that it does not ask for.
psql "$DATABASE_URL" -qc 'begin; lock table oneshot.usage_days; select pg_sleep(30)' >/dev/null &
blocker=$!
until [ "$(psql "$DATABASE_URL" -Atc "select count(*) from pg_locks where relation = 'oneshot.usage_days'::regclass and granted")" = 1 ]; do sleep 0.05; done
options=(--name stopped)
run "$one" >"$work/stopped.log" 2>&1 &
runner=$!
until [ "$(psql "$DATABASE_URL" -Atc "select count(*) from pg_stat_activity where application_name = 'oneshot' and wait_event_type = 'Lock'")" = 1 ]; do sleep 0.05; done
engine stop --time 20 stopped >/dev/null
code=0; wait "$runner" || code=$?
kill "$blocker" 2>/dev/null || true
[ "$code" = 143 ] || fail "SIGTERM ended it with $code: $(cat "$work/stopped.log")"
grep -qF '"status":"interrupted"' "$work/stopped.log" || fail "no result after SIGTERM: $(cat "$work/stopped.log")"
echo "ok  143  stopped by SIGTERM as process 1"

# The authorities that the image carries are those that rediss:// trusts: put another one in their place, and its server is trusted.
mkdir "$work/tls" && cd "$work/tls"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=check -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr 2>/dev/null
printf 'subjectAltName=DNS:localhost' >names
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt 2>/dev/null
port=$((20000 + $$ % 20000))
redis-server --port 0 --tls-port "$port" --tls-cert-file server.crt --tls-key-file server.key --tls-ca-cert-file ca.crt \
  --tls-auth-clients no --save '' --daemonize yes --pidfile "$work/tls/pid" --dir "$work/tls" >/dev/null
trap 'kill "$(cat "$work/tls/pid")" 2>/dev/null || true' EXIT
until redis-cli --tls --cacert ca.crt -h localhost -p "$port" ping >/dev/null 2>&1; do sleep 0.05; done
options=(-e REDIS_URL_FILE= -e "REDIS_URL=rediss://localhost:$port" -e JOB_ATTEMPTS=1)
expect 78 "certificate" run "$one" --check
options+=(-v "$work/tls/ca.crt:/etc/ssl/certs/ca-certificates.crt:ro")
expect 0 '"status":"succeeded"' run "$one" --check
