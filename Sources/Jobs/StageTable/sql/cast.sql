-- Assigns each text to its column as an INSERT would, so that nothing is cut to fit. The assignments are in a block whose
-- errors are caught and which writes nothing, so that it takes no transaction number a row.
do $$
declare
  assignments text;
begin
  select string_agg(
    format('place := %L; good.%I := source.%I; %s', attname, attname, attname,
      case when attnotnull then format('if good.%I is null then raise not_null_violation; end if;', attname) end),
    ' ' order by attnum)
  into assignments
  from pg_attribute where attrelid = 'pg_temp.oneshot_staged'::regclass and attnum > 0;
  execute 'do ' || quote_literal(format($body$
    declare
      source record;
      good pg_temp.oneshot_staged;
      place text;
      is_good boolean;
    begin
      for source in select * from pg_temp.oneshot_texts loop
        begin
          %s
          is_good := true;
        -- The last four: what a value of a type such as regclass names does not exist.
        exception when data_exception or integrity_constraint_violation or program_limit_exceeded or raise_exception
          or undefined_table or undefined_object or undefined_function or invalid_name then
          is_good := false;
          insert into pg_temp.oneshot_refused
          select source.oneshot_row, place, sqlstate,
            case when sqlstate = '23502' then 'it is null' else sqlerrm end,
            left(md5(texts), 16), left(texts, 8000)
          from (select (to_jsonb(source) - 'oneshot_row')::text) as row (texts);
        end;
        if is_good then insert into pg_temp.oneshot_staged select good.*; end if;
      end loop;
    end
  $body$, assignments));
end
$$
