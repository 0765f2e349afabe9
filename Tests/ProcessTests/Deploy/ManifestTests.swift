import Foundation
import TestSupport
import Testing

/// What is deployed agrees with the code, is valid, and does what it says as far as that shows without a cluster.
@Suite(.timeLimit(.minutes(10))) struct ManifestTests {
  @Test(arguments: ["k8s/generate.py", "ecs/generate.py", "ecs/generate_lambda.py"])
  func `manifests are what the binaries and the schedules say`(script: String) async throws {
    let check = try await Binary(path: "/usr/bin/python3").run(
      [DeployTools.root.appending(path: script).path, "--check", DeployTools.binaries], ["PYTHONDONTWRITEBYTECODE": "1"]
    )
    #expect(check.exitCode == 0, "\(check.output)\(check.errors)")
  }

  @Test func `a manifest that somebody changed by hand is found, and one of a schedule that is gone`() async throws {
    let copy = try TemporaryFolder()
    let folders = ["k8s", "docker", "docs"].map { DeployTools.root.appending(path: $0).path }
    let copied = try await Binary(path: "/bin/cp").run(["-r"] + folders + [copy.path])
    #expect(copied.exitCode == 0)
    func check() async throws -> Binary.Outcome {
      try await Binary(path: "/usr/bin/python3").run(["\(copy.path)/k8s/generate.py", "--check", DeployTools.binaries])
    }
    #expect(try await check().exitCode == 0)
    let path = "\(copy.path)/k8s/base/usage-aggregation.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacing("[64, 65, 77, 78]", with: "[64, 77, 78]").write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try await check().output.contains("usage-aggregation.yaml is not what the code says"))
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try text.write(toFile: "\(copy.path)/k8s/base/gone.yaml", atomically: true, encoding: .utf8)
    let leftover = try await check()
    #expect(leftover.exitCode == 1 && leftover.output.contains("gone.yaml belongs to no schedule"))
  }

  @Test func `Kubernetes manifests are valid, restricted, and their settings are the binaries'`() async throws {
    guard DeployTools.areThere(for: "a look at k8s/") else { return }
    DeployTools.expectPassed(try await DeployTools.run("Tests/Deploy/test_kubernetes.py"))
  }

  @Test func `the example of a stream in Kubernetes brings its rows from a real ClickHouse`() async throws {
    guard DeployTools.areThere(for: "a look at k8s/overlays/staging"), let house = try await ClickHouse.ifInstalled()
    else { return }
    let place = try await Place()
    try await house.query("create table events (post_id UInt64, kind String, day Date) engine = Memory")
    try await house.query(
      "insert into events values (1, 'like', '2025-11-07'), (1, 'like', '2025-11-07'), (2, 'view', '2025-11-07')")
    try await place.createTables(of: "stage-table")
    DeployTools.expectPassed(
      try await DeployTools.run(
        "Tests/Deploy/test_staging.py", [],
        place.environment.merging(["CLICKHOUSE_URL": house.url, "PATH": "/usr/bin:/bin"]) { $1 }))
  }

  @Test func `the Helm chart is the base by default, and each of its values arrives`() async throws {
    guard DeployTools.areThere(for: "a look at k8s/chart") else { return }
    let place = try await Place()
    DeployTools.expectPassed(try await DeployTools.run("Tests/Deploy/test_chart.py", [], place.environment))
  }

  @Test func `the CloudFormation template is valid, and its tasks run`() async throws {
    guard DeployTools.areThere(for: "a look at ecs/") else { return }
    let place = try await Place()
    DeployTools.expectPassed(try await DeployTools.run("Tests/Deploy/test_ecs.py", [], place.environment))
  }

  @Test func `the template of Lambda functions is valid, and its event is a run`() async throws {
    guard DeployTools.areThere(for: "a look at ecs/lambda.yaml") else { return }
    let place = try await Place()
    DeployTools.expectPassed(try await DeployTools.run("Tests/Deploy/test_lambda.py", [], place.environment))
  }

  @Test func `every command line of README and docs is tried, or marked as not`() async throws {
    guard DeployTools.areThere(for: "the command lines of docs/") else { return }
    DeployTools.expectPassed(try await DeployTools.run("Tests/Deploy/test_commands.py"))
  }

  @Test func `what docs/deploy.md has its readers copy works`() async throws {
    guard DeployTools.areThere(for: "a look at docs/deploy.md") else { return }
    let place = try await Place()
    // For a user who may not enter the servers' folder.
    let (postgres, redis) = (try Proxy(to: place.servers.postgresSocket), try Proxy(to: place.servers.redisSocket))
    defer { for proxy in [postgres, redis] { proxy.close() } }
    DeployTools.expectPassed(
      try await DeployTools.run(
        "Tests/Deploy/test_documentation.py", [], place.environment(postgres: postgres, redis: redis)))
  }

  @Test func `what is published has the same bytes each time, its units are valid, and the workflow is`() async throws {
    guard DeployTools.areThere(for: "a look at what make dist makes") else { return }
    DeployTools.expectPassed(try await DeployTools.run("Tests/Deploy/test_dist.py"))
  }

  @Test func `the steps of compose.yaml work, done by hand`() async throws {
    guard DeployTools.areThere(for: "a look at docker/") else { return }
    let place = try await Place(migrated: false)
    let role = place.own("composed")
    DeployTools.expectPassed(
      try await DeployTools.run("Tests/Deploy/test_docker.py", [], place.environment.merging(["ROLE": role]) { $1 }))
  }

  @Test func `alerts fire in time, and the ledger answers the dashboard`() async throws {
    guard DeployTools.areThere(for: "a look at k8s/monitoring/") else { return }
    let place = try await Place()
    let job = Binary("usage-aggregation")
    let settings = place.environment.merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]) { $1 }
    #expect(try await job.run([], settings).exitCode == 0)
    try await place.redis("SET", "usage:m:2025-11-07:x", "no number")
    #expect(try await job.run([], settings.merging(["JOB_FORCE": "true"]) { $1 }).exitCode == 65)
    for job in ["waitlist-positions", "fraud-detection"] {
      try await place.createTables(of: job)
      let run = try await Binary(job).run([], settings)
      #expect(run.exitCode == 0, "\(run.output)")
    }
    let role = place.own("grafana")
    let grants = try Documentation.block("grants grafana", "sql", of: "docs/deploy.md")
    try await place.execute("create role \(role) login; \(grants.replacing("to grafana", with: "to \(role)"))")
    let url = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    DeployTools.expectPassed(
      try await DeployTools.run("Tests/Deploy/test_monitoring.py", [], ["DATABASE_URL": url]))
  }
}

/// Blocks of code in the documentation, each after a comment with its name.
enum Documentation {
  static func block(_ name: String, _ language: String, of page: String) throws -> String {
    let text = try String(contentsOf: DeployTools.root.appending(path: page), encoding: .utf8)
    let start = try #require(text.range(of: "<!-- \(name) -->\n```\(language)\n"), "\(page) has no \(name)").upperBound
    let end = try #require(text.range(of: "```", range: start..<text.endIndex)).lowerBound
    return String(text[start..<end])
  }
}
