-- What this rebuild has not read stays as it was. (An earlier run may have been stopped after it had done this.)
with again as (
  delete from search_documents_new where entity <> all (:entities::text[])
)
insert into search_documents_new select * from search_documents where entity <> all (:entities::text[])
