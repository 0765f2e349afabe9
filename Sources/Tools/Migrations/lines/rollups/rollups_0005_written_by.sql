-- metrics-rollups: nobody writes written_by but the server. With an old number a row would never be counted, and be removed by
-- retention all the same; with one that is still to come it would keep its day from being closed.

-- It runs only for a row that is wrong (the triggers' WHEN), and after the row, so that COPY still stores many at once. What
-- replication applies, and what pg_restore loads before it makes triggers, is as it was where it comes from.
create function oneshot.refuse_writer() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'written_by of %.% is the transaction that writes the row, %, and cannot be set to %',
    quote_ident(tg_table_schema), quote_ident(tg_table_name), pg_current_xact_id(), new.written_by
    using errcode = 'integrity_constraint_violation', hint = 'Leave the column out; its default is right.';
end
$$;
comment on function oneshot.refuse_writer is
  'A trigger that refuses rows whose written_by is not the transaction that writes them.';

create trigger metric_events_writer_inserted after insert on metric_events
  for each row when (new.written_by is distinct from pg_current_xact_id()) execute function oneshot.refuse_writer();
create trigger metric_events_writer_updated after update of written_by on metric_events
  for each row when (new.written_by is distinct from old.written_by and new.written_by is distinct from pg_current_xact_id())
  execute function oneshot.refuse_writer();
