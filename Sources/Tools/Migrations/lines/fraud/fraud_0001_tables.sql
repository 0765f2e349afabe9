-- fraud-detection: the values that sign-ups are compared by, what was found, and what became of it.

create table oneshot.fraud_facts (
  entry_id bigint primary key,
  campaign_id bigint not null,
  -- Empty for what is no address.
  mailbox text collate "C" not null,
  mailbox_exact text collate "C" not null,
  network inet,
  device text collate "C",
  referred_by bigint,
  created_at timestamptz not null,
  -- What the entry's own row says, whatever the others are.
  reasons text[] not null,
  is_verified boolean not null,
  -- Whether a run has looked at it, with all of its checks.
  is_whole boolean not null
);
create index fraud_facts_by_age on oneshot.fraud_facts (created_at);
create index fraud_facts_by_network on oneshot.fraud_facts (campaign_id, network, created_at) where network is not null;
create index fraud_facts_by_referrer_and_network on oneshot.fraud_facts (referred_by, network, created_at)
  where referred_by is not null and network is not null;
create index fraud_facts_by_device on oneshot.fraud_facts (campaign_id, device, created_at) where device is not null;
create index fraud_facts_by_referrer on oneshot.fraud_facts (referred_by, created_at) where referred_by is not null;
create index fraud_facts_to_look_at on oneshot.fraud_facts (entry_id) where not is_whole;
create index fraud_facts_unverified on oneshot.fraud_facts (entry_id)
  where not is_verified and reasons && '{listed,reserved,malformed}';
comment on table oneshot.fraud_facts is
  'What fraud-detection compares of each entry, kept apart from the application''s rows: FRAUD_KEEP and oneshot.fraud_forget remove it.';

create table oneshot.fraud_signals (
  entry_id bigint not null,
  check_name text collate "C" not null,
  points smallint not null check (points between 1 and 100),
  evidence jsonb not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  primary key (entry_id, check_name)
);
comment on table oneshot.fraud_signals is
  'What checks have found: points, and as evidence ids and counts, no addresses. last_seen is when points or evidence last changed.';

create table oneshot.fraud_reviews (
  entry_id bigint primary key,
  score smallint not null,
  state text collate "C" not null check (state in ('clear', 'suspect', 'held', 'approved', 'rejected')),
  changed_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  note text,
  signals_at_decision text[]
);
create index fraud_reviews_open on oneshot.fraud_reviews (state, score, entry_id) where state in ('suspect', 'held');
comment on table oneshot.fraud_reviews is
  'One row for each entry that a check has found something of. Referrals of held and rejected entries do not count; approved and rejected are a person''s word, which no run changes. changed_at is when the state last did.';

create table oneshot.fraud_domains (
  domain text collate "C" not null,
  kind text collate "C" not null check (kind in ('disposable', 'dots')),
  source text collate "C" not null default 'table' check (source in ('table', 'file')),
  primary key (domain, kind, source)
);
comment on table oneshot.fraud_domains is
  'Domains in lower case: disposable ones, which stand for those below them, too, and those whose mailboxes have no dots (dots). Rows of source file are those of FRAUD_DOMAINS_FILE.';

create table oneshot.fraud_networks (
  network inet primary key,
  note text
);
comment on table oneshot.fraud_networks is
  'Networks that many people share, such as those of an office, a campus or a carrier: they prove nothing.';

-- The rules of the newest run, which event-drain's handler goes by, too.
create table oneshot.fraud_rules (
  is_only boolean primary key default true check (is_only),
  rules jsonb not null,
  -- Which lines of FRAUD_DOMAINS_FILE are in fraud_domains.
  domains_digest text collate "C" not null default ''
);

-- How far the entries are read.
create table oneshot.fraud_positions (
  instance text collate "C" not null,
  variant text collate "C" not null,
  seen pg_snapshot not null,
  looked_until timestamptz not null,
  last_id bigint not null,
  run_id uuid not null,
  primary key (instance, variant)
);
