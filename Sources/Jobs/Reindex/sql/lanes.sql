-- How far a pass goes, and how it is divided among lanes, each with as many documents. The lane before the first, -1,
-- is for what has vanished from its source.
bounds as (
  select bound, number
  from unnest((
    select percentile_disc(:fractions::float8[]) within group (order by id)::text[]
    from source_rows
    where id is not null and (:shards = 1 or (hashtext(id::text collate "C") & 2147483647) % :shards = :shard))
  ) with ordinality as quantiles (bound, number)
), lanes as (
  select -1 as lane, null as after_id, null as upto_id
  union all
  select number::integer - 1, lag(bound) over (order by number), bound from bounds where bound is not null
)
