/// What readers ask, and the heading that answers.
///
/// The first twenty are those of somebody who has never seen the project; the others are those of users who search
/// docs/ for the words that they have in mind.
struct Question {
  let text: String
  /// The page and the name of the heading: `docs/metrics.md#series`.
  let answer: String
  /// What the answer says, word for word.
  let says: String
  /// Words that somebody searches for; the answer has each.
  let search: [String]

  init(_ text: String, _ answer: String, says: String, search: String...) {
    (self.text, self.answer, self.says, self.search) = (text, answer, says, search)
  }

  static let ofNewcomers = [
    Question("Who is this for?", "README.md#oneshot", says: "teams that run batch jobs", search: "cron", "Kubernetes"),
    Question("How do I see it work?", "README.md#oneshot", says: "make demo", search: "demo", "Swift"),
    Question(
      "Which jobs are there?", "README.md#the-jobs", says: "publishes leaderboards", search: "jobs", "leaderboards"),
    Question(
      "When should I take something else?", "docs/how-it-compares.md#in-short", says: "ShedLock",
      search: "pg_cron", "Airflow"),
    Question(
      "What can it not do?", "docs/how-it-compares.md#what-oneshot-is-not", says: "Not a scheduler",
      search: "queue", "latency"),
    Question(
      "Why is a lock in Redis not enough?", "docs/how-it-compares.md#what-it-adds-to-a-lock",
      says: "each transaction that writes checks a fencing token", search: "lock", "fencing"),
    Question(
      "What is a slot?", "docs/glossary.md#glossary", says: "The scheduled time that a run is for", search: "slot",
      "scheduled time"),
    Question(
      "What is a fence?", "docs/glossary.md#glossary", says: "a run that was overtaken writes nothing more",
      search: "fence", "overtaken"),
    Question(
      "What does a run do, in order?", "README.md#one-jobs-whole-life", says: "It took the lock", search: "ledger",
      "fencing token"),
    Question(
      "What happens when a run is killed?", "docs/what-we-guard-against.md#faults", says: "the next run does it",
      search: "killed", "at any line"),
    Question(
      "Should the scheduler retry after 65?", "docs/results.md#exit-codes", says: "not retry, alert", search: "65",
      "retry"),
    Question(
      "Why was my run skipped?", "docs/when-things-go-wrong.md#0-and-yet-nothing-happened",
      says: "Another run holds the lock", search: "skipped", "locked"),
    Question(
      "How do I look at what ran?", "docs/operate.md#first", says: "oneshot runs", search: "What ran"),
    Question(
      "How do I process a failed item again?", "docs/operate.md#dead-letters-and-replay", says: "Fix the cause",
      search: "dead letters", "replay"),
    Question(
      "How do I deploy it to Kubernetes?", "docs/deploy.md#kubernetes", says: "kubectl apply -k my-cluster",
      search: "CronJob", "kubectl"),
    Question(
      "How do I run it without Kubernetes?", "docs/deploy.md#a-plain-machine",
      says: "systemctl enable --now oneshot-usage-aggregation.timer",
      search: "systemd", "timer"),
    Question(
      "Which rights does a job need?", "docs/deploy.md#roles-and-secrets", says: "Each job has its own role",
      search: "role", "owns the tables"),
    Question(
      "What does it cost?", "docs/benchmarks.md#what-it-costs", says: "peak memory", search: "memory", "cold start"),
    Question(
      "How do I write a job?", "docs/your-first-job.md#3-the-job", says: "swift build", search: "JobSettings"),
    Question(
      "What became of my mail when the relay did not answer?", "docs/diagrams/README.md#from-event-to-mail",
      says: "event-to-mail.svg", search: "event", "mail", "committed together"),
  ]

  static let ofUsers = [
    Question(
      "None of our tables is like yours.", "docs/your-schema-in-an-hour.md#your-schema-in-an-hour",
      says: "an application whose tables and keys no job knows", search: "tables and keys"),
    Question(
      "Which boards and entities are switched on?", "docs/operate.md#what-is-on", says: "`details.on`",
      search: "built in", "details.off", "ledger"),
    Question(
      "Our events have a time without a zone.", "docs/your-schema-in-an-hour.md#5-daily-figures",
      says: "at time zone 'UTC' as occurred_at", search: "without a zone", "jsonb"),
    Question(
      "A run is abandoned.", "docs/when-things-go-wrong.md#137-or-no-result-line", says: "stood still",
      search: "abandoned", "killed"),
    Question(
      "Our keys look different.", "docs/jobs/usage-aggregation.md#keys-of-another-form", says: "USAGE_KEY_FORMAT",
      search: "quota", "format"),
    Question(
      "Our tables have other names.", "docs/jobs/top-stats.md#your-tables", says: "create views or foreign tables",
      search: "other names", "views"),
    Question(
      "I want a leaderboard of my own.", "docs/jobs/top-stats.md#a-board-of-your-own", says: "TOP_STATS_BOARDS_DIR",
      search: "board of your own", ".sql"),
    Question(
      "We are behind pgbouncer.", "docs/servers.md#postgres", says: "Poolers are refused", search: "pgbouncer"),
    Question(
      "Redis has Sentinels.", "docs/servers.md#redis-behind-sentinels", says: "redis+sentinel://", search: "Sentinels"),
    Question(
      "Our certificates are from our own authority.", "docs/servers.md#tls-to-redis", says: "REDIS_CA_FILE",
      search: "certificate", "authorities"),
    Question(
      "Staging and production share a database.", "docs/operate.md#what-a-run-is", says: "JOB_INSTANCE",
      search: "installations", "one database"),
    Question(
      "Postgres was restored from a backup.", "docs/operate.md#after-a-restore", says: "oneshot after-restore",
      search: "restored", "backup"),
    Question(
      "The pod was killed for memory.", "docs/when-things-go-wrong.md#137-or-no-result-line", says: "64 MiB",
      search: "SIGKILL", "out of memory"),
    Question(
      "Which series does Prometheus get?", "docs/metrics.md#series", says: "job_last_success_timestamp",
      search: "job_runs_total", "counter"),
    Question(
      "How does an application write an event?", "docs/producers.md#sql", says: "insert into oneshot.events",
      search: "oneshot.events", "transaction"),
    Question(
      "We count unique visitors.", "docs/jobs/metrics-rollups.md#unique-visitors", says: "visitor", search: "visitors",
      "month"),
    Question(
      "Events come from Kafka.", "docs/jobs/event-drain.md#kafka", says: "EVENTS_SOURCE=kafka", search: "topic",
      "offset"),
    Question(
      "How do I install a package on Debian?", "docs/deploy.md#a-plain-machine", says: "apt install",
      search: "Debian", "package", "tarball"),
    Question(
      "How do I deploy it with Argo CD or Flux?", "docs/deploy.md#gitops", says: "one overlay has both",
      search: "Argo CD", "Flux"),
    Question(
      "How do I roll back to the version of before?", "docs/deploy.md#going-back-to-an-earlier-version",
      says: "the schema stays", search: "rollback", "older"),
    Question(
      "How do I pause a schedule?", "docs/deploy.md#kubernetes", says: "To pause", search: "suspend"),
  ]
}
