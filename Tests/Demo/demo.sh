#!/usr/bin/env bash
# What `make demo` shows. Started by private-servers.sh, which sets DATABASE_URL and REDIS_URL and cleans up.
#
#   demo.sh FOLDER_OF_BINARIES…
set -euo pipefail
PATH=$(IFS=:; echo "$*"):$PATH
socket=${REDIS_URL#unix://}
export JOB_LOG_FORMAT=text JOB_LOG_LEVEL=warning PAGER=cat

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '\033[2m$ %s\033[0m\n' "$*"; "$@"; }
sql() { printf '\033[2m$ psql -c "%s"\033[0m\n' "$1"; psql "$DATABASE_URL" -q -P footer=off -c "$1"; }

report() {
  step "22. One page of all that: runs, failures, dead letters, locks."
  # Stays when the demo has ended.
  page=${TMPDIR:-/tmp}/oneshot-report.html
  show env REPORT_FILE="$page" REPORT_TITLE="the demo" job-report
  echo "open $page in a browser"
}

step "1. A database without our tables: the migration makes them, each step once."
show oneshot migrate

step "2. An application has been counting in Redis with INCRBY: 40 merchants, 8 metrics, the last 7 days and today."
"$(dirname "$0")/counters.sh" | redis-cli -s "$socket" --pipe | tail -1
show redis-cli -s "$socket" dbsize

step "3. One run moves every finished day to Postgres. Its result is one line of JSON; the exit code is for the scheduler."
show usage-aggregation

step "4. The rows it wrote, and what the ledger keeps of the run."
sql "select merchant_id, usage_date, metric_type, value from merchant_usage order by usage_date desc, value desc limit 5"
sql "select usage_date, count(*) as rows, sum(value) from merchant_usage group by 1 order by 1"
sql "select job, status, fence, duration_ms, counts ->> 'inserted' as inserted from oneshot.job_runs"

step "5. The same days again: every row is unchanged, and Postgres has nothing to clean up."
from=$(date -u -d '7 days ago' +%F) to=$(date -u -d yesterday +%F)
show env USAGE_DAYS="$from..$to" usage-aggregation
sql "select n_tup_ins as inserted, n_tup_upd as updated, n_dead_tup as dead from pg_stat_user_tables where relname = 'merchant_usage'"

step "6. Two at the same moment: one works, the other says who holds the lock, and both end with 0."
# Held for two seconds at least, so that the second is a second even on a slow machine.
export JOB_LOCK_MIN_HOLD=2s
usage-aggregation &
usage-aggregation
wait $!
unset JOB_LOCK_MIN_HOLD

step "7. Leaderboards: an application's users, feeds, and what happened on them in the last month."
psql "$DATABASE_URL" -q -f "$(dirname "$0")/leaderboards.sql"
show top-stats
for board in users_liked users_followed users_active feeds_liked feeds_viewed comments; do
  printf '\n\033[2m$ ZREVRANGE top:%s 0 4 WITHSCORES\033[0m\n' "$board"
  redis-cli -s "$socket" zrevrange "top:$board" 0 4 withscores | paste - - | while read -r member score; do
    case $board in
      users_*) name="select username from users where id = $member" ;;
      *) name="select content from feeds where id = $member" ;;
    esac
    printf '  %-12s %s\n' "$(psql "$DATABASE_URL" -Atc "$name")" "$score"
  done
done

step "7b. What is hot now: the older an event is, the less it counts, and each person counts once."
show trending
printf '\n\033[2m$ ZREVRANGE trending:7d 0 4 WITHSCORES\033[0m\n'
redis-cli -s "$socket" zrevrange trending:7d 0 4 withscores | paste - -

