-- Puts the envelopes of a batch into the run's temporary table, whatever they hold, with the handlers that take each.
insert into pg_temp.oneshot_staged (
  n, id, location, type, key, account_id, campaign_id, data, happened_at, event, attempt, problem, handlers, is_ordered)
with entry as materialized (
  {entries}
), envelope as (
  select n, location, known_id, fallback_id, attempt, event, happened_at, event ->> 'type' as type, event ->> 'id' as own_id,
    coalesce(event #>> :key_path::text[], event ->> 'account_id') as key,
    case
      when problem is not null then problem
      when jsonb_typeof(event) is distinct from 'object' then 'it is not an object'
      when jsonb_typeof(event -> 'type') is distinct from 'string' or event ->> 'type' = '' then 'it has no type'
      when octet_length(event ->> 'type') > 200 then 'its type is longer than 200 bytes'
      when jsonb_typeof(event -> 'id') not in ('string', 'number', 'null') then 'its id is no text'
      when octet_length(event ->> 'id') > 200 then 'its id is longer than 200 bytes'
      when octet_length(coalesce(event #>> :key_path::text[], event ->> 'account_id')) > 200
        then 'its key is longer than 200 bytes'
    end as problem
  from entry
), types as (
  select distinct type from envelope where problem is null
), taken as (
  select type, array_agg(handler order by handler collate "C") as handlers, bool_or(is_ordered) as is_ordered
  from (
    select type, handler, is_ordered, is_fallback, bool_and(is_fallback) over (partition by type) as is_left
    from (
      select distinct type, handler, is_ordered, is_fallback
      from types
      join unnest(:patterns::text[], :handlers::text[], :are_ordered::boolean[], :are_fallbacks::boolean[])
          as h (pattern, handler, is_ordered, is_fallback)
        on type = pattern or right(pattern, 1) = '*' and starts_with(type, left(pattern, -1))) as matching
  ) as taking
  where is_fallback = is_left
  group by type
)
-- An unreadable event is identified by its location: its own id may come again with the corrected event.
select n,
  case
    when known_id is not null then known_id
    when problem is not null then location
    else coalesce(nullif(own_id, ''), fallback_id)
  end,
  location, case when problem is null then type else '' end, key, event ->> 'account_id', event ->> 'campaign_id',
  event -> 'data', happened_at, event, attempt, problem, handlers, is_ordered
from envelope left join taken using (type)
