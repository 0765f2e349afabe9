-- What one pass over Redis found. Temporary: it costs no WAL, and a killed run leaves nothing behind.
-- A row is either a counter, or an item that was rejected, as JSON, with its day where it has one.
create temporary table if not exists staged_counters (
  merchant_id text collate "C",
  usage_date date,
  metric_type text collate "C",
  value bigint,
  rejection text
)
