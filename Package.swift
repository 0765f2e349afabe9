// swift-tools-version: 6.2
import PackageDescription

/// One name a job: the folder below Sources/Jobs, and its executable in kebab-case
/// (`UsageAggregation` is built as `usage-aggregation`). A new job is a new line here.
let jobs = [
  "JobDoctor",
  "JobReport",
  "MetricsRollups",
  "Reindex",
  "TopStats",
  "UsageAggregation",
]

/// Those of them that look at the runs of others.
let watching: Set = ["JobDoctor", "JobReport"]

/// What a job embeds besides its SQL.
let embedded = ["JobReport": ["page.css", "page.js"]]

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// Linked into every job, which need not import it: the runtime finds it by itself (`WebDelivery`).
let delivery: Target.Dependency = .target(name: "Delivery", condition: .when(traits: ["Delivery"]))

func kebabCase(_ name: String) -> String {
  name.enumerated().map { index, letter in
    letter.isUppercase && index > 0 ? "-" + letter.lowercased() : letter.lowercased()
  }.joined()
}

func tests(_ name: String, _ modules: [String]) -> Target {
  .testTarget(
    name: name,
    dependencies: (modules + ["TestSupport"]).map { .init(stringLiteral: $0) },
    swiftSettings: strict)
}

let package = Package(
  name: "oneshot",
  products: jobs.map { .executable(name: kebabCase($0), targets: [$0]) } + [
    .executable(name: "oneshot", targets: ["Oneshot"])
  ],
  traits: [
    .trait(
      name: "Delivery",
      description: "Metrics to a Pushgateway, heartbeat pings, and the messages of job-doctor; needs libcurl.")
  ],
  targets: [
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    // No pkgConfig: hiredis' file holds a flag that SwiftPM refuses.
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    // Comes with libpq-dev, which libpq itself is linked with.
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "BlockingIO", swiftSettings: strict),
    .target(name: "Postgres", dependencies: ["CLibPQ", "BlockingIO"], swiftSettings: strict),
    .target(name: "Redis", dependencies: ["CHiredis", "COpenSSL", "BlockingIO"], swiftSettings: strict),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(
      name: "JobRuntime",
      dependencies: ["Postgres", "Redis", "BlockingIO"],
      resources: [.embedInCode("Letters/sql")],
      swiftSettings: strict),
    // Without the trait it is empty.
    .target(
      name: "Delivery",
      dependencies: ["JobRuntime", .target(name: "CCurl", condition: .when(traits: ["Delivery"]))],
      swiftSettings: strict),
    .target(
      name: "Operations", dependencies: ["JobRuntime", "Postgres", "Redis"],
      resources: [.embedInCode("sql")], swiftSettings: strict),
    // What only this file knows: the names of the jobs.
    .target(
      name: "CBuild", cSettings: [.define("ONESHOT_JOB_NAMES", to: jobs.map(kebabCase).joined(separator: ","))]),
    .executableTarget(
      name: "Oneshot",
      dependencies: ["CBuild", "Operations", "JobRuntime", "Postgres", "Redis"],
      path: "Sources/Tools/Oneshot",
      resources: [.embedInCode("migrations")],
      swiftSettings: strict),
  ]
    + jobs.map {
      .executableTarget(
        name: $0,
        dependencies: ["JobRuntime", "Postgres", "Redis", "BlockingIO", delivery]
          + (watching.contains($0) ? ["Operations"] : []),
        path: "Sources/Jobs/\($0)",
        resources: (["sql"] + embedded[$0, default: []]).map { .embedInCode($0) },
        // What is `package` is closed to jobs: whatever they write is behind the fence. Those that look at the runs of
        // others share code with `oneshot`.
        packageAccess: watching.contains($0),
        swiftSettings: strict)
    }
    + [
      .target(
        name: "TestSupport",
        dependencies: ["Postgres", "Redis", "JobRuntime"],
        path: "Tests/Support",
        exclude: [
          "private-servers.sh", "run-tests.sh", "browser.py", "install-packages.sh", "python-tools.sh",
          "python-tools.txt",
        ],
        swiftSettings: strict),
      tests("BlockingIOTests", ["BlockingIO"]),
      tests("PostgresTests", ["Postgres", "Redis", "BlockingIO"]),
      tests("RedisTests", ["Redis", "BlockingIO"]),
      tests("JobRuntimeTests", ["JobRuntime", "Postgres", "Redis"]),
      // What they run and look into: every binary.
      tests("JobTests", ["JobRuntime", "Operations", "Postgres", "Redis", "Oneshot"] + jobs),
      tests("ProcessTests", ["JobRuntime", "Operations", "Postgres", "Redis", "Oneshot"] + jobs),
    ]
)
