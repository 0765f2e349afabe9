-- fraud-detection: what an entry's own row says.

-- An address as inet, or null where it is none. One that was mapped into IPv6 is IPv4.
create function oneshot.fraud_address(address text) returns inet
language plpgsql immutable parallel safe strict as $$
begin
  return case
    when address ilike '::ffff:%.%' then pg_catalog.split_part(address, ':', -1)::pg_catalog.inet
    else address::pg_catalog.inet end;
exception when others then
  return null;
end
$$;

-- Writes the facts of some entries, where they differ from what is kept. changed are those that did, missing those that are not
-- there; unreadable and proxied count addresses that are none, and those of private networks.
create function oneshot.fraud_note(
  entries bigint[], rules jsonb, moment timestamptz, is_whole boolean, out changed bigint[], out missing bigint[],
  out unreadable bigint, out proxied bigint)
language plpgsql set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  prefix integer := (rules ->> 'ipv6_prefix')::integer;
  has_dots boolean := exists (select from oneshot.fraud_domains where kind = 'dots');
  has_networks boolean := exists (select from oneshot.fraud_networks);
begin
  with said as materialized (
    select e.id, coalesce(e.campaign_id, 0)::bigint as campaign_id, e.referred_by::bigint as referred_by,
      case when isfinite(e.created_at) then e.created_at::timestamptz end as created_at,
      coalesce(lower(btrim(e.email::text)), '') as email, to_jsonb(e) - 'email' as row
    from waitlist_entries as e
    where e.id = any (entries)
  ), parted as materialized (
    select id, campaign_id, referred_by, created_at, row, domain, left(email, length(email) - length(domain) - 1) as local,
      length(email) <= 320 and email ~ '^[^[:space:][:cntrl:]]+@[^[:space:][:cntrl:]@]+$' as is_address,
      row ->> 'verified_at' is not null as is_verified, oneshot.fraud_address(nullif(row ->> 'ip', '')) as address
    from said
    cross join lateral (select split_part(email, '@', -1)) as d (domain)
  ), known as (
    select p.id, p.campaign_id, p.referred_by, p.created_at, p.is_verified, p.address, p.row,
      strpos(local, '+') > 1 as has_tag, is_address,
      case when domain = 'googlemail.com' then 'gmail.com' else rtrim(domain, '.') end as domain,
      case
        when domain in ('gmail.com', 'googlemail.com')
          or has_dots and exists (select from oneshot.fraud_domains as d where d.domain = p.domain and kind = 'dots')
        then replace(split_part(local, '+', 1), '.', '') || substr(local, length(split_part(local, '+', 1)) + 1)
        else local end as local,
      address <<= any ('{10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16,0.0.0.0/8,::/127,fc00::/7,fe80::/10}'::inet[])
        as is_private,
      nullif(row ->> 'device_fingerprint', '') as device
    from parted as p
  ), fresh as materialized (
    select id, campaign_id, referred_by, created_at, is_verified,
      case when is_address then case when has_tag then split_part(local, '+', 1) else local end || '@' || domain else '' end
        as mailbox,
      case when is_address then local || '@' || domain else '' end as mailbox_exact,
      case
        when is_private or has_networks and exists (
          select from oneshot.fraud_networks as n where n.network >>= address) then null
        when family(address) = 6 then network(set_masklen(address, prefix))::inet
        else set_masklen(address, 32) end as network,
      case when octet_length(device) <= 256 then device else encode(sha256(convert_to(device, 'UTF8')), 'hex') end as device,
      array_remove(array[
        case
          when not is_address then 'malformed'
          when strpos(domain, '.') = 0 or domain ~ '(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$'
            then 'reserved'
          -- The domain itself, and those that it is below.
          when exists (
            select from string_to_array(domain, '.') as parts
            cross join generate_series(1, cardinality(parts) - 1) as i
            cross join lateral (
              select from oneshot.fraud_domains as d
              where d.domain = array_to_string(parts[i:], '.') and kind = 'disposable'
              limit 1) as d)
            then 'listed'
        end,
        case when row ? 'user_agent' and coalesce(btrim(row ->> 'user_agent') = '' or lower(row ->> 'user_agent') like any (
            '{%bot/%,%bot;%,%crawl%,%spider%,%headless%,%phantom%,%selenium%,%puppeteer%,%playwright%,%scrapy%,curl/%,wget/%,%python%,%libwww%,%httpclient%,go-http%,java/%,%okhttp%,axios/%,node-fetch%}'),
          true) then 'user_agent' end,
        case when jsonb_typeof(row -> 'form_ms') = 'number' and (row ->> 'form_ms')::numeric < 2000 then 'form' end,
        case when coalesce(row ->> 'honeypot', '') not in ('', 'false', '0') then 'honeypot' end
      ], null) as reasons,
      address is null and nullif(row ->> 'ip', '') is not null as is_unreadable, coalesce(is_private, false) as is_proxied
    from known
  ), written as (
    insert into oneshot.fraud_facts as f
    select id, campaign_id, mailbox, mailbox_exact, network, device, referred_by, coalesce(created_at, moment), reasons,
      is_verified, is_whole
    from fresh
    order by id
    on conflict (entry_id) do update
    set campaign_id = excluded.campaign_id, mailbox = excluded.mailbox, mailbox_exact = excluded.mailbox_exact,
      network = excluded.network, device = excluded.device, referred_by = excluded.referred_by, reasons = excluded.reasons,
      is_verified = excluded.is_verified, is_whole = f.is_whole or excluded.is_whole
    where (f.campaign_id, f.mailbox, f.mailbox_exact, f.network, f.device, f.referred_by, f.reasons, f.is_verified,
        f.is_whole)
      is distinct from (excluded.campaign_id, excluded.mailbox, excluded.mailbox_exact, excluded.network, excluded.device,
        excluded.referred_by, excluded.reasons, excluded.is_verified, f.is_whole or excluded.is_whole)
    returning f.entry_id
  )
  select coalesce((select array_agg(entry_id order by entry_id) from written), '{}'),
    array(select unnest(entries) except select id from fresh order by 1),
    count(*) filter (where is_unreadable), count(*) filter (where is_proxied)
  into changed, missing, unreadable, proxied
  from fresh;
end
$$;
