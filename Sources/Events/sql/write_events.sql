-- Writes events; their numbers (seq) are in the order of place.
insert into oneshot.events (dedup, event, run_id)
select dedup,
  jsonb_build_object('id', dedup, 'type', type, 'timestamp', :moment::timestamptz, 'data', data), :run_id::uuid
from {rows} as happened
order by place
on conflict (dedup) do nothing
