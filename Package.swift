// swift-tools-version: 6.2
import PackageDescription

/// A job: the folder below Sources/Jobs.
///
/// Its executable has the name in kebab-case (`UsageAggregation` is built as `usage-aggregation`), its tests are in
/// Tests/Jobs/UsageAggregationTests.
struct Job {
  var name: String
  /// The modules that it uses besides the runtime and the two clients.
  var uses: [String] = []
  /// What it embeds besides its SQL.
  var embeds: [String] = []
}

/// A new job is a new row.
let jobs = [
  Job(name: "UsageAggregation"),
  Job(name: "TopStats", uses: ["Feeds"]),
  Job(name: "Trending", uses: ["Feeds"]),
  Job(name: "MetricsRollups"),
  Job(name: "Reindex"),
  Job(name: "EventDrain", uses: ["Events", "Kafka"]),
  Job(name: "PublishScheduled", uses: ["Events"]),
  Job(name: "FraudDetection", uses: ["Events"]),
  Job(name: "NotificationDelivery"),
  Job(name: "OutboxDelivery", uses: ["Messages", "JSONReading", "Templates", "Signing"], embeds: ["templates"]),
  Job(name: "WaitlistPositions", uses: ["Events"]),
  Job(name: "NotificationDigest"),
  Job(name: "RewardDelivery"),
  Job(name: "CacheWarmer", uses: ["Feeds"]),
  Job(name: "SuggestedUsers", uses: ["Feeds"]),
  Job(name: "MediaPreviews", uses: ["Events", "ChildProcess"]),
  Job(name: "StageTable", uses: ["ChildProcess", "JSONReading"]),
  Job(name: "JobReport", uses: ["Operations"], embeds: ["page.css", "page.js"]),
  Job(name: "JobDoctor", uses: ["Operations", "Messages", "Signing"]),
]

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// A debug build is linked by LLVM's linker, which comes with the toolchain: the tests' bundle, which each change links
/// again, takes it half the time of the default one.
let link: [LinkerSetting] = [.unsafeFlags(["-use-ld=lld"], .when(platforms: [.linux], configuration: .debug))]

/// Linked into every job, which need not import it: the runtime finds it by itself (`WebDelivery`).
let delivery: Target.Dependency = .target(name: "Delivery", condition: .when(traits: ["Delivery"]))

func kebabCase(_ name: String) -> String {
  name.enumerated().map { index, letter in
    letter.isUppercase && index > 0 ? "-" + letter.lowercased() : letter.lowercased()
  }.joined()
}

/// - Parameter folder: below Tests, where it is not the name.
func tests(_ name: String, of modules: [String], in folder: String? = nil) -> Target {
  .testTarget(
    name: name,
    dependencies: (modules + ["TestSupport"]).map { .init(stringLiteral: $0) },
    path: "Tests/\(folder ?? name)",
    swiftSettings: strict)
}

/// What only `make bench` builds: a job that measures ways of publishing.
let benches: [Target] =
  Context.environment["ONESHOT_BENCH"] == nil
  ? []
  : [
    .executableTarget(
      name: "PublishingBench", dependencies: ["JobRuntime", "Redis"], path: "Tests/Benchmarks/Publishing",
      swiftSettings: strict)
  ]

