-- What trigger functions read that run as their owner.

-- The names by which a trigger's function reads the rows that a statement has changed, as its trigger declares them.
--
-- A name alone proves nothing. A trigger that declares none makes it the name of whatever its caller has put there: a
-- view in pg_temp, whose functions would run as the owner of the trigger's function. So no relation may have the name.
create function oneshot.changed_rows(source oid, trigger name, operation text, out old_rows text, out new_rows text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  select quote_ident(tgoldtable), quote_ident(tgnewtable) into old_rows, new_rows
  from pg_trigger where tgrelid = source and tgname = trigger;
  if old_rows is null and operation in ('UPDATE', 'DELETE') or new_rows is null and operation in ('INSERT', 'UPDATE')
  then
    raise exception 'the trigger % of % names no table of the rows that are changed', trigger, source::regclass
      using errcode = 'object_not_in_prerequisite_state', hint = 'Make it as the documentation of the job does.';
  end if;
  if to_regclass(old_rows) is not null or to_regclass(new_rows) is not null then
    raise exception 'a table of this session has the name that the trigger % of % gives to the rows that are changed',
        trigger, source::regclass
      using errcode = 'duplicate_table',
        hint = format('Rename or drop %s.', coalesce(to_regclass(new_rows), to_regclass(old_rows)));
  end if;
end
$$;
