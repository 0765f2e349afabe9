select id::text as id from page