step "7c. Whom to follow: friends of friends. A block is committed, and the next run makes the lists of both first."
psql "$DATABASE_URL" -q <<'SQL'
delete from follows as a using follows as b where a.ctid > b.ctid and (a.follower_id, a.followee_id) = (b.follower_id, b.followee_id);
alter table follows add primary key (follower_id, followee_id);
create table if not exists blocks (user_id bigint, target_id bigint, primary key (user_id, target_id));
set client_min_messages = warning;
select count(oneshot.suggest_track()) as tracked_tables;
SQL
show env SUGGEST_MODE=rebuild suggested-users
suggestion=$(redis-cli -s "$socket" get suggested_users:1 | sed 's/.*"id":"\([0-9]*\)".*/\1/')
psql "$DATABASE_URL" -q -c "insert into blocks values ($suggestion, 1)"
show suggested-users
printf '\n\033[2m$ GET suggested_users:1\033[0m\n'
redis-cli -s "$socket" get suggested_users:1

step "7d. Feeds before they are requested: those of the fifty most active users. The second run finds them fresh, but for one that the application has removed."
psql "$DATABASE_URL" -q <<'SQL'
alter table feed_views add user_id bigint;
create table if not exists blocks (user_id bigint, target_id bigint);
create table if not exists mutes (user_id bigint, target_id bigint);
SQL
show env WARM_USERS=50 WARM_LIMIT=8 cache-warmer
feed=$(redis-cli -s "$socket" --scan --pattern 'feed:*' | sort | head -1)
show redis-cli -s "$socket" get "$feed"
show redis-cli -s "$socket" del "$feed"
show env WARM_USERS=50 WARM_LIMIT=8 cache-warmer
show redis-cli -s "$socket" ttl "$feed"

step "8. Metric events: a day of them is rolled up into hours, the day, its week and its month."
psql "$DATABASE_URL" -q <<'SQL'
insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
select (array['page_views', 'downloads', 'seconds_read'])[1 + g % 3], 'article', 1 + g % 40, 1 + floor(random() * 20),
  date_trunc('day', now()) - interval '1 day' + random() * interval '1 day'
from generate_series(1, 20000) g;
SQL
show metrics-rollups
sql "select granularity, count(distinct bucket_start) as buckets, count(*) as rows, sum(count) as events, sum(sum) from metric_rollups group by 1 order by 2 desc"

step "9. An event arrives three weeks late, another one is deleted: the next run corrects exactly the buckets they touch."
psql "$DATABASE_URL" -q -c "insert into metric_events (metric, entity_type, entity_id, value, occurred_at) values ('page_views', 'article', 'late', 1, now() - interval '21 days')" \
  -c "delete from metric_events where id = 1"
show metrics-rollups
sql "select job_type, period_start, period_end, status, records_processed from metrics_aggregation_jobs_log order by started_at desc limit 4"
show env ROLLUPS_MODE=verify metrics-rollups

step "10. Search: a small catalogue, indexed apart from its tables."
psql "$DATABASE_URL" -q <<'SQL'
create table assets (id bigint primary key, title text, description text, tags text[], deleted_at timestamptz, language text);
create table creators (id bigint primary key, stage_name text, bio text, specialties text);
insert into assets values
  (1, 'Elephants at the river', 'A herd drinks before sunset', '{africa,water}', null, null),
  (2, 'Sunset over mountains', 'Painted light, photographed from a plane', '{sky}', null, null),
  (3, 'Harbour in winter', 'Fishing boats, and one elephant of snow', '{snow,sea}', null, null),
  (4, 'Alte Häuser am Fluss', 'Im Abendlicht fotografiert', '{stadt}', null, 'german');
insert into creators values (1, 'Ada River', 'Photographs animals', 'elephants, zebras');
SQL
export REINDEX_ENTITIES=asset,creator
show reindex
sql "select * from search('elephant')"

step "11. A typo still finds; each language reads in its own way."
sql "select * from search('elefant at sunnset')"
sql "select * from search('haus')"

step "12. One is renamed. A trigger has queued it, and a run that looks only at the queue indexes it."
sql "select oneshot.search_track('assets', 'asset')"
sql "update assets set title = 'Giraffes in the harbour' where id = 3"
show env REINDEX_MODE=pending reindex
sql "select s.entity_id, a.title, s.rank from search('giraffe') s join assets a on a.id::text = s.entity_id"

