-- operations, run
\set lowest '''01a228a91ce67a5baf9a758367ac1df3'''
\set highest '''01a228a91ce67a5baf9a758367ac1df3'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, bigint) as
-- The runs whose ids have this beginning; JSON also as lines for people, one line for each element of a list.
with r as materialized (
  select r.run_id, r.instance, r.job, r.server, r.variant, left(r.series, 4096) as series, r.shard, r.shard_count,
  r.scheduled_at, r.scheduled_by, r.forced, r.by_hand, r.window_start, r.window_end, r.status,
  r.attempt, r.fence, r.started_at, r.finished_at, r.deadline_at, r.duration_ms, r.items_processed, r.behind,
  r.errors_total, left(r.error_kind, 200) as error_kind, left(r.error_message, 16384) as error_message,
  left(r.error_hint, 4096) as error_hint,
  left(r.host, 500) as host, left(r.version, 100) as version, case when pg_column_size(r.counts) <= 131072 and octet_length(r.counts::text) <= 131072 then r.counts
  when r.counts is not null then jsonb_build_object('left_out', pg_column_size(r.counts) || ' bytes as stored') end as counts,
  case when pg_column_size(r.details) <= 131072 and octet_length(r.details::text) <= 131072 then r.details
  when r.details is not null then jsonb_build_object('left_out', pg_column_size(r.details) || ' bytes as stored') end as details
  from oneshot.job_runs r
  where r.run_id between $1::uuid and $2::uuid
  order by r.run_id
  limit $3
)
select r.*, laid_out.counts as counts_lines, laid_out.details as details_lines
from r cross join lateral (
  select max(lines) filter (where is_counts) as counts, max(lines) filter (where not is_counts) as details
  from (
    select is_counts, string_agg(
      case when jsonb_typeof(value) = 'array' and value <> '[]'
        then key || (select string_agg(e'\n  ' || element::text, '') from jsonb_array_elements(value) as element)
        else rpad(key, width + 2) || value::text end, e'\n' order by key) as lines
    from (
      select is_counts, key, value, max(length(key)) over (partition by is_counts) as width
      from (values (true, r.counts), (false, r.details)) as stored (is_counts, document),
        lateral jsonb_each(case when jsonb_typeof(document) = 'object' then document end)) as members
    group by is_counts) as kinds
) as laid_out
order by r.run_id
;
execute golden (:lowest, :highest, :limit);
deallocate golden;
