select id::text as id from page_ids limit 1
