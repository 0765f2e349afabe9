-- How many runs have failed at each of these items, this one included, and whether one of them has moved others.
select item, attempts + (last_run_id <> :run_id::uuid)::integer as attempts,
  coalesce(payload ->> 'others_moved' = 'true', false) as others_moved
from unnest(:items::text[]) as failed (item)
join oneshot.dead_letters as letter using (item)
where (letter.instance, letter.job, letter.server) = (:instance, :job, '')
  and letter.item_digest = sha256(convert_to(failed.item, 'UTF8'))
