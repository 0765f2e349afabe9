-- Records which events of the batch are new; the rest was known before. In the order of ids, so that two partitions
-- with the same events wait for each other in one direction only. Events that are not done after all are recorded at
-- the end.
with judged as (
  select *,
    case
      when problem is not null then 'malformed'
      when handlers is null then case when :ignores_unknown then 'ignored' else 'unknown' end
      when is_ordered and key is not null and exists (
        select from oneshot.event_inbox as w
        where w.state = 'waiting' and w.key = s.key and (w.source, w.partition) = (:source, :partition)) then 'behind'
      else 'new'
    end as verdict
  from pg_temp.oneshot_staged as s
), first as (
  select distinct on (id) * from judged where verdict <> 'ignored' order by id, n
), claimed as (
  insert into oneshot.event_inbox (event_id, state, type, seen_at)
  select id, 'done', type, greatest(:moment::timestamptz, now()) from first order by id
  on conflict (event_id) do nothing
  returning event_id
), fresh as (
  select first.* from first join claimed on event_id = id
  union all
  select * from judged where verdict = 'ignored'
), {turns}
