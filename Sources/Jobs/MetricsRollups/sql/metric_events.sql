-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by{visitor}
from metric_events
where occurred_at >= :window_start and (occurred_at < :window_end or :window_end = 'infinity')
