-- The same, with ids in whatever form; reads the whole source.
page as materialized (select id from source_rows where id::text collate "C" = any (:ids))
