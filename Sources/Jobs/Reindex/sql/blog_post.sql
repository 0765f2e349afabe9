-- See asset.sql. What is written in an editor is HTML.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, excerpt as b, oneshot.search_markup(content) as c,
    deleted_at is not null as deleted, language
  from blog_posts) as present
