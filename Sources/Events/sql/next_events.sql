-- The next rows of a pass. The first pass takes all rows: rows that were restored from another server may have been
-- written by transactions that this server has not reached.
select seq, dedup, payload, bytes
from (
  select *, sum(least(coalesce(bytes, 0), :most::bigint)) over (order by seq) as total
  from (
    select seq, dedup, octet_length(text) as bytes, case when octet_length(text) <= :most then text end as payload
    from oneshot.events
    cross join lateral (
      select case when oneshot.event_is_readable(event) then event::text end as text) as written
    where seq > :seq and (:seen::pg_snapshot is null
      or not pg_visible_in_snapshot(written_by, :seen::pg_snapshot)
        and pg_visible_in_snapshot(written_by, :until::pg_snapshot))
    order by seq
    limit :limit
  ) as page
) as sized
where total <= :most_bytes or total = least(coalesce(bytes, 0), :most::bigint)
order by seq
