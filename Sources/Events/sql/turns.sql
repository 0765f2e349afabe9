-- Which events may be processed by their handlers together. An event joins the round of its key's last event, or the
-- next round if that event had other handlers: so handlers see the events of one key in their order.
ordered as (
  select *,
    (handlers is distinct from lag(handlers, 1, handlers) over (partition by key order by n))::integer as is_change
  from fresh where verdict = 'new'
), placed as (
  select *, case when key is null then 0 else sum(is_change) over (partition by key order by n) end as round,
    case when key is null then 0 else dense_rank() over (order by key) end as key_number
  from ordered
)
select 'new' as verdict, round, array_to_string(handlers, ',') as handlers, is_ordered,
  string_agg(n::text, ',' order by n) as events, string_agg(attempt::text, ',' order by n) as attempts,
  string_agg(key_number::text, ',' order by n) as keys
from placed group by round, handlers, is_ordered
union all
select verdict, 0, '', false, string_agg(n::text, ',' order by n), string_agg(attempt::text, ',' order by n), ''
from fresh where verdict <> 'new' group by verdict
order by 2, 3
