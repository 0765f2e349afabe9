-- waitlist-positions, place
\set campaign '''1''::bigint'
\set rules '''{"points":1,"places":"ranked","target":"entries","most":null,"climb":10,"percent":5.0,"top":[1,10,100],"down":false,"every":86400.0,"history":false}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set is_plan 'true'
prepare golden (bigint, unknown, timestamptz, unknown, boolean) as
-- Places one campaign; a plan only counts. notices: entry, old place and new place of those who would be notified.
select is_unchanged, entries, moved, up, down, notified, suppressed, twins, unplaced, refused,
  cardinality(odd) as odd, to_json(odd[1:20])::text as odd_sample,
  (
    select string_agg(concat_ws(' ', notice ->> 'entry_id', notice ->> 'from', notice ->> 'to'), ',')
    from jsonb_array_elements(notices) as notice
  ) as notices
from oneshot.waitlist_place($1, $2::jsonb, $3, $4, $5)
;
execute golden (:campaign, :rules, :moment, :run_id, :is_plan);
deallocate golden;
