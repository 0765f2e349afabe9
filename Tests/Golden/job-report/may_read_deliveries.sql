-- job-report, may_read_deliveries
prepare golden as
-- Whether there are messages for the outside in this database, and whether this role may count them.
select case when to_regclass('oneshot.deliveries') is null then 'absent'
    when has_any_column_privilege('oneshot.deliveries', 'select')
      and (select bool_and(has_column_privilege('oneshot.deliveries', name, 'select'))
        from unnest(array['channel', 'recipient', 'state', 'next_at', 'not_before']) as name)
      and has_table_privilege('oneshot.delivery_targets', 'select') then 'readable'
    else 'denied' end as answer
;
execute golden;
deallocate golden;
