-- job-report, may_read_reviews
prepare golden as
-- Whether fraud-detection runs with this database, and whether this role may see what it has found.
select case
    when to_regclass('oneshot.fraud_reviews') is null or not exists (select from oneshot.job_runs where job = 'fraud-detection') then 'absent'
    when (select bool_and(has_table_privilege(name, 'select'))
      from unnest(array['oneshot.fraud_reviews', 'oneshot.fraud_facts', 'oneshot.fraud_signals']) as name) then 'readable'
    else 'denied' end as answer
;
execute golden;
deallocate golden;
