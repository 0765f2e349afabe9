-- Waits for whoever else places the campaign, also where that is its first time.
with added as (
  insert into oneshot.waitlist_standings (campaign_id) values (:campaign) on conflict do nothing
)
select from oneshot.waitlist_standings where campaign_id = :campaign for no key update
