-- job-report, dead_letters
\set scope '''{""}'''
\set is_excluding 'true'
\set samples '''3''::bigint'
\set limit '''200''::bigint'
prepare golden (unknown, boolean, bigint, bigint) as
-- Dead letters that wait, by job and kind, and the newest few of each.
with placed as (
  select instance, job, server, left(error_kind, 200) as kind, item, error_message as message, attempts, last_failed_at, item_digest,
    count(*) over alike as letters, min(first_failed_at) over alike as first_at, max(last_failed_at) over alike as newest_at,
    max(attempts) over alike as most_attempts,
    row_number() over (partition by instance, job, server, error_kind order by last_failed_at desc, item_digest) as place
  from oneshot.dead_letters
  where state = 'pending' and (instance = any ($1::text[])) <> $2
  window alike as (partition by instance, job, server, error_kind)
), numbered as (
  select *, dense_rank() over (order by newest_at desc, instance, job, server, kind) as number,
    sum((place = 1)::integer) over () as groups_total, count(*) over () as letters_total
  from placed
)
select instance, job, server, kind, k.cause, k.remedy, letters, first_at, newest_at, most_attempts, groups_total, letters_total,
  attempts, last_failed_at,
  left(item, 300) as item, length(item) as item_length, left(message, 500) as message, length(message) as message_length
from numbered
left join oneshot.letter_kinds k using (job, kind)
where place <= $3 and number <= $4
order by number, place
;
execute golden (:scope, :is_excluding, :samples, :limit);
deallocate golden;
