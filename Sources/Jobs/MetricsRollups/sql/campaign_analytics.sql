-- A waitlist product: what happened in each campaign, each at the time when it happened.
select 'sign_ups' as metric, 'campaign' as entity_type, campaign_id::text as entity_id, 1 as value,
  signed_up_at as occurred_at
from campaign_signups
where signed_up_at >= :window_start and signed_up_at < :window_end
union all
select 'verified_emails', 'campaign', campaign_id::text, 1, verified_at
from campaign_signups
where verified_at >= :window_start and verified_at < :window_end
union all
select 'referrals', 'campaign', campaign_id::text, 1, signed_up_at
from campaign_signups
where referred_by is not null and signed_up_at >= :window_start and signed_up_at < :window_end
union all
select 'emails_sent', 'campaign', campaign_id::text, 1, sent_at
from campaign_emails
where sent_at >= :window_start and sent_at < :window_end
union all
select 'rewards_delivered', 'campaign', campaign_id::text, 1, delivered_at
from campaign_rewards
where delivered_at >= :window_start and delivered_at < :window_end
