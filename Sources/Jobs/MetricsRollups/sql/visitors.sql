-- How many distinct visitors there were, and which: up to a limit exactly, more as a sketch where the extension hll
-- exists.
left join (
  select bucket_start, metric, entity_type, entity_id, {counted} as visitors,
    case when sketch is null then hashes end as visitor_hashes, sketch as visitor_sketch
  from (select seen.*, {sketch} as sketch from ({seen}) as seen offset 0) as seen
) as seen using (bucket_start, metric, entity_type, entity_id)
