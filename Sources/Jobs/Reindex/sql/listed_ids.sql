-- Which documents of a list there are: their texts are not even made.
page as materialized (select id from source_rows where id = any (:ids))
