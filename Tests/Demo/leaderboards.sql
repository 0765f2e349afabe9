-- An application's users and feeds, and what happened on them in the last month.
create table users (id bigint primary key, username text, deleted_at timestamptz);
create table feeds (id bigint primary key, user_id bigint, content text, created_at timestamptz, deleted_at timestamptz);
create table feed_likes (id bigserial, feed_id bigint, user_id bigint, created_at timestamptz);
create table feed_comments (id bigserial, feed_id bigint, user_id bigint, created_at timestamptz);
create table feed_views (feed_id bigint, viewed_at timestamptz);
create table follows (follower_id bigint, followee_id bigint, created_at timestamptz);
insert into users select g, (array['ada','bob','cleo','dan','eve','finn','gail','hugo','ines','jack'])[1 + g % 10] || '_' || g
  from generate_series(1, 500) g;
insert into feeds select g, 1 + floor(power(random(), 2) * 500), 'feed ' || g, now() - random() * interval '40 days'
  from generate_series(1, 2000) g;
insert into feed_likes (feed_id, user_id, created_at)
  select 1 + floor(power(random(), 3) * 2000), 1 + floor(random() * 500), now() - random() * interval '28 days'
  from generate_series(1, 60000);
insert into feed_comments (feed_id, user_id, created_at) select feed_id, user_id, created_at from feed_likes where id % 7 = 0;
insert into feed_views select feed_id, created_at from feed_likes;
insert into follows select user_id, 1 + feed_id % 500, created_at from feed_likes where id % 9 = 0;
