-- Counts what is wrong with rows that are left out.
select count(*) as rows,
  count(*) filter (where metric is null or entity_type is null or entity_id is null) as nameless,
  count(*) filter (where octet_length(metric::text) > 512 or octet_length(entity_type::text) > 512
    or octet_length(entity_id::text) > 512) as too_long,
  count(*) filter (where value is null) as without_value,
  count(*) filter (where not (value::double precision > '-Infinity' and value::double precision < 'Infinity')) as not_finite
from event
where occurred_at >= :window_start and occurred_at < :window_end
  and (metric is null or entity_type is null or entity_id is null or octet_length(metric::text) > 512
    or octet_length(entity_type::text) > 512 or octet_length(entity_id::text) > 512 or value is null
    or not (value::double precision > '-Infinity' and value::double precision < 'Infinity'))
