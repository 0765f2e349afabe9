-- Rows of transactions that this server has not had yet: they were written on another one.
select count(*) as rows from {schema}.{table} where written_by >= pg_snapshot_xmax(pg_current_snapshot())
