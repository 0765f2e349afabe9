-- outbox-delivery: messages for the outside, what became of each attempt, and who must not or cannot get any.

-- A message's id: the first 16 bytes of the key's SHA-256. After the database was restored, a message that is requested
-- again has the same id, so a receiver that remembers ids takes it once.
create function oneshot.delivery_id(dedup_key text) returns uuid language sql immutable strict parallel safe
as $$
  select pg_catalog.encode(
    pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(dedup_key, 'UTF8')), 1, 16), 'hex')::pg_catalog.uuid
$$;

create table oneshot.deliveries (
  dedup_key text collate "C" not null,
  -- Also Message-ID, webhook-id and idempotency key.
  delivery_id uuid primary key generated always as (oneshot.delivery_id(dedup_key)) stored,
  channel text collate "C" not null check (channel in ('email', 'webhook')),
  category text collate "C" not null default 'transactional',
  -- An address, or the id of an endpoint.
  recipient text collate "C",
  user_id text collate "C",
  locale text collate "C",
  template text collate "C",
  data jsonb,
  on_doubt text collate "C" not null default 'again' check (on_doubt in ('again', 'hold')),
  priority smallint not null default 5,
  not_before timestamptz,
  expires_at timestamptz,
  state text collate "C" not null default 'queued' check (
    state in ('queued', 'sending', 'sent', 'held', 'failed', 'suppressed', 'expired', 'cancelled')),
  attempts integer not null default 0,
  doubts integer not null default 0,
  next_at timestamptz not null default now(),
  sending_by uuid,
  sending_since timestamptz,
  sent_at timestamptz,
  last_code integer,
  last_message text,
  created_at timestamptz not null default now()
);
create index deliveries_due on oneshot.deliveries (priority, next_at) where state = 'queued';
create index deliveries_sending on oneshot.deliveries (delivery_id) where state = 'sending';
create index deliveries_expiring on oneshot.deliveries (expires_at) where state = 'queued' and expires_at is not null;
-- What finds the rows whose address and data, or that themselves, have become too old.
create index deliveries_with_data on oneshot.deliveries (created_at)
  where state not in ('queued', 'sending', 'held') and (recipient is not null or data is not null);
create index deliveries_over on oneshot.deliveries (created_at) where state not in ('queued', 'sending', 'held');
comment on table oneshot.deliveries is
  'Messages for the outside, each requested in the transaction of what it reports. outbox-delivery sends them: an attempt is committed before anything is sent, its outcome afterwards.';

create table oneshot.delivery_attempts (
  delivery_id uuid not null,
  attempt integer not null,
  run_id uuid not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  -- Null while it is in progress, or where its run was killed.
  outcome text collate "C",
  code integer,
  message text,
  primary key (delivery_id, attempt)
);
comment on table oneshot.delivery_attempts is 'Every attempt to send a message, and what came of it.';

create table oneshot.delivery_targets (
  -- smtp:HOST:PORT, domain:DOMAIN or webhook:ENDPOINT.
  target text collate "C" primary key,
  failures integer not null,
  first_failed_at timestamptz,
  closed_until timestamptz,
  reason text
);
comment on table oneshot.delivery_targets is
  'Relays, domains and endpoints that have failed since they last took a message, and until when nothing is sent to them.';

create table oneshot.suppressions (
  -- In lower case.
  address text collate "C" not null check (address = lower(address)),
  -- * means every category.
  category text collate "C" not null default '*',
  reason text collate "C" not null check (reason in ('bounce', 'complaint', 'unsubscribed', 'manual')),
  code integer,
  delivery_id uuid,
  since timestamptz not null default now(),
  until timestamptz,
  primary key (address, category)
);
comment on table oneshot.suppressions is
  'Addresses that get no mail: outbox-delivery writes bounces, the application unsubscriptions and complaints.';

create table oneshot.webhook_endpoints (
  endpoint_id text collate "C" primary key,
  url text not null,
  -- Which types of messages it gets; empty means all.
  types text[] not null default '{}',
  -- whsec_ and base64, the newest first; two while they are being changed.
  secrets text[] not null,
  disabled_at timestamptz,
  disabled_reason text
);
comment on table oneshot.webhook_endpoints is
  'Where webhooks go. Endpoints are the application''s to write; outbox-delivery only disables them.';
