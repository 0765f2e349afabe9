-- Users who had no digest yet get a row of state that can be locked; the digest updates it.
insert into oneshot.digest_state (user_id, frequency, last_due_at)
select user_id, :frequency, due_at - :half_period::interval
from unnest(:users::text[], :dues::timestamptz[]) as due (user_id, due_at)
order by user_id
on conflict do nothing
