-- Rewrites rows whose transactions are ahead of this server, as rows of this transaction.
update oneshot.events set written_by = pg_current_xact_id()
where seq = any (array(
    select seq from oneshot.events where written_by >= pg_snapshot_xmax(pg_current_snapshot()) limit 10000))
