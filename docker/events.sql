-- What an application measured in the last two days.
insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
  select (array['page_view', 'sign_up', 'download'])[1 + g % 3], 'campaign', (1 + g % 7)::text, 1 + g % 5, now() - g * interval '17 seconds'
  from generate_series(1, 10000) g;
