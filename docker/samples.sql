-- Written by k8s/generate.py from docs/jobs. Change those, then `make manifests`.

-- trending
create table if not exists users (id bigint primary key);
create table if not exists feeds (id bigint primary key, user_id bigint not null, created_at timestamptz not null);
create table if not exists feed_likes (feed_id bigint, user_id bigint, created_at timestamptz);
create table if not exists feed_comments (feed_id bigint, user_id bigint, created_at timestamptz);
create table if not exists feed_shares (feed_id bigint, user_id bigint, created_at timestamptz);
create table if not exists feed_views (feed_id bigint, viewed_at timestamptz);
alter table feed_views add column if not exists user_id bigint;
create index if not exists feed_shares_created on feed_shares (created_at);
insert into users (id) select g from generate_series(1, 5) g on conflict do nothing;
insert into feeds (id, user_id, created_at) values (1, 1, now() - interval '3 hours') on conflict do nothing;
insert into feed_shares select 1, g, now() - g * interval '10 minutes' from generate_series(2, 5) g;

-- publish-scheduled
create table posts (
  id bigint primary key, status text not null, publish_at timestamptz, published_at timestamptz, unpublish_at timestamptz);
create index posts_due on posts (publish_at, id) where status = 'scheduled';
insert into posts (id, status, publish_at) values (1, 'scheduled', '2025-11-07 09:00+01');

-- notification-delivery
create table if not exists users (id bigint primary key);
alter table users add email text, add locale text, add timezone text;
create table notifications (
  id bigint primary key, user_id bigint not null, type text not null, category text not null, title text, body text, data jsonb,
  created_at timestamptz not null default now(), collapse_key text, expires_at timestamptz);
create table notification_preferences (
  user_id bigint, category text, channel text, mode text, primary key (user_id, category, channel));
insert into users (id, email, locale, timezone) values
  (1, 'ann@example.org', 'en', 'Europe/Berlin'), (2, 'ben@example.org', null, null)
on conflict (id) do update set (email, locale, timezone) = (excluded.email, excluded.locale, excluded.timezone);
insert into notification_preferences values (2, 'social', 'email', 'daily');
select oneshot.notifications_track();
insert into notifications (id, user_id, type, category, title, body) values
  (1, 1, 'comment', 'social', 'A comment', 'Somebody has written to you.'), (2, 2, 'comment', 'social', 'A comment', 'Somebody has written to you.');

-- waitlist-positions
create table if not exists waitlist_campaigns (id bigint primary key, status text not null, points_per_referral integer);
create table if not exists waitlist_entries (
  id bigint primary key, campaign_id bigint not null, referred_by bigint, original_position bigint, position bigint,
  verified_at timestamptz, status text);
create index if not exists waitlist_entries_by_campaign on waitlist_entries (campaign_id);
insert into waitlist_campaigns (id, status, points_per_referral) values (1, 'live', 10);
insert into waitlist_entries (id, campaign_id, referred_by, original_position, verified_at, status) values
  (1, 1, null, 1, '2025-11-01', 'active'), (2, 1, null, 2, null, 'active'), (3, 1, 2, 3, '2025-11-02', 'active');

-- notification-digest
create table if not exists users (id bigint primary key);
alter table users add column if not exists email text, add column if not exists locale text, add column if not exists timezone text;
create table if not exists notifications (
  id bigint primary key, user_id bigint not null, type text not null, category text not null, title text, body text, data jsonb,
  created_at timestamptz not null default now());
create table digest_preferences (
  user_id bigint, frequency text, hour integer, minute integer, weekday text, timezone text, enabled boolean,
  primary key (user_id, frequency));
insert into users (id, email) values (3, 'eve@example.org') on conflict (id) do update set email = excluded.email;
insert into notifications (id, user_id, type, category, title) values (31, 3, 'comment', 'social', 'A comment');
insert into oneshot.digest_items (user_id, frequency, notification_id, queued_at) values ('3', 'daily', '31', '2025-11-06 12:00Z');

