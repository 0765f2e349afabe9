-- How many different visitors there were, and which: up to some as they are, more as a sketch where there is the extension hll.
left join (
  select bucket_start, metric, entity_type, entity_id, {counted} as visitors,
    case when sketch is null then hashes end as visitor_hashes, sketch as visitor_sketch
  from (select seen.*, {sketch} as sketch from ({seen}) as seen offset 0) as seen
) as seen using (bucket_start, metric, entity_type, entity_id)