step "13. Posts that wait for their time: one run publishes what is due, in order, each with its event."
psql "$DATABASE_URL" -q <<'SQL'
create table posts (id bigint primary key, title text, status text not null, publish_at timestamptz, published_at timestamptz);
insert into posts values
  (1, 'A harbour in winter', 'scheduled', now() - interval '1 minute', null),
  (2, 'Elephants at the river', 'scheduled', now() - interval '2 minutes', null),
  (3, 'News of tomorrow', 'scheduled', now() + interval '1 day', null);
SQL
show publish-scheduled
sql "select id, title, status, published_at from posts order by id"
sql "select seq, event ->> 'type' as type, event -> 'data' ->> 'id' as post, event -> 'data' ->> 'late_ms' as late_ms from oneshot.events order by seq"

notifications_step() {
  step "14. Notifications: one becomes a mail that waits to be sent, another waits for the digest. Both are shown."
  psql "$DATABASE_URL" -q <<'SQL'
alter table users add email text, add timezone text;
update users set email = username || '@example.org', timezone = 'Europe/Berlin';
create table notifications (
  id bigint primary key, user_id bigint not null, type text not null, category text not null, title text, body text, data jsonb,
  created_at timestamptz not null default now());
create table notification_preferences (
  user_id bigint, category text, channel text, mode text, primary key (user_id, category, channel));
insert into notification_preferences select max(id), 'social', 'email', 'daily' from users;
SQL
  sql "select oneshot.notifications_track()"
  psql "$DATABASE_URL" -q -c "insert into notifications (id, user_id, type, category, title) select row_number() over (order by id), id, 'comment', 'social', 'Somebody has commented' from (select min(id) from users union all select max(id) from users) as chosen (id)"
  show notification-delivery
  sql "select dedup_key, channel, recipient, state from oneshot.deliveries"
  sql "select user_id, frequency, notification_id from oneshot.digest_items"
  sql "select user_id, notification_id, arrived_at from oneshot.notification_inbox"
}
notifications_step

step "15. A waitlist: two friends of the fifth have signed up. One run moves it ahead, and the next one writes an event for it."
psql "$DATABASE_URL" -q <<'SQL'
create table waitlist_campaigns (id bigint primary key, status text not null, points_per_referral integer);
create table waitlist_entries (
  id bigint primary key, campaign_id bigint not null, referred_by bigint, original_position bigint, position bigint,
  verified_at timestamptz, status text);
insert into waitlist_campaigns values (1, 'live', 2);
insert into waitlist_entries (id, campaign_id, original_position) select g, 1, g from generate_series(1, 7) g;
SQL
show waitlist-positions
psql "$DATABASE_URL" -q -c "update waitlist_entries set referred_by = 5, verified_at = now() where id in (6, 7)"
show waitlist-positions
sql "select id, original_position, position from waitlist_entries order by position"
echo "One who signs up from the referrer's own mailbox, with a program, is held back until somebody decides."
psql "$DATABASE_URL" -q <<'SQL'
alter table waitlist_entries add email text, add user_agent text, add created_at timestamptz not null default now();
update waitlist_entries set email = 'friend' || id || '@mail.example.org', user_agent = 'Mozilla/5.0';
insert into waitlist_entries (id, campaign_id, original_position, referred_by, email, user_agent)
values (8, 1, 8, 5, 'Friend5+again@mail.example.org', 'curl/8.5');
SQL
show fraud-detection
show oneshot fraud list
show oneshot fraud reject 8 --by demo
sql "select entry_id, referrals, priority, notified_position from oneshot.waitlist_placements order by entry_id"
sql "select event ->> 'type' as type, event -> 'data' as data from oneshot.events where event ->> 'type' like 'waitlist.%'"

