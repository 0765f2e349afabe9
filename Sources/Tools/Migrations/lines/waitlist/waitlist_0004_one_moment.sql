-- waitlist-positions: all that is concluded about a campaign is of one moment, and of nothing but its rows.

alter table oneshot.waitlist_standings
  add column entries_schema text;
comment on column oneshot.waitlist_standings.entries_schema is
  'Which waitlist_entries the campaign was placed from. Another one with the same name is another waitlist.';

-- Entries of a campaign whose referred_by cannot count: their own, one that is not in the campaign, one that came later,
-- or a part of a circle. Whoever has left still has referred others, but is referred by nobody: a circle of those who are
-- here has somebody in it who was referred by a later one, and so oneshot.waitlist_read sees that there is one.
create or replace function oneshot.waitlist_odd(campaign bigint) returns bigint[]
language plpgsql stable
set jit = off set work_mem = '128MB' set plan_cache_mode = force_custom_plan as $$
begin
  return (
    with ordered as materialized (
      select e.id::bigint as id,
        case when e.status::text is distinct from 'withdrawn' then e.referred_by::bigint end as referrer,
        row_number() over (order by e.original_position nulls last, e.id)::integer as number
      from waitlist_entries as e
      where e.campaign_id = campaign
    ), referred as materialized (
      select o.id, o.number, o.referrer, r.number as referrer_number
      from ordered as o
      left join ordered as r on r.id = o.referrer
      where o.referrer is not null
    ), on_circle as (
      select number
      from oneshot.waitlist_circles((
        select array_agg(coalesce(referrer_number, 0) order by number)
        from ordered
        left join referred using (number)
        where exists (select from referred where referrer_number > number))) as circle (number)
    )
    select coalesce(array_agg(id order by id), '{}')
    from referred
    where referrer_number is null or referrer_number >= number or number in (select number from on_circle));
end
$$;

-- What changes when anything does that places depend on, a place itself, or what is kept of it.
create or replace function oneshot.waitlist_digest(campaign bigint) returns bigint
language plpgsql stable
set jit = off set plan_cache_mode = force_custom_plan as $$
begin
  return (
    select coalesce(bit_xor(digest), 0)
    from (
      select hash_record_extended(
        row(e.id, e.referred_by, e.original_position, e.position, e.status::text is distinct from 'withdrawn',
          e.verified_at is not null and e.id not in (select oneshot.waitlist_held())), 0) as digest
      from waitlist_entries as e
      where e.campaign_id = campaign
      union all
      select hash_record_extended(w, 0) from oneshot.waitlist_placements as w where w.campaign_id = campaign
    ) as digests);
end
$$;

-- Reads and ranks a campaign, with the entries whose referrals cannot count. Stable, and so all of it is as of the moment
-- of the statement that calls it.
--
-- known: entries that were odd before. digest: only where nothing has to be written.
create function oneshot.waitlist_look(
  campaign bigint, points bigint, rules jsonb, known bigint[], is_first boolean, moment timestamptz,
  out reading oneshot.waitlist_reading, out odd bigint[], out digest bigint
) language plpgsql stable
set jit = off set work_mem = '128MB' as $$
begin
  -- Nearly always there are none, and to see that there are some is quicker than to find them.
  odd := case when known = '{}' then '{}' else oneshot.waitlist_odd(campaign) end;
  reading := oneshot.waitlist_read(campaign, points, rules, odd, is_first, moment);
  if reading.is_odd and known = '{}' then
    odd := oneshot.waitlist_odd(campaign);
    -- Else it was nothing: entries that share an original position, or have none, look odd at first.
    if odd <> '{}' then
      reading := oneshot.waitlist_read(campaign, points, rules, odd, is_first, moment);
    end if;
  end if;
  if reading.changes = '{}' and not reading.has_gone then digest := oneshot.waitlist_digest(campaign); end if;
end
$$;

