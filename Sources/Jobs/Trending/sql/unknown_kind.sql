select coalesce(kind::text, 'null') as kind from ({file}) as source where array_position(:kinds::text[], kind::text) is null {window}
limit 1
