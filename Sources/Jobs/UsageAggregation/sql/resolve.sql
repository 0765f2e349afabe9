-- Dead letters of earlier runs whose counters could be read this time.
letter.payload ->> 'key_prefix' = :key_prefix and letter.payload ->> 'usage_date' = :day::date::text
and exists (
  select from staged_counters s
  where s.usage_date = :day and s.rejection is null and s.merchant_id = letter.payload ->> 'merchant_id'
    and s.metric_type = letter.payload ->> 'metric_type'{hour_of_letter})
