-- How far a pass goes, and how it is divided among lanes, each with about as many documents: at least one for each
-- connection, and more where each has four pages or more. The lane before the first, -1, is for what has vanished from
-- its source.
divided as (
  select percentile_disc(:fractions::float8[]) within group (order by id)::text[] as bounds,
    greatest(:lanes, least(cardinality(:fractions::float8[]), count(id) / (4 * :batch))) as wanted,
    count(*) filter (where id is null) as nameless
  from source_rows
  where id is null or :shards = 1 or (hashtext(id::text collate "C") & 2147483647) % :shards = :shard
), bounds as (
  select bound, row_number() over (order by number) as number
  from divided cross join lateral unnest(bounds) with ordinality as quantiles (bound, number)
  where number * wanted / cardinality(bounds) > (number - 1) * wanted / cardinality(bounds)
), lanes as (
  select -1 as lane, null as after_id, null as upto_id
  union all
  select number::integer - 1, lag(bound) over (order by number), bound from bounds where bound is not null
)
