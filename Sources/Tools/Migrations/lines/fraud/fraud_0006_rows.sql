-- fraud-detection: what an entry's own row says, read without the rest of the row, and indexes that stay small.

-- plan: makes three indexes of oneshot.fraud_facts from scratch, while runs of fraud-detection and event-drain wait
-- What is looked up is found by a number, which an index keeps in a quarter of the space; the values themselves are compared, too.
drop index oneshot.fraud_facts_by_network, oneshot.fraud_facts_by_referrer_and_network, oneshot.fraud_facts_by_device;
create index fraud_facts_network on oneshot.fraud_facts
  (hashint8extended(campaign_id, hashinetextended(network, 0)), created_at) where network is not null;
create index fraud_facts_referrer_network on oneshot.fraud_facts
  (hashint8extended(referred_by, hashinetextended(network, 0)), created_at) where referred_by is not null and network is not null;
create index fraud_facts_device on oneshot.fraud_facts
  (hashint8extended(campaign_id, hashtextextended(device, 0))) where device is not null;
comment on column oneshot.fraud_facts.is_whole is 'Whether a run has looked at it with all checks since these facts last changed.';

-- An address as inet, or null where it is none. One that was mapped into IPv6 is IPv4, however it is written.
create or replace function oneshot.fraud_address(address text) returns inet
language plpgsql immutable parallel safe strict as $$
declare
  value inet;
begin
  value := pg_catalog.split_part(pg_catalog.btrim(address), '/', 1)::pg_catalog.inet;
  if value operator(pg_catalog.<<=) '::ffff:0:0/96'::pg_catalog.inet then
    value := pg_catalog.split_part(pg_catalog.host(value), ':', -1)::pg_catalog.inet;
  end if;
  return value;
exception when others then
  return null;
end
$$;

-- Writes the facts of some entries, where they differ from what is kept. changed are those that did, and those that no run has looked
-- at with all checks; missing those that are not there; unreadable and proxied count addresses that are none, and those of private
-- networks.
--
-- is_whole: whether all checks follow in this transaction.
create or replace function oneshot.fraud_note(
  entries bigint[], rules jsonb, moment timestamptz, is_whole boolean, out changed bigint[], out missing bigint[],
  out unreadable bigint, out proxied bigint)
language plpgsql set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  prefix constant integer := (rules ->> 'ipv6_prefix')::integer;
  has_domains constant boolean := exists (select from oneshot.fraud_domains);
  has_networks constant boolean := exists (select from oneshot.fraud_networks);
