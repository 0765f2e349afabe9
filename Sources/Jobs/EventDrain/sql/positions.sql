-- handles: job.position.recalculate
-- fallback: true
--
-- Places the campaign of campaign_id at once, as waitlist-positions placed it last.
with wanted as (
  select n, case when campaign_id ~ '^[0-9]{1,18}$' then campaign_id::bigint end as campaign from events
), placed as materialized (
  select campaign, (oneshot.waitlist_place(campaign)).entries is not null as is_live
  from (select distinct campaign from wanted where campaign is not null order by campaign) as campaigns
)
select n, 'reject' as outcome, 'campaign_id names no live campaign of waitlist_campaigns' as message
from wanted
left join placed using (campaign)
where is_live is not true
