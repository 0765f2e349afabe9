-- The outcome of a batch, for each type.
select type, count(*) filter (where o.state is null) as done, count(*) filter (where o.state = 'waiting') as waiting,
  count(*) filter (where o.state = 'dead') as dead, bool_or(n = any (:held::integer[])) as is_held
from pg_temp.oneshot_staged
left join unnest(:events::integer[], :states::text[]) as o (n, state) using (n)
where n = any (:all_events::integer[])
group by type
