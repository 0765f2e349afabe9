-- operations, restored_renumber
\set batch '''1000''::bigint'
prepare golden (bigint) as
-- Makes them rows of this transaction. The condition is repeated: a ctid may be another row's in another partition.
update "oneshot"."events" set written_by = pg_current_xact_id()
where ctid = any (array(
    select ctid from "oneshot"."events" where written_by >= pg_snapshot_xmax(pg_current_snapshot()) limit $1))
  and written_by >= pg_snapshot_xmax(pg_current_snapshot())
;
execute golden (:batch);
deallocate golden;
