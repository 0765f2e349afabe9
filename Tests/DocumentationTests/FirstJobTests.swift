import Foundation
import TestSupport
import Testing

/// docs/your-first-job.md, followed: its files are compiled as they are printed, and the job is run.
@Suite(.timeLimit(.minutes(10))) struct FirstJobTests {
  @Test func `the job of the page compiles, checks, plans, runs, and finds nothing the second time`() async throws {
    let folder = try TemporaryFolder()
    let job = try await build(in: folder)
    let place = try await Place()
    try await place.execute(
      """
      create table sessions (id bigint, last_used_at timestamptz);
      insert into sessions select g, timestamptz '2025-11-08' - g * interval '1 day' from generate_series(1, 100) g
      """)
    let settings = place.environment.merging([
      "JOB_SCHEDULED_AT": "2025-11-08T00:00:00Z", "JOB_FORCE": "true", "PRUNE_BATCH": "7",
    ]) { $1 }
    let help = try await job.run(["--help"])
    #expect(help.exitCode == 0 && help.output.contains("PRUNE_RETENTION"))
    let check = try await job.run(["--check"], settings)
    #expect(check.exitCode == 0, "\(check.output)")
    let plan = try await job.run(["--plan"], settings)
    #expect(plan.exitCode == 0 && plan.count("deleted") == 70, "\(plan.output)")
    #expect(try await place.value("select count(*) from sessions") == "100")
    let first = try await job.run([], settings)
    #expect(first.exitCode == 0 && first.count("deleted") == 70, "\(first.output)")
    #expect(try await place.value("select count(*) from sessions") == "30")
    #expect(try await job.run([], settings).count("deleted") == 0)
    try await follow(job)
  }

  @Test func `the test of the page compiles, and is about the same job`() async throws {
    let folder = try TemporaryFolder()
    let test = try #require(blocks("swift", after: "## 4. The test").first)
    #expect(test.contains(#"Binary("prune-sessions")"#))
    let file = "\(folder.path)/PruneSessionsTests.swift"
    try test.write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try await Compiler.run([file], ["-typecheck", "-parse-as-library"], isOfPackage: true)
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
  }

  @Test func `a job that was added by the page is named by hand in three files besides its own, at most`() throws {
    let (name, module) = ("publish-scheduled", "PublishScheduled")
    let own = [
      "Sources/Jobs/\(module)/", "Tests/Jobs/\(module)Tests/", "Tests/Golden/\(name)/", "docs/", "Tests/Benchmarks/",
    ]
    let enumerator = try #require(FileManager.default.enumerator(atPath: Compiler.root))
    var named: Set<String> = []
    while let path = enumerator.nextObject() as? String {
      if path.hasPrefix(".") { enumerator.skipDescendants() }
      // What `oneshot explain` embeds are links to pages.
      guard !path.hasPrefix("."), path != "CHANGELOG.md",
        enumerator.fileAttributes?[.type] as? FileAttributeType != .typeSymbolicLink,
        !own.contains(where: path.hasPrefix),
        !#filePath.hasSuffix(path),
        let text = try? String(contentsOfFile: "\(Compiler.root)/\(path)", encoding: .utf8)
      else { continue }
      let byHand = Self.withoutGenerated(text)
      if byHand.contains(name) || byHand.contains(module) { named.insert(path) }
    }
    #expect(named == ["Package.swift", "k8s/schedules.py", "Tests/Demo/demo.sh"])
  }

  /// What of a file no command writes.
  private static func withoutGenerated(_ text: String) -> String {
    text.prefix(300).contains("Written by")
      ? ""
      : text.replacing(#/<!-- [a-z ]+ -->\n(?s).*?<!-- end -->/#, with: "")
        .replacing(#/by `make manifests`\.\n(?s).*?# The end of/#, with: "")
  }

  /// Carries out the block of commands behind the job, with servers of its own: but for the build, which is done already.
  private func follow(_ job: Binary) async throws {
    let block = try #require(blocks("sh", after: "## 3. The job").first)
    let commands = block.split(separator: "\n", maxSplits: 1)
    #expect(commands[0] == "swift build")
    let script = commands[1].replacing(".build/debug/prune-sessions", with: job.url.path)
      .replacing(".build/debug/oneshot", with: Binary("oneshot").url.path)
    let run = try await Binary(path: "/bin/bash").run(
      ["-euc", "cd \"$0\"\n\(script)", Compiler.root])
    #expect(run.exitCode == 0, "\(run.errors)")
    let results = run.output.split(separator: "\n").filter { $0.hasPrefix("{") }.map { ResultLine(text: String($0)) }
    #expect(results.map { $0["status"].string } == ["succeeded", "succeeded", "succeeded"], "\(run.output)")
    // Whether one of exactly thirty days is a little older by then, the clock says.
    let (planned, deleted) = (
      results.dropFirst().first?["counts", "deleted"].int, results.last?["counts", "deleted"].int
    )
    #expect(planned == deleted && [70, 71].contains(deleted), "\(run.output)")
  }

  /// The blocks of a language behind a heading, up to the next one.
  private func blocks(_ language: String, after heading: String) throws -> [String] {
    let page = try Page("docs/your-first-job.md").text
    let start = try #require(page.range(of: heading)).upperBound
    let section = page[start...].components(separatedBy: "\n## ")[0]
    return section.components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }

  /// Compiles the page's job as SwiftPM would, with the modules that are built already.
  private func build(in folder: TemporaryFolder) async throws -> Binary {
    let sql = try #require(blocks("sql", after: "## 2. The SQL").first)
    let code = try #require(blocks("swift", after: "## 3. The job").first)
    try code.write(toFile: "\(folder.path)/PruneSessions.swift", atomically: true, encoding: .utf8)
    // What `.embedInCode` makes of the folder with the SQL.
    try """
    struct PackageResources {
      static let delete_batch_sql: [UInt8] = \(Array(sql.utf8))
    }
    """.write(toFile: "\(folder.path)/resources.swift", atomically: true, encoding: .utf8)

    // A build that is not the first leaves objects of files that are gone.
    let files = FileManager.default.enumerator(atPath: "\(Compiler.root)/Sources")?.compactMap {
      ($0 as? String)?.split(separator: "/").last
    }
    let current = Set((files ?? []).map { "\($0).o" } + ["embedded_resources.swift.o"])
    let objects = try ["BlockingIO", "CChild", "ChildProcess", "JSONReading", "Postgres", "Redis", "JobRuntime"].flatMap
    { module in
      let built = "\(Compiler.products)/\(module).build"
      return try FileManager.default.contentsOfDirectory(atPath: built)
        .filter { current.contains($0) }.map { "\(built)/\($0)" }
    }
    let binary = "\(folder.path)/prune-sessions"
    let outcome = try await Compiler.run(
      ["\(folder.path)/PruneSessions.swift", "\(folder.path)/resources.swift"] + objects,
      ["-parse-as-library", "-module-name", "PruneSessions", "-o", binary])
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    return Binary(path: binary)
  }
}
