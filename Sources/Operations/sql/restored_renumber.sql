-- Makes them rows of this transaction. The condition is repeated: a ctid may be another row's in another partition.
update {schema}.{table} set written_by = pg_current_xact_id()
where ctid = any (array(
    select ctid from {schema}.{table} where written_by >= pg_snapshot_xmax(pg_current_snapshot()) limit :batch))
  and written_by >= pg_snapshot_xmax(pg_current_snapshot())
