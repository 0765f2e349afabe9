select n, is_event, id, payload, payload ->> (case when is_event then 'type' else 'text' end) is not null as has_event
from (
  select n, payload::jsonb as payload, not starts_with(item, 'malformed ') as is_event,
    -- A name is the type, in quotes where its end would not be clear, and the id.
    case when starts_with(item, '"') then regexp_replace(item, '^"([^"\\]|\\.)*" ', '')
      else substr(item, strpos(item, ' ') + 1) end as id
  from unnest(:items::text[], :payloads::text[]) with ordinality as given (item, payload, n)
) as named
