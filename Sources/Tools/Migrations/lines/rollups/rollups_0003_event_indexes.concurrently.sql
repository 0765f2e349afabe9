-- What metrics-rollups finds raw events by. Outside of a transaction: writers of a table that is full already go on.

create index concurrently if not exists metric_events_by_time on metric_events (occurred_at);
create index concurrently if not exists metric_events_by_writer on metric_events (written_by);
