-- usage-aggregation: counters of hours, and sums over more than a day.

create table merchant_usage_hourly (
  merchant_id text collate "C" not null,
  usage_date date not null,
  usage_hour smallint not null check (usage_hour between 0 and 23),
  metric_type text collate "C" not null,
  value bigint not null,
  first_seen_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (merchant_id, usage_date, usage_hour, metric_type)
);
comment on table merchant_usage_hourly is
  'The value of each usage counter of an hour; merchant_usage has the sums of the days. The hour that a clock shows twice is one row.';

create index merchant_usage_hourly_by_date on merchant_usage_hourly
  using brin (usage_date) with (pages_per_range = 32, autosummarize = on);

create view merchant_usage_weekly as
select merchant_id, date_trunc('week', usage_date::timestamp)::date as week_start, metric_type, sum(value) as value
from merchant_usage
group by 1, 2, 3;
comment on view merchant_usage_weekly is 'Sums of merchant_usage over weeks, which begin on Mondays.';

create view merchant_usage_monthly as
select merchant_id, date_trunc('month', usage_date::timestamp)::date as month_start, metric_type, sum(value) as value
from merchant_usage
group by 1, 2, 3;
comment on view merchant_usage_monthly is 'Sums of merchant_usage over months of the calendar.';