events_step() {
  step "16. Events: 20,000 of them in a stream, three handlers, one event that nobody can process, and a kill -9 in the middle."
  handlers=$(mktemp -d)
  cat >"$handlers/downloads.sql" <<'SQL'
-- handles: asset.downloaded
-- needs: downloads(asset_id, bytes) insert
insert into downloads (asset_id, bytes) select (data ->> 'asset')::bigint, (data ->> 'bytes')::bigint from events
SQL
  psql "$DATABASE_URL" -q -c "create table downloads (asset_id bigint, bytes bigint)"
  show cat "$handlers/downloads.sql"
  "$(dirname "$0")/events.sh" | redis-cli -s "$socket" --pipe | tail -1
  export EVENTS_HANDLERS_DIR=$handlers EVENTS_BATCH=100 EVENTS_TIME=10m JOB_LOCK_TTL=2s
  event-drain >/dev/null &
  until [ "$(psql "$DATABASE_URL" -Atc "select count(*) > 1000 from downloads")" = t ]; do :; done
  show kill -9 $!
  wait $! || true
  sql "select count(*) as downloads_so_far from downloads"
  echo "The killed run's lock lapses after JOB_LOCK_TTL, two seconds here. A run that starts earlier is skipped, and the next one does it all."
  show sleep 2
  show event-drain || echo "(exit code $?: one event is a dead letter)"
  sql "select count(*) as downloads, sum(bytes) from downloads"
  show redis-cli -s "$socket" zrange live:feeds_liked 0 -1 withscores
  show oneshot dead-letters list --job event-drain
  show oneshot dead-letters discard event-drain "asset.downloaded d12345" --by demo
  show event-drain
  unset EVENTS_HANDLERS_DIR EVENTS_BATCH EVENTS_TIME JOB_LOCK_TTL
  rm -r "$handlers"
}
events_step

# A real mail server, which may die at its nth mail. Sets MAIL_URL.
start_relay() {
  rm -f "$mails/port"
  /usr/bin/python3 "$(dirname "$0")/relay.py" "$mails/port" "$mails/taken" "$@" &
  relay=$!
  until [ -e "$mails/port" ]; do kill -0 "$relay"; done
  MAIL_URL=smtp://127.0.0.1:$(cat "$mails/port")
}

outside_step() {
  step "17. What leaves the house: rewards get their codes, and with the notification of before they become mails. The relay dies in the middle."
  psql "$DATABASE_URL" -q <<'SQL'
create table rewards (
  id bigint primary key, user_id bigint not null, campaign_id bigint, type text not null, method text not null,
  status text not null, earned_at timestamptz not null default now());
insert into oneshot.reward_types (reward_type, needs_code, title, low_codes) values ('coffee', true, 'a coffee', 5);
insert into oneshot.reward_codes (reward_type, code) select 'coffee', 'CAFE-' || 100 + g from generate_series(1, 12) g;
insert into rewards (id, user_id, type, method, status)
select row_number() over (order by id), id, 'coffee', 'email', 'due' from (select id from users order by id limit 10) as chosen;
SQL
  show reward-delivery
  sql "select r.id, r.status, c.code from rewards r join oneshot.reward_codes c on c.reward_id = r.id::text order by r.id limit 3"
  export MAIL_URL MAIL_FROM='The demo <demo@example.org>' MAIL_PLAINTEXT=true DELIVERY_PARALLEL=1 DELIVERY_BREAKER=100 DELIVERY_RETRY=1s,1s,1s
  mails=$(mktemp -d)
  trap 'kill "$relay" 2>/dev/null || true' EXIT
  start_relay 6
  show outbox-delivery || echo "(exit code $?)"
  wait "$relay" || true
  echo "It has taken $(wc -l <"$mails/taken") mails, and died before it answered for the last one. Only of that one nobody knows whether it was sent:"
  sql "select state, count(*) as messages, sum(doubts) as in_doubt from oneshot.deliveries group by state order by state"
  show oneshot deliveries show "$(psql "$DATABASE_URL" -Atc "select dedup_key from oneshot.deliveries where doubts > 0")"
  echo "A relay again. What was taken is not sent once more, but for the one in doubt: its code goes out twice rather than never, as the same mail."
  start_relay
  until [ "$(psql "$DATABASE_URL" -Atc "select count(*) from oneshot.deliveries where state in ('queued', 'sending')")" = 0 ]; do outbox-delivery >/dev/null; done
  sql "select state, count(*) as messages, sum(doubts) as in_doubt from oneshot.deliveries group by state order by state"
  sort -o "$mails/taken" "$mails/taken"
  echo "$(cut -d' ' -f1 "$mails/taken" | uniq | wc -l) messages arrived, $(cut -d' ' -f1 "$mails/taken" | uniq -d | wc -l) of them twice:"
  cut -d' ' -f2- "$mails/taken" | uniq -c | sort -rn
  show reward-delivery
  sql "select status, count(*) as rewards from rewards group by status"
  sql "select user_id, frequency, count(*) as waits_for_its_digest from oneshot.digest_items where digest_id is null group by 1, 2"
  kill "$relay"
  trap - EXIT
  rm -r "$mails"
}
outside_step