-- reward-delivery
create table if not exists users (id bigint primary key);
alter table users add if not exists email text, add if not exists locale text, add if not exists name text;
create table rewards (
  id bigint primary key, user_id bigint not null, campaign_id bigint, type text not null, method text not null,
  status text not null default 'pending', earned_at timestamptz not null default now(), expires_at timestamptz);
insert into users (id, email, name) values (1, 'ann@example.org', 'Ann'), (2, 'ben@example.org', 'Ben')
on conflict (id) do update set email = excluded.email, name = excluded.name;
insert into oneshot.reward_types (reward_type, needs_code, title) values ('coffee', true, 'a coffee'), ('badge', false, 'a badge');
insert into oneshot.reward_codes (reward_type, code) values ('coffee', 'CAFE-1'), ('coffee', 'CAFE-2');
insert into rewards (id, user_id, type, method, status) values (1, 1, 'coffee', 'email', 'due'), (2, 2, 'badge', 'email', 'due');

-- cache-warmer
create table if not exists users (id bigint primary key);
create table if not exists feeds (id bigint primary key, user_id bigint, created_at timestamptz);
create table if not exists feed_likes (feed_id bigint, user_id bigint, created_at timestamptz);
create table if not exists feed_comments (feed_id bigint, user_id bigint, created_at timestamptz);
create table if not exists feed_views (feed_id bigint, viewed_at timestamptz);
alter table feed_views add column if not exists user_id bigint;
create table if not exists follows (follower_id bigint, followee_id bigint, created_at timestamptz);
create table if not exists blocks (user_id bigint, target_id bigint);
create table if not exists mutes (user_id bigint, target_id bigint);
insert into users (id) values (1), (2) on conflict do nothing;
insert into feeds (id, user_id, created_at) values (1, 2, now() - interval '1 hour') on conflict do nothing;
insert into follows (follower_id, followee_id, created_at) values (1, 2, now()) on conflict do nothing;
insert into feed_likes (feed_id, user_id, created_at) values (1, 1, now() - interval '1 hour');

-- fraud-detection
create table if not exists waitlist_entries (
  id bigint primary key, campaign_id bigint not null, referred_by bigint, original_position bigint, position bigint,
  verified_at timestamptz, status text);
alter table waitlist_entries
  add column if not exists email text, add column if not exists ip inet, add column if not exists device_fingerprint text,
  add column if not exists user_agent text, add column if not exists form_ms integer, add column if not exists honeypot text,
  add column if not exists created_at timestamptz not null default now();
create index if not exists waitlist_entries_created on waitlist_entries (created_at);
insert into waitlist_entries (id, campaign_id, referred_by, email, ip, user_agent, created_at) values
  (101, 2, null, 'ann@mail.example.org', '192.0.2.17', 'Mozilla/5.0', '2025-11-07 10:00+00'),
  (102, 2, 101, 'Ann+2@mail.example.org', '192.0.2.17', 'curl/8.5', '2025-11-07 10:01+00');

-- suggested-users
create table if not exists users (id bigint primary key);
alter table users add column if not exists deleted_at timestamptz, add column if not exists suspended_at timestamptz,
  add column if not exists discoverable boolean, add column if not exists last_seen_at timestamptz;
create table if not exists follows (
  follower_id bigint not null, followee_id bigint not null, created_at timestamptz not null,
  primary key (follower_id, followee_id));
create index if not exists follows_newest on follows (follower_id, created_at desc, followee_id);
create index if not exists follows_of on follows (followee_id, created_at desc, follower_id);
create table if not exists blocks (user_id bigint, target_id bigint, primary key (user_id, target_id));
create index if not exists blocks_of on blocks (target_id);
create table if not exists mutes (user_id bigint, target_id bigint, primary key (user_id, target_id));
create table if not exists suggestion_dismissals (user_id bigint, target_id bigint, primary key (user_id, target_id));
select oneshot.suggest_track();
insert into users (id, discoverable)
values (1, true), (2, true), (3, true), (4, true), (5, true) on conflict (id) do update set discoverable = true;
insert into follows (follower_id, followee_id, created_at)
values (1, 2, '2025-11-01'), (1, 3, '2025-11-02'), (2, 4, '2025-11-03'), (3, 4, '2025-11-04'), (3, 5, '2025-11-05')
on conflict do nothing;
