-- Written by k8s/generate.py from docs/jobs. Change those, then `make manifests`.

-- publish-scheduled
create table posts (
  id bigint primary key, status text not null, publish_at timestamptz, published_at timestamptz, unpublish_at timestamptz);
create index posts_due on posts (publish_at, id) where status = 'scheduled';
insert into posts (id, status, publish_at) values (1, 'scheduled', '2025-11-07 09:00+01');

-- notification-delivery
create table users (id bigint primary key, email text, locale text, timezone text);
create table notifications (
  id bigint primary key, user_id bigint not null, type text not null, category text not null, title text, body text, data jsonb,
  created_at timestamptz not null default now(), collapse_key text, expires_at timestamptz);
create table notification_preferences (
  user_id bigint, category text, channel text, mode text, primary key (user_id, category, channel));
insert into users values (1, 'ann@example.org', 'en', 'Europe/Berlin'), (2, 'ben@example.org', null, null);
insert into notification_preferences values (2, 'social', 'email', 'daily');
select oneshot.notifications_track();
insert into notifications (id, user_id, type, category, title, body) values
  (1, 1, 'comment', 'social', 'A comment', 'Somebody has written to you.'), (2, 2, 'comment', 'social', 'A comment', 'Somebody has written to you.');
