-- fraud-detection: a signal about a referrer stays once that one is forgotten, unless the entry names another one now.

create or replace function oneshot.fraud_is_settled(entry bigint, check_name text, rules jsonb, moment timestamptz) returns boolean
language plpgsql stable as $$
declare
  fact oneshot.fraud_facts;
  forgotten constant timestamptz := moment - (rules ->> 'keep')::bigint * interval '1 second';
begin
  select * into fact from oneshot.fraud_facts as f where f.entry_id = entry;
  return coalesce(
    case check_name
      when 'self_referral' then fact.referred_by = (
          select (reason.value ->> 'referrer')::bigint
          from oneshot.fraud_signals as s cross join lateral jsonb_each(s.evidence) as reason
          where s.entry_id = entry and s.check_name = 'self_referral'
          limit 1)
        and not exists (select from oneshot.fraud_facts as f where f.entry_id = fact.referred_by)
      when 'duplicate_device' then fact.created_at < forgotten + (rules ->> 'look_back')::bigint * interval '1 second'
      when 'duplicate_ip' then fact.created_at < forgotten + interval '24 hours'
      when 'velocity' then fact.created_at < forgotten + (rules ->> 'velocity_within')::bigint * interval '1 second'
    end, false);
end
$$;
