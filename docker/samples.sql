-- Written by k8s/generate.py from docs/jobs. Change those, then `make manifests`.

-- publish-scheduled
create table posts (
  id bigint primary key, status text not null, publish_at timestamptz, published_at timestamptz, unpublish_at timestamptz);
create index posts_due on posts (publish_at, id) where status = 'scheduled';
insert into posts (id, status, publish_at) values (1, 'scheduled', '2025-11-07 09:00+01');
