-- Documents by their ids.
page as materialized (select * from source_rows where id = any (:ids))
