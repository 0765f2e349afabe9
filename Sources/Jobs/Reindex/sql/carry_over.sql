-- What this rebuild does not read stays as it was.
insert into search_documents_new select * from search_documents where entity = any (:entities::text[])
