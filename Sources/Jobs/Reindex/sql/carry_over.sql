-- What this rebuild does not read stays as it was. (An earlier run may have been stopped after it had done this.)
with again as (
  delete from search_documents_new where entity = any (:entities::text[])
)
insert into search_documents_new select * from search_documents where entity = any (:entities::text[])
