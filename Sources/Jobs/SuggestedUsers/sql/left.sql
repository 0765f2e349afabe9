-- How many users are left to later runs, and for how long the first of them has been queued.
select
  (
    select count(distinct p.user_id) from oneshot.suggestion_pending as p where {pending_share}
  ) + (
    select count(*)
    from oneshot.suggestion_lists as l
    where l.computed_at < greatest(:before, (select due_before from oneshot.suggestion_state)) and {list_share}
      and not exists (select from oneshot.suggestion_pending as q where q.user_id = l.user_id)) as users,
  (
    select extract(epoch from greatest(interval '0', :moment - min(p.queued_at)))::double precision
    from oneshot.suggestion_pending as p
    where {pending_share}) as oldest_seconds
