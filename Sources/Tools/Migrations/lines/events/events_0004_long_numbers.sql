-- event-drain: an event with numbers of very many digits is a problem of this event. (1e131071 has seven characters and is
-- written out as 131,072 digits: a few thousand of them are more than a text may have, and no statement could show them.)

-- Whether an event can be written out: no number of it has more than 400 digits before or behind its point.
create function oneshot.event_is_readable(event jsonb) returns boolean language sql immutable parallel safe as $$
  select not pg_catalog.jsonb_path_exists(event,
    'strict $.** ? (@.type() == "number" && (@ >= 1e400 || @ <= -1e400 || @ != 0 && @ < 1e-400 && @ > -1e-400))')
$$;

create or replace function oneshot.event_read(
  payload text, is_fields boolean, out event jsonb, out happened_at timestamptz, out problem text)
language plpgsql stable parallel safe as $$
begin
  begin
    event := payload::pg_catalog.jsonb;
    -- In an entry whose fields are the envelope's members every value is a text, and data is JSON in one.
    if is_fields and pg_catalog.jsonb_typeof(event -> 'data') = 'string' then
      event := pg_catalog.jsonb_set(event, '{data}', (event ->> 'data')::pg_catalog.jsonb);
    end if;
    -- Only an exponent makes more digits than there are characters.
    if payload ~ '[eE][+-]?[0-9]{3}' and not oneshot.event_is_readable(event) then
      event := null;
      problem := 'it holds a number of more than 400 digits';
      return;
    end if;
  exception when others then
    event := null;
    problem := case sqlstate
      when '22P02' then 'it is not JSON'
      when '22P05' then 'it holds \u0000, which Postgres cannot store'
      when '22003' then 'it holds a number beyond what Postgres stores'
      when '54001' then 'it is nested too deep'
      else 'Postgres cannot read it (SQLSTATE ' || sqlstate || ')'
    end;
    return;
  end;
  if event ->> 'timestamp' ~ '^[0-9]{4}-' then
    begin
      happened_at := (event ->> 'timestamp')::pg_catalog.timestamptz;
    exception when others then
      null;
    end;
  end if;
end
$$;
