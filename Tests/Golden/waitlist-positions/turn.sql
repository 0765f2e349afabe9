-- waitlist-positions, turn
\set campaign '''1''::bigint'
prepare golden (bigint) as
-- Waits for whoever else places the campaign, also where that is its first time.
with added as (
  insert into oneshot.waitlist_standings (campaign_id) values ($1) on conflict do nothing
)
select from oneshot.waitlist_standings where campaign_id = $1 for no key update
;
execute golden (:campaign);
deallocate golden;
