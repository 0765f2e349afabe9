"""Alerts that fire when they should and not before, and a dashboard whose queries a real ledger answers."""
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from manifests import ROOT, documents
from schedules import AWAITED, by_job, by_work, late_after

DASHBOARD = json.loads((ROOT / "k8s/monitoring/dashboard.json").read_text())


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


def rules():
    (found,) = [d for d in documents("k8s/monitoring") if d["kind"] == "PrometheusRule"]
    return found["spec"]


class Alerts(unittest.TestCase):
    def promtool(self, command, **files):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                Path(folder, f"{name}.yaml").write_text(yaml.safe_dump(content))
            return run("promtool", *command, f"{list(files)[-1]}.yaml", cwd=folder)

    def fires(self, alert, series, minutes):
        """Whether an alert fires, after so many minutes of these series."""
        return bool(self.firing(series, [(alert, minutes)])[alert, minutes])

    def firing(self, series, moments):
        """The labels of what fires, by alert and minute. All in one run: it computes every minute of the series."""
        wanted = [{"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": []} for alert, minutes in moments]
        test = {"interval": "1m", "alert_rule_test": wanted, "input_series": [
            {"series": name, "values": values} for name, values in series.items()]}
        checked = self.promtool(["test", "rules"], rules=rules(), tests={"rule_files": ["rules.yaml"], "tests": [test]})
        said = checked.stdout + checked.stderr
        # That none was expected is how it is made to say which fire.
        found = {moment: [] for moment in moments}
        for alert, minutes, fired in re.findall(r"alertname: ?(\w+), time: ?(\w+),\s+exp:\[\],\s+got:\[(.*?)\n +\]", said, re.DOTALL):
            found[alert, self.minutes(minutes)] = re.findall("Labels:{(.*)}", fired)
        self.assertEqual(checked.returncode != 0, any(found.values()), said)
        return found

    def minutes(self, text):
        """Minutes as Prometheus writes them: 1d2h3m."""
        units = {"w": 7 * 24 * 60, "d": 24 * 60, "h": 60, "m": 1}
        return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([wdhm])", text))

    def test_prometheus_takes_the_rules(self):
        checked = self.promtool(["check", "rules"], rules=rules())
        count = sum(len(group["rules"]) for group in rules()["groups"])
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        # It says nothing of the sort when it finds two that are the same.
        self.assertIn(f"{count} rules found", checked.stdout)

    def test_a_job_is_late_after_its_next_slot_and_not_before(self):
        late = []
        for job, schedules in by_job(AWAITED).items():
            for schedule, (_, variant, seconds) in zip(schedules, by_work(schedules)):
                label = f',variant="{schedule.variant}"' if schedule.variant else ""
                late.append((schedule, seconds, "JobIsLate", f'job_last_success_timestamp{{job_name="{job}"{label}}}', variant))
        late += [(s, late_after([s]), "CronJobIsLate",
                  f'kube_cronjob_status_last_successful_time{{namespace="oneshot",cronjob="{s.name}"}}', None) for s in AWAITED]
        # Each is late ten minutes after the series begin: the time before that is in their values.
        found = self.firing(
            {series: f"{600 - seconds}x20" for _, seconds, _, series, _ in late},
            [(alert, minutes) for alert in ("JobIsLate", "CronJobIsLate") for minutes in (9, 11)])
        for schedule, seconds, alert, series, variant in late:
            with self.subTest(schedule=schedule.name, alert=alert):
                # No run that its schedule allows makes it ring.
                self.assertGreater(seconds, schedule.every + schedule.timeout_seconds)
                (label,) = re.findall(r'(?:job_name|cronjob)="[^"]*"', series)

                def rings(minutes):
                    return [labels for labels in found[alert, minutes]
                            if label in labels and (f'variant="{variant}"' in labels if variant else "variant=" not in labels)]
                self.assertFalse(rings(9))
                self.assertTrue(rings(11))

    def test_a_cronjob_that_never_succeeded_is_late_unless_it_is_suspended_or_of_another_namespace(self):
        def of(metric, namespace="oneshot"):
            return f'kube_cronjob_{metric}{{namespace="{namespace}",cronjob="top-stats"}}'
        fresh, late = "0x40", "-10000000x40"
        for series, rings in [
                ({of("created"): late}, True),
                ({of("created"): fresh}, False),
                ({of("created"): late, of("status_last_successful_time"): fresh}, False),
                ({of("created"): late, of("spec_suspend"): "0x40"}, True),
                ({of("created"): late, of("spec_suspend"): "1x40"}, False),
                ({of("created"): late, of("status_last_successful_time"): late, of("spec_suspend"): "1x40"}, False),
                # One that goes on has its time.
                ({of("created"): late, of("spec_suspend"): "1x5 0x35"}, False),
                ({of("created", "staging"): late, of("status_last_successful_time", "staging"): late}, False),
                ({of("created"): late, of("spec_suspend", "staging"): "1x40"}, True)]:
            with self.subTest(series=series):
                self.assertEqual(self.fires("CronJobIsLate", series, 30), rings)

    def test_each_work_of_a_job_is_late_by_itself_and_a_name_that_is_gone_is_not(self):
        name = 'job_last_success_timestamp{job_name="reindex"'
        fresh, late = "0x20", "-10000000x20"
        others = {f'{name},variant="pending"}}': fresh, f'{name},variant="rebuild"}}': fresh}
        self.assertTrue(self.fires("JobIsLate", others | {f"{name}}}": late}, 9))
        self.assertFalse(self.fires("JobIsLate", others | {f"{name}}}": fresh}, 9))
        usage = 'job_last_success_timestamp{job_name="usage-aggregation"'
        self.assertFalse(self.fires("JobIsLate", {f"{usage}}}": late, f'{usage},variant="retention-30d"}}': fresh}, 9))

    def test_of_two_redis_each_is_late_by_itself(self):
        name = 'job_last_success_timestamp{job_name="usage-aggregation"'
        fresh, late = {f'{name},server="a:6379/0"}}': "0x20"}, {f'{name},server="b:6379/0"}}': "-10000000x20"}
        self.assertTrue(self.fires("JobIsLate", fresh | late, 9))
        self.assertFalse(self.fires("JobIsLate", fresh, 9))

    def test_failures_partial_runs_and_dead_letters(self):
        name = 'job_name="usage-aggregation"'
        for alert, series, calm, alarming in [
                ("JobFailsAgainAndAgain", f"job_consecutive_failures{{{name}}}", "2x60", "3x60"),
                ("JobWasPartial", f'job_runs_total{{{name},status="partial"}}', "7x60", "7x30 8x30"),
                ("JobHasDeadLetters", f"job_dlq_messages_total{{{name}}}", "7x60", "7x30 9x30")]:
            with self.subTest(alert=alert):
                self.assertFalse(self.fires(alert, {series: calm}, 50))
                self.assertTrue(self.fires(alert, {series: alarming}, 50))
        self.assertFalse(self.fires("JobWasPartial", {f'job_runs_total{{{name},status="succeeded"}}': "7x30 8x30"}, 50))

    def test_a_relay_that_stays_closed_and_work_that_waits(self):
        closed = 'job_counts{job_name="outbox-delivery",count="closed_relays"}'
        self.assertTrue(self.fires("RelayIsClosed", {closed: "0x5 1x30"}, 30))
        self.assertFalse(self.fires("RelayIsClosed", {closed: "0x20 1x5 0x10"}, 30), "it was closed for five minutes")
        self.assertFalse(self.fires("RelayIsClosed", {'job_counts{job_name="outbox-delivery",count="sent"}': "9x40"}, 30))
        oldest = 'job_oldest_seconds{job_name="outbox-delivery"}'
        self.assertTrue(self.fires("OldestWorkIsLate", {oldest: "3601x40"}, 30))
        self.assertFalse(self.fires("OldestWorkIsLate", {oldest: "3600x40"}, 30))

    def test_what_the_doctor_has_found_is_told_once(self):
        name = 'job_name="job-doctor"'
        self.assertFalse(self.fires("JobFailsAgainAndAgain", {f"job_consecutive_failures{{{name}}}": "9x60"}, 50))
        self.assertFalse(self.fires("JobWasPartial", {f'job_runs_total{{{name},status="partial"}}': "7x30 9x30"}, 50))
        self.assertTrue(self.fires("JobIsLate", {f"job_last_success_timestamp{{{name}}}": "0x99"}, 90))


