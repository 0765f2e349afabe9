"""fraud-detection against the old system's way: five queries for each sign-up, from one client."""
import time

from stand import ROUNDS, SCALE, alternate

CASE = "fraud-detection"
ENTRIES = max(int(500_000 * SCALE), 50_000)
NEW = max(int(10_000 * SCALE), 1_000)
MOMENT = "2025-11-08T00:00:00Z"


def measure(stand, table):
    fill(stand)
    a, b = alternate(ROUNDS, lambda: ours(stand), lambda: one_by_one(stand))
    table.compare(f"{CASE}, {NEW:,} new of {ENTRIES:,}", [t.seconds for t in a], b, "five queries for each, from one client", 0.06)
    table.saw(CASE, a)


def fill(stand):
    """Sign-ups of a month that were checked, and some that are new."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, """
            create table waitlist_entries (id bigint primary key, campaign_id bigint not null, email text not null,
              referred_by bigint, ip inet, device_fingerprint text, user_agent text, verified_at timestamptz,
              created_at timestamptz not null)""")
        add(stand, connection, 1, ENTRIES - NEW)
        stand.sql(connection, "create index on waitlist_entries (created_at)", "create index on waitlist_entries (email)",
                  "create index on waitlist_entries (ip)", "create index on waitlist_entries (device_fingerprint)",
                  "create index on waitlist_entries (referred_by)", "vacuum analyze")
    stand.job(CASE, JOB_SCHEDULED_AT=MOMENT, FRAUD_BATCH="10000")
    with stand.connection() as connection:
        add(stand, connection, ENTRIES - NEW + 1, ENTRIES)
        stand.sql(connection, "vacuum analyze", "checkpoint")
    stand.keep_as("signups")


def add(stand, connection, first, last):
    stand.sql(connection, f"""
        insert into waitlist_entries
        select g, 1 + g % 3, 'user' || g || '@mail.org',
          case when g % 3 = 0 then 1 + (g::bigint * 7919 % 104729) % {ENTRIES // 2} end,
          ('85.' || g % 199 || '.' || g * 31 % 251 || '.' || g * 17 % 241)::inet, md5((g % {ENTRIES * 4 // 5})::text),
          'Mozilla/5.0 (X11; Linux x86_64)', null, timestamptz '{MOMENT}' - ({ENTRIES} - g) * interval '5 seconds'
        from generate_series({first}, {last}) g""")


def ours(stand):
    stand.start_from("signups")
    took = stand.job(CASE, JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["entries"] == NEW, took.output
    return took


def one_by_one(stand):
    """Seconds of five queries for each new sign-up."""
    stand.start_from("signups")
    with stand.connection() as connection, connection.cursor() as cursor:
        start = time.monotonic()
        cursor.execute("select id, email, ip, device_fingerprint, referred_by, created_at from waitlist_entries where id > %s", [ENTRIES - NEW])
        for entry, email, ip, device, referrer, created in cursor.fetchall():
            cursor.execute("select email, device_fingerprint, ip from waitlist_entries where id = %s", [referrer])
            cursor.fetchall()
            cursor.execute("select count(*) from waitlist_entries where referred_by = %s and created_at > %s - interval '1 hour'", [referrer, created])
            cursor.fetchall()
            cursor.execute("select count(*) from waitlist_entries where ip = %s and created_at > %s - interval '1 day'", [ip, created])
            cursor.fetchall()
            cursor.execute("select id from waitlist_entries where device_fingerprint = %s and id < %s", [device, entry])
            cursor.fetchall()
            cursor.execute("select id from waitlist_entries where email = %s and id < %s", [email, entry])
            cursor.fetchall()
        return time.monotonic() - start