step "18. Rows from elsewhere: a stream whose producer fails changes nothing; with its end marker all of it is there at once."
psql "$DATABASE_URL" -q -c "create table post_tallies (post_id bigint primary key, seen bigint not null)"
export STAGE_TABLE=post_tallies
{ printf '1\t530\n2\t418\n' && false && echo '\.'; } | show stage-table || echo "(exit code $?: nothing of it was kept)"
{ printf '1\t530\n2\t418\n3\t97\n' && echo '\.'; } | show stage-table
{ printf '1\t530\n2\t420\n3\t97\n' && echo '\.'; } | show stage-table
sql "select * from post_tallies order by post_id"
unset STAGE_TABLE

film_step() {
  step "18b. An upload becomes a preview of ten seconds, which does not say where it was filmed. A text that calls itself a film gets none."
  films=$(mktemp -d)
  mkdir "$films/uploads" "$films/previews"
  ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=640x360:r=25:d=15 -f lavfi -i sine=d=15 -c:v libx264 -preset ultrafast -c:a aac \
    -metadata location=+48.2082+016.3738/ "$films/uploads/holiday.mov"
  echo "Dear diary, this is no film." >"$films/uploads/diary.mov"
  psql "$DATABASE_URL" -q -c "insert into oneshot.media_previews (asset_id, kind, source, source_tag) values ('holiday', 'video', 'holiday.mov', '1'), ('diary', 'video', 'diary.mov', '1')"
  export PREVIEWS_SOURCE_DIR=$films/uploads PREVIEWS_TARGET_DIR=$films/previews
  unshare -rn true 2>/dev/null || { export PREVIEWS_SANDBOX=limits; echo "(There are no user namespaces here, so ffmpeg has the network of this demo.)"; }
  show media-previews
  sql "select asset_id, state, target, width, height, duration_ms, reason from oneshot.media_previews order by asset_id"
  for film in "$films/uploads/holiday.mov" "$films"/previews/*/*.mp4; do
    show ffprobe -v error -show_entries format=duration:format_tags=location -of default=noprint_wrappers=1 "$film"
  done
  sql "select event ->> 'type' as type, event #>> '{data,target}' as target from oneshot.events where event ->> 'type' like 'media.%'"
  unset PREVIEWS_SOURCE_DIR PREVIEWS_TARGET_DIR PREVIEWS_SANDBOX
  rm -r "$films"
}
film_step

step "19. What ran, in all of the above: for people, and with --json for programs."
show oneshot runs --limit 6 2>&1
id=$(oneshot runs --job usage-aggregation --limit 1 2>/dev/null | tail -1 | cut -d' ' -f1)
show oneshot run "$id"

step "20. Who holds a lock? One is kept on purpose here, and taken away; the fence keeps data right whoever loses one."
JOB_LOCK_MIN_HOLD=1m usage-aggregation >/dev/null
show oneshot locks
show oneshot unlock usage-aggregation --yes

health_step() {
  step "21. How are the jobs? Schedules are declared, nothing is guessed. All is well; then one is stopped, and health says what is wrong."
  export HEALTH_EXPECT='usage-aggregation=1d,top-stats=1h,metrics-rollups=1h,reindex=1h' HEALTH_IDLE=20
  show oneshot health
  psql "$DATABASE_URL" -q -c "update oneshot.job_runs set started_at = started_at - interval '3 hours', finished_at = finished_at - interval '3 hours' where job = 'top-stats'"
  show oneshot health || echo "(exit code $?)"
  show job-doctor || echo "(exit code $?: it has found something, and says so to whoever started it)"
  sql "select job, kind, since, closed_at from oneshot.incidents"
  show top-stats >/dev/null
  show job-doctor
}
health_step
report

step "That was all. Servers and data of this demo are gone now; README.md shows how to run it on yours."