begin
  with said as materialized (
    select e.id, e.campaign_id, e.referred_by,
      case when e.created_at between '0001-01-01' and '9999-12-31' then e.created_at end as created_at,
      -- First the letters of ASCII: a Turkish locale has another small I.
      coalesce(lower(lower(btrim(e.email) collate "C") collate "default"), '') as email,
      coalesce(btrim(left(e.agent, 1000)), '') as agent, nullif(btrim(e.address), '') as address, nullif(e.device, '') as device,
      coalesce(e.honeypot, '') not in ('', 'f', 'false', '0') as is_trapped, e.is_verified,
      case when e.form_ms ~* '^-?[0-9]{1,30}(\.[0-9]{1,30})?(e[-+]?[0-9]{1,2})?$' then e.form_ms::numeric < 2000 else false end
        as is_fast
    -- A column that the table does not have is this one.
    from (values (null::text, null::text, 'unknown', null::text, null::text, null::timestamptz))
      as otherwise (ip, device_fingerprint, user_agent, form_ms, honeypot, verified_at)
    cross join lateral (
      select id::bigint as id, coalesce(campaign_id, 0)::bigint as campaign_id, referred_by::bigint as referred_by,
        created_at::timestamptz as created_at, email::text as email, ip::text as address, device_fingerprint::text as device,
        user_agent::text as agent, form_ms::text as form_ms, honeypot::text as honeypot, verified_at is not null as is_verified
      from waitlist_entries
      where id = any (fraud_note.entries)
    ) as e
  ), parted as materialized (
    select *, split_part(email, '@', -1) as said_domain,
      length(email) <= 320 and email ~ '^[^[:space:][:cntrl:]]+@[^[:space:][:cntrl:]@]+$' as is_address,
      case
        when address ~ '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}(/32)?$'
          then address::inet
        else oneshot.fraud_address(address) end as place
    from said
  ), domains as materialized (
    select said_domain, is_address, case when domain = 'googlemail.com' then 'gmail.com' else domain end as domain,
      domain in ('gmail.com', 'googlemail.com')
        or has_domains and exists (select from oneshot.fraud_domains as d where d.domain = n.domain and kind = 'dots') as has_no_dots,
      case
        when not is_address then 'malformed'
        when strpos(domain, '.') = 0 or domain ~ '(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$'
          then 'reserved'
        -- The domain itself, and those that it is below.
        when has_domains and exists (
          select from string_to_array(domain, '.') as parts
          cross join generate_series(1, cardinality(parts) - 1) as i
          cross join lateral (
            select from oneshot.fraud_domains as d
            where d.domain = array_to_string(parts[i:], '.') and kind = 'disposable'
            limit 1) as d)
          then 'listed'
      end as reason
    from (select distinct said_domain, is_address, rtrim(said_domain, '.') as domain from parted) as n
  ), known as (
    select p.*, d.domain, d.reason, cut.tag,
      case when d.has_no_dots then replace(cut.name, '.', '') else cut.name end as name,
      place <<= any ('{10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16,0.0.0.0/8,::/127,fc00::/7,fe80::/10}'::inet[])
        as is_private
    from parted as p
    join domains as d using (said_domain, is_address)
    cross join lateral (select left(p.email, length(p.email) - length(said_domain) - 1) as local offset 0) as l
    -- A tag follows a name.
    cross join lateral (
      select case when strpos(local, '+') > 1 then strpos(local, '+') - 1 else length(local) end as length offset 0) as n
    cross join lateral (select left(local, n.length) as name, substr(local, n.length + 1) as tag) as cut
  ), fresh as materialized (
    select id, campaign_id, referred_by, created_at, is_verified,
      case when is_address then name || '@' || domain else '' end as mailbox,
      case when is_address then name || tag || '@' || domain else '' end as mailbox_exact,
      case
        when is_private or has_networks and exists (
          select from oneshot.fraud_networks as n where n.network >>= place) then null
        when family(place) = 6 then network(set_masklen(place, prefix))::inet
        else place end as network,
      case when octet_length(device) <= 256 then device else encode(sha256(convert_to(device, 'UTF8')), 'hex') end as device,
      array_remove(array[
        reason,
        case when agent = '' or lower(agent) ~
            'bot/|bot;|crawl|spider|headless|phantom|selenium|puppeteer|playwright|scrapy|^curl/|^wget/|python|libwww|httpclient|^go-http|^java/|okhttp|^axios/|^node-fetch'
          then 'user_agent' end,
        case when is_fast then 'form' end,
        case when is_trapped then 'honeypot' end
      ], null) as reasons,
      place is null and address is not null as is_unreadable, coalesce(is_private, false) as is_proxied
    from known
  ), written as (
    insert into oneshot.fraud_facts as f
    select id, campaign_id, mailbox, mailbox_exact, network, device, referred_by, coalesce(created_at, moment), reasons,
      is_verified, fraud_note.is_whole
    from fresh
    order by id
    on conflict (entry_id) do update
    set campaign_id = excluded.campaign_id, mailbox = excluded.mailbox, mailbox_exact = excluded.mailbox_exact,
      network = excluded.network, device = excluded.device, referred_by = excluded.referred_by, reasons = excluded.reasons,
      is_verified = excluded.is_verified, is_whole = excluded.is_whole,
      -- Of an entry that has no time of its own, when it was first seen.
      created_at = case when excluded.created_at = moment then f.created_at else excluded.created_at end
    where not f.is_whole or (f.campaign_id, f.mailbox, f.mailbox_exact, f.network, f.device, f.referred_by, f.reasons, f.is_verified)
      is distinct from (excluded.campaign_id, excluded.mailbox, excluded.mailbox_exact, excluded.network, excluded.device,
        excluded.referred_by, excluded.reasons, excluded.is_verified)
      or excluded.created_at not in (f.created_at, moment)
    returning f.entry_id
  )
  select coalesce((select array_agg(entry_id order by entry_id) from written), '{}'),
    array(select unnest(fraud_note.entries) except select id from fresh order by 1),
    count(*) filter (where is_unreadable), count(*) filter (where is_proxied)
  into changed, missing, unreadable, proxied
  from fresh;
end
$$;
