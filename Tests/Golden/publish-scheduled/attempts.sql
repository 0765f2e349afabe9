-- publish-scheduled, attempts
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set items '''{"posts/1/2025-11-08"}'''
\set instance ''''''
\set job '''publish-scheduled'''
prepare golden (unknown, unknown, unknown, unknown) as
-- How many runs have failed at each of these items, this one included, and whether one of them has moved others.
select item, attempts + (last_run_id <> $1::uuid)::integer as attempts,
  coalesce(payload ->> 'others_moved' = 'true', false) as others_moved
from unnest($2::text[]) as failed (item)
join oneshot.dead_letters as letter using (item)
where (letter.instance, letter.job, letter.server) = ($3, $4, '')
  and letter.item_digest = sha256(convert_to(failed.item, 'UTF8'))
;
execute golden (:run_id, :items, :instance, :job);
deallocate golden;
