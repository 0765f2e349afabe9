-- The recipe: a text of more weight counts for more in search(). Made only for those rows that are asked for.
documents as not materialized (
  select compared.*, setweight(to_tsvector(configuration::regconfig, coalesce(a, '')), 'A')
      || setweight(to_tsvector(configuration::regconfig, coalesce(b, '')), 'B')
      || setweight(to_tsvector(configuration::regconfig, coalesce(c, '')), 'C')
      || setweight(to_tsvector(configuration::regconfig, coalesce(d, '')), 'D') as document
  from compared join page on page.id = compared.id
)
