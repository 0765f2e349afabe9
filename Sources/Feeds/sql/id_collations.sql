(
    -- Columns and their collations, where they have several: texts are not compared then, unless one is the database's.
    select string_agg(distinct attrelid::regclass || '.' || attname || ' ' || attcollation::regcollation, ', ')
    from (values {columns}) as read (name, column_name)
    join pg_attribute on attrelid = to_regclass(name) and attname = column_name and attnum > 0 and not attisdropped
    where attcollation not in (0, 'pg_catalog."default"'::regcollation)
    having count(distinct attcollation) > 1)
