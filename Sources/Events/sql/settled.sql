-- Records the outcomes of events that are not done.
update oneshot.event_inbox as inbox
set state = outcome.state,
  -- Since when it waits, by the run's time; or when it was given up.
  seen_at = case
    when not waits then greatest(:moment::timestamptz, now())
    when inbox.state = 'waiting' then inbox.seen_at
    else :moment
  end,
  type = staged.type, event = staged.event, last_error = left(coalesce(staged.problem, outcome.error), 4000),
  attempts = staged.attempt - (not outcome.is_attempt)::integer,
  source = case when waits then :source end, partition = case when waits then :partition::integer end,
  place = case when waits then coalesce(inbox.place, :first_place + n) end,
  key = case when waits and is_ordered then staged.key end, due_at = case when waits then outcome.due_at end
from (
  select *, state = 'waiting' as waits
  from unnest(
    :events::integer[], :states::text[], :errors::text[], :are_attempts::boolean[], :due_at::timestamptz[]
  ) as o (n, state, error, is_attempt, due_at)
) as outcome
join pg_temp.oneshot_staged as staged using (n)
where inbox.event_id = staged.id