-- Gives every entry of a live campaign its place, and writes an event for each that has to be notified. Null where there
-- is no such campaign.
--
-- rules: those of oneshot.waitlist_read, points (for each referral, where the campaign's row has none) and history. Without
-- them those that the campaign was placed by last, or else those of the campaign that was placed last. is_plan: write
-- nothing, and count what would be written.
create or replace function oneshot.waitlist_place(
  campaign bigint, rules jsonb default null, moment timestamptz default now(), run_id uuid default null,
  is_plan boolean default false
) returns oneshot.waitlist_outcome
language plpgsql
set jit = off set work_mem = '128MB' as $$
declare
  standing oneshot.waitlist_standings;
  worth bigint;
  here constant text := (
    select relnamespace::regnamespace::text from pg_class where oid = to_regclass('waitlist_entries'));
  look record;
  reading oneshot.waitlist_reading;
  written record;
  notices jsonb;
begin
  if is_plan then
    select * into standing from oneshot.waitlist_standings as s where s.campaign_id = campaign;
  else
    insert into oneshot.waitlist_standings (campaign_id)
    select c.id from waitlist_campaigns as c where c.id = campaign and c.status::text = 'live'
    on conflict do nothing;
    -- Whoever else places this campaign waits here, and then reads what was written.
    select * into standing from oneshot.waitlist_standings as s where s.campaign_id = campaign for no key update;
  end if;
  rules := '{"points": 1, "places": "ranked", "target": "entries", "most": null, "climb": 10, "percent": 5,
      "top": [1, 10, 100], "down": false, "every": 86400, "history": false}'::jsonb
    || coalesce(rules, standing.rules,
      (select s.rules from oneshot.waitlist_standings as s where s.rules is not null order by s.placed_at desc limit 1),
      '{}');
  select coalesce((to_jsonb(c) ->> 'points_per_referral')::bigint, (rules ->> 'points')::bigint) into worth
  from waitlist_campaigns as c where c.id = campaign and c.status::text = 'live';
  if not found then return null; end if;
  if worth not between 0 and 1000000 then
    raise exception 'campaign % has % points for each referral, which is not from 0 to 1000000', campaign, worth
      using errcode = 'invalid_parameter_value', hint = 'Correct waitlist_campaigns.points_per_referral.';
  end if;

  if standing.entries_schema <> here then
    raise exception 'campaign % is one of %.waitlist_entries, and this connection finds %.waitlist_entries',
      campaign, standing.entries_schema, here
      using errcode = 'object_not_in_prerequisite_state', hint = format(
        'A database keeps the places of one waitlist: let one installation place it. If the table was moved, run: '
        'update oneshot.waitlist_standings set entries_schema = null where campaign_id = %s', campaign);
  end if;

  -- A campaign in which nothing has happened is not ranked. Only a run that finds nothing to do keeps a digest: to calculate
  -- it for a campaign that changes all the time would be for nothing.
  if standing.digest is not null and (standing.rules, standing.points) = (rules, worth)
    and moment < coalesce(standing.held_until, 'infinity') and standing.digest = oneshot.waitlist_digest(campaign)
  then
    return row(true, standing.entries, 0, 0, 0, 0, 0, standing.twins, standing.unplaced, 0, standing.odd, null
      )::oneshot.waitlist_outcome;
  end if;

  select * into look
  from oneshot.waitlist_look(
    campaign, worth, rules, coalesce(standing.odd, '{}'), standing.placed_at is null, moment);
  reading := look.reading;

  if standing.originals is distinct from reading.originals or standing.entries <> reading.entries then
    select coalesce(sum(sharing), 0) into standing.twins
    from (
      select count(*) as sharing from waitlist_entries as e
      where e.campaign_id = campaign and e.status::text is distinct from 'withdrawn' and e.original_position is not null
      group by e.original_position
      having count(*) > 1) as shared;
  end if;

  if is_plan then
    select count(*) filter (where from_position is distinct from to_position) as moved,
      count(*) filter (where to_position < from_position) as up, count(*) filter (where to_position > from_position) as down,
      count(*) filter (where is_due) as notified, 0 as refused
    into written
    from unnest(reading.changes);
    select jsonb_agg(
      jsonb_build_object('entry_id', entry_id, 'from', told, 'to', to_position) order by to_position, entry_id)
    into notices
    from (select * from unnest(reading.changes) where is_due order by to_position, entry_id limit 20) as first;
  else
    select * into written from oneshot.waitlist_write(campaign, reading.changes, rules, moment, run_id);
    if reading.has_gone then
      delete from oneshot.waitlist_placements as w
      where w.campaign_id = campaign
        and not exists (select from waitlist_entries as e where e.id = w.entry_id and e.campaign_id = campaign);
    end if;
    update oneshot.waitlist_standings as s
    set rules = waitlist_place.rules, points = worth, placed_at = moment, entries = reading.entries,
      unplaced = reading.unplaced, originals = reading.originals, twins = coalesce(standing.twins, 0),
      odd = look.odd, held_until = reading.held_until, digest = look.digest, entries_schema = here
    where s.campaign_id = campaign;
  end if;
  return row(
    false, reading.entries, written.moved, written.up, written.down, written.notified, reading.suppressed,
    coalesce(standing.twins, 0), reading.unplaced, written.refused, look.odd, notices
    )::oneshot.waitlist_outcome;
end
$$;
