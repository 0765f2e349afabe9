-- reindex, lanes_planned
\set fractions '''{"0.5","1.0"}'''
\set lanes '''2''::bigint'
\set batch '''500''::bigint'
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set entity '''asset'''
prepare golden (unknown, bigint, bigint, bigint, bigint, unknown) as
with source as not materialized (select * from (-- Tags may be a text, an array or jsonb. Where the table has no deleted_at or language, the name is found in the outer
-- query, as a null.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, description as b, tags as c,
    deleted_at is not null as deleted, language
  from assets) as present
) as file),
-- The entity's rows; columns that its file does not yield are found in the outer query, where they are null. The texts keep
-- their types, which say how they are read (oneshot.search_plain).
source_rows as not materialized (
  select present.*
  from (
    select null::text as b, null::text as c, null::text as d, null::text as language, false as deleted) as absent
  cross join lateral (
    select id, a, b, c, d, nullif(lower(language::text), '') as language,
      coalesce(deleted, false) as deleted
    from source) as present
)
,
-- How far a pass goes, and how it is divided among lanes, each with about as many documents: at least one for each
-- connection, and more where each has four pages or more. The lane before the first, -1, is for what has vanished from
-- its source.
divided as (
  select percentile_disc($1::float8[]) within group (order by id)::text[] as bounds,
    greatest($2, least(cardinality($1::float8[]), count(id) / (4 * $3))) as wanted,
    count(*) filter (where id is null) as nameless
  from source_rows
  where id is null or $4 = 1 or (hashtext(id::text collate "C") & 2147483647) % $4 = $5
), bounds as (
  select bound, row_number() over (order by number) as number
  from divided cross join lateral unnest(bounds) with ordinality as quantiles (bound, number)
  where number * wanted / cardinality(bounds) > (number - 1) * wanted / cardinality(bounds)
), lanes as (
  select -1 as lane, null as after_id, null as upto_id
  union all
  select number::integer - 1, lag(bound) over (order by number), bound from bounds where bound is not null
)

-- Of a run that writes nothing.
select $6::text as entity, lane, after_id, upto_id, false as is_done, 0 as present, nameless from lanes, divided
;
execute golden (:fractions, :lanes, :batch, :shards, :shard, :entity);
deallocate golden;