class Dashboard(unittest.TestCase):
    """A real ledger with runs of every kind stands behind DATABASE_URL, and its role may only read."""

    def query(self, sql):
        """As Grafana asks: its macros and variables filled in."""
        sql = re.sub(r"\$__timeFilter\(([a-z_]+)\)", r"\1 between now() - interval '7 days' and now()", sql)
        sql = sql.replace("$__interval", "'5m'")
        sql = re.sub(r"\$__timeGroupAlias\(([a-z_]+), '5m'\)", r'floor(extract(epoch from \1) / 300) * 300 as "time"', sql)
        sql = sql.replace("$job", "'usage-aggregation','waitlist-positions','fraud-detection'")
        self.assertNotIn("$", sql)
        answer = run("psql", os.environ["DATABASE_URL"], "-X", "-v", "ON_ERROR_STOP=1", "--csv", "-c", sql)
        self.assertEqual(answer.returncode, 0, f"{sql}\n{answer.stderr}")
        return answer.stdout.splitlines()

    def targets(self, kind):
        return [(panel, target) for panel in DASHBOARD["panels"] for target in panel["targets"]
                if target["datasource"]["type"] == kind]

    def test_the_ledger_answers_every_query_with_rows(self):
        found = self.targets("grafana-postgresql-datasource")
        self.assertGreater(len(found), 4)
        for panel, target in found:
            with self.subTest(panel=panel["title"]):
                lines = self.query(target["rawSql"])
                self.assertGreater(len(lines), 1)
                if target["format"] == "time_series":
                    self.assertEqual(lines[0].split(",")[0], "time")
        (job,) = [v for v in DASHBOARD["templating"]["list"] if v["type"] == "query"]
        self.assertIn("usage-aggregation", self.query(job["query"]))

    def test_what_each_job_counted_is_shown_whatever_its_counts_are_called(self):
        (counted,) = [target for panel, target in self.targets("grafana-postgresql-datasource")
                      if panel["title"] == "What runs counted"]
        shown = {line.split(",")[1] for line in self.query(counted["rawSql"])}
        self.assertLessEqual(
            {"waitlist-positions entries", "waitlist-positions moved", "fraud-detection entries", "fraud-detection held"}, shown)
        self.assertNotIn("waitlist-positions failed", shown)

    def test_the_role_may_read_no_payload_and_write_nothing(self):
        for sql in ("select payload from oneshot.dead_letters", "delete from oneshot.job_runs", "select * from merchant_usage"):
            answer = run("psql", os.environ["DATABASE_URL"], "-X", "-v", "ON_ERROR_STOP=1", "-c", sql)
            self.assertIn("permission denied", answer.stderr, sql)

    def test_prometheus_takes_every_expression(self):
        found = self.targets("prometheus")
        self.assertGreater(len(found), 4)
        group = {"name": "dashboard", "rules": [
            {"record": f"panel:{number}", "expr": target["expr"].replace("$job", ".*")} for number, (_, target) in enumerate(found)]}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [group]}, file)
            file.flush()
            checked = run("promtool", "check", "rules", file.name)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_panels_are_numbered_once_and_do_not_overlap(self):
        panels = DASHBOARD["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = [(x, y) for panel in panels for p in [panel["gridPos"]]
                 for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
        self.assertEqual(len(set(taken)), len(taken))
        self.assertLess(max(x for x, _ in taken), 24)


unittest.main()
