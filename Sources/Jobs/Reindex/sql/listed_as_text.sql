-- Documents by their ids, in whatever form those are; reads the whole source.
page as materialized (select * from source_rows where id::text = any (:ids))
