-- usage-aggregation, stage_hourly
create temporary table if not exists "staged_counters" ("merchant_id" text collate "C", "usage_date" date, "metric_type" text collate "C", "value" bigint, "rejection" text, "usage_hour" smallint)
;
