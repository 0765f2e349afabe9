-- metrics-rollups, fresh_of_stretches
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set ends '''{"2025-11-07T01:00:00Z","2025-11-08T00:00:00Z"}'''
\set origins '''{"2025-11-07T00:00:00Z","2025-11-07T00:00:00Z"}'''
\set only_good 'false'
create temporary table oneshot_rollup_fresh on commit drop as with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= :window_start and (occurred_at < :window_end or :window_end = 'infinity')
) as file) select fresh.*, -- The cast alone would report the error with all digits, hundreds of them; this fails like an addition of doubles:
-- "value out of range: overflow".
case when abs(sum_exact) > 1.7976931348623158e308 and abs(sum_exact) < 'Infinity' then 1e308::double precision * greatest(rows, 10)
  else sum_exact::double precision end
 as sum, null::bigint as visitors, null::bigint[] as visitor_hashes, null::bytea as visitor_sketch
from (
  select date_bin('1 hour', occurred_at, stretch.origin) as bucket_start,
    metric::text collate "C" as metric, entity_type::text collate "C" as entity_type, entity_id::text collate "C" as entity_id,
    count(*) as rows, count(value) as count, -- Exact, and the same in any order of addition: each double counts as its shortest decimal. Those with up to six
-- decimal places, as most have, are added up as whole millionths, ten times as fast.
trim_scale(
  sum((least(greatest(value::double precision, -1e9), 1e9) * 1e6)::bigint) * 0.000001
  + coalesce(
    sum(
      value::double precision::text::numeric
        - (least(greatest(value::double precision, -1e9), 1e9) * 1e6)::bigint * 0.000001
    ) filter (
      where (least(greatest(value::double precision, -1e9), 1e9) * 1e6)::bigint::double precision / 1e6::double precision
        <> value::double precision),
    0))
 as sum_exact, min(value::double precision) as min,
    max(value::double precision) as max
  from unnest(:starts::timestamptz[], :ends::timestamptz[], :origins::timestamptz[]) as stretch (opens, closes, origin)
  -- "offset 0" keeps it from being flattened: each stretch is looked up by the index, and not compared with every
  -- row.
  cross join lateral (
    select * from event where occurred_at >= stretch.opens and occurred_at < stretch.closes offset 0) as event
  where -- Used only where something is wrong: it would cost as much as the rest.
(not :only_good or (
    metric is not null and entity_type is not null and entity_id is not null and octet_length(metric::text) <= 512
    and octet_length(entity_type::text) <= 512 and octet_length(entity_id::text) <= 512
    -- NaN is above all numbers, and null is not less.
    and value::double precision > '-Infinity' and value::double precision < 'Infinity'))

  group by 1, 2, 3, 4
) as fresh
;
