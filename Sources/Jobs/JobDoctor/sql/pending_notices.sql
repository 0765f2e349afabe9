-- The notices that a receiver has still to get: of what is open, still seen and not snoozed, and of the end of what it was notified of, or may have been.
select i.incident_id, i.instance, i.job, i.server, i.variant, i.shard, i.kind, i.since, i.message, i.opened_at, i.closed_at, i.times_snoozed,
  (select string_agg(o.kind, ', ' order by o.kind) from oneshot.incidents o
   where (o.instance, o.job, o.server, o.variant, o.shard) = (i.instance, i.job, i.server, i.variant, i.shard) and o.closed_at is null
     and o.unseen_since is null) as still
from oneshot.incidents i
where (i.instance = any (:scope::text[])) <> :is_excluding
  and ((i.closed_at is null and i.unseen_since is null and i.snoozed_until is null and :receiver <> all (i.opening_told))
  or (i.closed_at >= :horizon and :receiver <> all (i.ending_told)
    and (:receiver = any (i.opening_told) or :can_get_end_alone)))
order by i.closed_at nulls last, i.opened_at, i.incident_id
limit :limit