let package = Package(
  name: "oneshot",
  products: jobs.map { .executable(name: kebabCase($0.name), targets: [$0.name]) } + [
    .executable(name: "oneshot", targets: ["Oneshot"]),
    .executable(name: "job-exec", targets: ["JobExec"]),
  ],
  traits: [
    .trait(
      name: "Delivery",
      description: "Metrics to a Pushgateway, heartbeat pings, and the messages of job-doctor; needs libcurl."),
    .trait(name: "Kafka", description: "Kafka as a source of event-drain; needs librdkafka."),
  ],
  targets: [
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    // No pkgConfig: hiredis' file holds a flag that SwiftPM refuses.
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    // Comes with libpq-dev, which libpq itself is linked with.
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    // Part of whatever is linked.
    .target(name: "BlockingIO", swiftSettings: strict, linkerSettings: link),
    .target(name: "Postgres", dependencies: ["CLibPQ", "BlockingIO"], swiftSettings: strict),
    .target(name: "Redis", dependencies: ["CHiredis", "COpenSSL", "BlockingIO"], swiftSettings: strict),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    // A program as a child process: started, read, stopped, reaped.
    .target(name: "CChild"),
    .target(name: "ChildProcess", dependencies: ["CChild", "BlockingIO"], swiftSettings: strict),
    .target(name: "JSONReading", swiftSettings: strict),
    .target(
      name: "JobRuntime",
      dependencies: ["Postgres", "Redis", "BlockingIO", "ChildProcess", "JSONReading"],
      resources: [.embedInCode("Letters/sql")],
      swiftSettings: strict),
    // Without the trait it is empty.
    .target(
      name: "Delivery",
      dependencies: ["JobRuntime", .target(name: "CCurl", condition: .when(traits: ["Delivery"]))],
      swiftSettings: strict),
    // Without the trait it has the settings, and no client.
    .systemLibrary(name: "CRdKafka", providers: [.apt(["librdkafka-dev"])]),
    .target(
      name: "Kafka",
      dependencies: ["JobRuntime", "BlockingIO", .target(name: "CRdKafka", condition: .when(traits: ["Kafka"]))],
      swiftSettings: strict),
    // Texts with holes, and what fills them.
    .target(name: "Templates", dependencies: ["JSONReading"], swiftSettings: strict),
    .target(name: "Signing", dependencies: ["COpenSSL"], swiftSettings: strict),
    // Mail and webhooks, put together and signed, for whoever sends them.
    .target(name: "Messages", dependencies: ["JobRuntime", "Signing"], swiftSettings: strict),
    // What sources of events share (the inbox, positions, streams), and how jobs write events.
    .target(
      name: "Events", dependencies: ["JobRuntime", "Postgres", "Redis", "BlockingIO"],
      resources: [.embedInCode("sql")], swiftSettings: strict),
    // The application's users, feeds and what happens to them, as several jobs read it.
    .target(
      name: "Feeds", dependencies: ["JobRuntime", "Postgres"], resources: [.embedInCode("sql")], swiftSettings: strict),
    .target(
      name: "Operations", dependencies: ["CBuild", "JobRuntime", "Postgres", "Redis", "BlockingIO"],
      resources: [.embedInCode("sql")], swiftSettings: strict),
    // What only this file knows: the names of the jobs.
    .target(
      name: "CBuild",
      cSettings: [.define("ONESHOT_JOB_NAMES", to: jobs.map { kebabCase($0.name) }.joined(separator: ","))]),
    .plugin(name: "MigrationList", capability: .buildTool(), path: "Sources/Tools/MigrationList"),
    .target(
      name: "Migrations", dependencies: ["JobRuntime", "Postgres"], path: "Sources/Tools/Migrations",
      // Embedded by the plugin.
      exclude: ["lines"], resources: [.embedInCode("conversion")], swiftSettings: strict, plugins: ["MigrationList"]),
    .executableTarget(
      name: "Oneshot",
      dependencies: ["Migrations", "Operations", "JobRuntime", "Postgres", "Redis", "ChildProcess", "JSONReading"],
      path: "Sources/Tools/Oneshot",
      // What `oneshot explain` looks up: links to the pages.
      resources: ["when_things_go_wrong.md", "operate.md"].map { .embedInCode("Explanations/\($0)") },
      swiftSettings: strict),
    .executableTarget(
      name: "JobExec",
      dependencies: ["ChildProcess", "Operations", "JobRuntime", "Postgres", "BlockingIO", "JSONReading", delivery],
      path: "Sources/Tools/JobExec",
      swiftSettings: strict),
  ]
    + benches
    + jobs.map { job in
      .executableTarget(
        name: job.name,
        dependencies: (["JobRuntime", "Postgres", "Redis", "BlockingIO"] + job.uses).map { .init(stringLiteral: $0) }
          + [delivery],
        path: "Sources/Jobs/\(job.name)",
        resources: (["sql"] + job.embeds).map { .embedInCode($0) },
        // What is `package` is closed to jobs: whatever they write is behind the fence. Those that look at the runs of
        // others share code with `oneshot`.
        packageAccess: job.uses.contains("Operations"),
        swiftSettings: strict)
    }
    + [
      .target(
        name: "TestSupport",
        dependencies: ["Postgres", "Redis", "JobRuntime"],
        path: "Tests/Support",
        exclude: [
          "private-servers.sh", "run-tests.sh", "browser.py", "kafka.py", "install-packages.sh", "python-tools.sh",
          "python-tools.txt", "lambda-emulator.txt",
        ],
        swiftSettings: strict),
      tests("SupportTests", of: ["Postgres", "Redis"]),
      tests("JSONReadingTests", of: ["JSONReading"]),
      tests("BlockingIOTests", of: ["BlockingIO"]),
      tests("ChildProcessTests", of: ["ChildProcess"]),
      tests("PostgresTests", of: ["Postgres", "Redis", "BlockingIO"]),
      tests("RedisTests", of: ["Redis", "BlockingIO"]),
      tests("JobRuntimeTests", of: ["JobRuntime", "ChildProcess", "Postgres", "Redis"]),
      tests("ProcessTests", of: ["JobRuntime", "Migrations", "Operations", "Postgres", "Redis"]),
      // The only ones that import every job: what is changed in one of them builds these again, and its own.
      tests("ModelTests", of: ["JobRuntime", "Postgres", "Redis"] + jobs.map(\.name)),
      tests("OneshotTests", of: ["Oneshot", "Migrations", "Operations", "JobRuntime", "Postgres", "Redis"]),
      tests("JobExecTests", of: ["JobExec", "JobRuntime", "Postgres", "Redis"]),
      tests("DocumentationTests", of: ["JobRuntime", "Operations", "Oneshot"]),
    ]
    + jobs.map { job in
      tests(
        "\(job.name)Tests", of: [job.name, "JobRuntime", "Postgres", "Redis"] + job.uses, in: "Jobs/\(job.name)Tests")
    }
)
