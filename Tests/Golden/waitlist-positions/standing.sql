-- waitlist-positions, standing
prepare golden as
-- Whether the columns have the types that a run needs, and whether decisions about fraud can be read, where there are any.
select (
    select string_agg(format('%s.%s is %s', attrelid::regclass, attname, format_type(atttypid, atttypmod)), ', ' order by attrelid::regclass::text, attnum)
    from pg_attribute
    where (attrelid = 'waitlist_entries'::regclass
        and attname in ('id', 'campaign_id', 'referred_by', 'original_position', 'position')
        or attrelid = 'waitlist_campaigns'::regclass and attname = 'id')
      and atttypid not in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)) as wrong_columns,
  coalesce(has_table_privilege(to_regclass('oneshot.fraud_reviews')::oid, 'select'), true) as may_read_reviews
;
execute golden;
deallocate golden;
