-- Places one campaign; a plan only counts. notices: entry, old place and new place of those who would be notified.
select is_unchanged, entries, moved, up, down, notified, suppressed, twins, unplaced, refused,
  cardinality(odd) as odd, to_json(odd[1:20])::text as odd_sample,
  (
    select string_agg(concat_ws(' ', notice ->> 'entry_id', notice ->> 'from', notice ->> 'to'), ',')
    from jsonb_array_elements(notices) as notice
  ) as notices
from oneshot.waitlist_place(:campaign, :rules::jsonb, :moment, :run_id, :is_plan)
