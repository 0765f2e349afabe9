-- The outcome of the users, and those without a valid address.
select outcome, count(*) as users, coalesce(sum(items) filter (where outcome = 'made'), 0)::bigint as items,
  count(*) filter (where outcome = 'made' and :moment::timestamptz - due_at > interval '1 hour') as late,
  null as user_id
from decided where outcome <> 'bad_address' group by outcome
union all
select 'bad_address', 1, 0, 0, user_id from decided where outcome = 'bad_address'
union all
select 'removed', 0, count(*), 0, null from waiting where not is_new
