"""waitlist-positions against an update of all rows, against the bare ranking query, and against a count and an update for
each entry."""
import subprocess
import time

from stand import ROUNDS, SCALE, alternate

CASE = "waitlist-positions"
ENTRIES = max(int(500_000 * SCALE), 50_000)
POINTS = 10
# The old system's way takes minutes for all: so many of them say how long.
SOME = 2_000
NEW = 100

RANKING = f"""
    select e.id, e.position, row_number() over (
      order by e.original_position - coalesce(r.referrals, 0) * {POINTS}, e.original_position, e.id) as place
    from waitlist_entries e
    left join (
      select referred_by, count(*) as referrals from waitlist_entries
      where campaign_id = 1 and verified_at is not null and status <> 'withdrawn' group by referred_by
    ) r on r.referred_by = e.id
    where e.campaign_id = 1 and e.status <> 'withdrawn'"""


def measure(stand, table):
    fill(stand)
    a, b = alternate(ROUNDS, lambda: ours(stand, "waitlist"), lambda: psql(stand, "waitlist", f"""
        update waitlist_entries e set position = place from ({RANKING}) ranked where ranked.id = e.id"""))
    case = f"{CASE}, {ENTRIES:,} the first time"
    table.compare(case, [t.seconds for t in a], b, "ranking and updating all rows in psql", 0.45)
    one = [one_by_one(stand) * ENTRIES / SOME for _ in range(3)]
    table.compare(case, [t.seconds for t in a], one, f"a count and an update for each entry ({SOME:,} measured)", 0.03)
    refer(stand)
    a, b = alternate(ROUNDS, lambda: ours(stand, "referred"), lambda: psql(stand, "referred", f"""
        select count(*) from ({RANKING}) ranked where place <> position"""))
    table.compare(f"{CASE}, {NEW} new referrals among {ENTRIES:,}", [t.seconds for t in a], b,
                  "the bare ranking query in psql", 1.15)
    table.saw(CASE, a)


def fill(stand):
    """Entries of which a tenth was referred by earlier ones; the places are those of the sign-ups."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            create table waitlist_campaigns (id bigint primary key, status text not null, points_per_referral integer);
            create table waitlist_entries (
              id bigint primary key, campaign_id bigint not null, referred_by bigint, original_position bigint, position bigint,
              verified_at timestamptz, status text not null);
            insert into waitlist_campaigns values (1, 'live', {POINTS});
            select setseed(0.5);
            insert into waitlist_entries
            select g, 1, case when random() < 0.1 and g > 10 then 1 + (random() * (g - 2))::bigint end, g, g,
              case when random() < 0.7 then timestamptz '2025-11-01' end, 'active'
            from generate_series(1, {ENTRIES}) g""",
            "create index on waitlist_entries (referred_by) where verified_at is not null", "vacuum analyze", "checkpoint")
    stand.keep_as("waitlist")


def refer(stand):
    """The same after a run, and then some referrals that are verified."""
    ours(stand, "waitlist")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            update waitlist_entries set verified_at = '2025-11-08' where id in (
              select id from waitlist_entries where verified_at is null and referred_by is not null
              order by id * 7919 % 1000003 limit {NEW})""", "vacuum analyze", "checkpoint")
    stand.keep_as("referred")


def ours(stand, state):
    stand.start_from(state)
    took = stand.job(CASE, JOB_SCHEDULED_AT="2025-11-08T00:00:00Z", JOB_FORCE="true")
    assert took.counts["entries"] == ENTRIES and took.counts["moved"] > 0, took.output
    return took


def psql(stand, state, statement):
    """Seconds of one statement in psql."""
    stand.start_from(state)
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, stand.database_url], check=True,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def one_by_one(stand):
    """Seconds of a count and an update for each of some entries, from one client."""
    stand.start_from("waitlist")
    with stand.connection() as connection:
        start = time.monotonic()
        for entry in range(1, SOME + 1):
            [(referrals,)] = stand.sql(connection, f"""
                select count(*) from waitlist_entries where referred_by = {entry} and verified_at is not null""")
            stand.sql(connection, f"""
                update waitlist_entries set position = original_position - {referrals} * {POINTS} where id = {entry}""")
        return time.monotonic() - start
