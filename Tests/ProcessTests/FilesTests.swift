import Foundation
import TestSupport
import Testing

/// Files that a run reads and writes, whatever they are.
@Suite(.timeLimit(.minutes(5))) struct FilesTests {
  @Test func `a pipe in the place of a secret's file ends the run in time, and one that is written is read`()
    async throws
  {
    let usage = try await Usage()
    let folder = try TemporaryFolder()
    let pipe = "\(folder.path)/url"
    #expect(mkfifo(pipe, 0o600) == 0)
    let settings = usage.environment(["DATABASE_URL": "", "DATABASE_URL_FILE": pipe])
    let run = try await Usage.binary.start([], settings).outcome(within: .seconds(60))
    #expect(run.exitCode == 78, "\(run.output)")
    #expect(run.result["error", "message"].string?.contains("it is a pipe, and nobody has written") == true)
    let read = try Usage.binary.start([], settings)
    let url = usage.place.databaseURL
    Thread.detachNewThread { try? url.write(to: URL(filePath: pipe), atomically: false, encoding: .utf8) }
    let outcome = try await read.outcome(within: .seconds(60))
    #expect(outcome.exitCode == 0, "\(outcome.output)")
  }

  @Test(arguments: ["JOB_RESULT_FILE", "JOB_METRICS_FILE"])
  func `a file that others read is replaced, readable for them whatever the umask, and never through a link`(
    name: String
  ) async throws {
    let usage = try await Usage()
    let folder = try TemporaryFolder()
    let (path, link) = ("\(folder.path)/a.prom", "\(folder.path)/b.prom")
    try "old".write(toFile: path, atomically: true, encoding: .utf8)
    let old = try FileHandle(forReadingFrom: URL(filePath: path))
    let run = try await Binary(path: "/bin/sh").run(
      ["-c", #"umask 077; exec "$0""#, Usage.binary.url.path], usage.environment([name: path]))
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try old.readToEnd() == Data("old".utf8))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o644)
    let written = try String(contentsOfFile: path, encoding: .utf8)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let linked = try await usage.run([], [name: link])
    #expect(linked.exitCode == 0 && linked.errors.contains("links are not followed"), "\(linked.errors)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == written)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a.prom", "b.prom"])
  }

  @Test(arguments: [
    ("usage-aggregation", "JOB_SCHEDULED_AT", "0001-01-01T00:00:00Z"),
    ("top-stats", "JOB_SCHEDULED_AT", "1969-12-31T23:59:59Z"),
    ("reindex", "JOB_SCHEDULED_AT", "0001-01-01T00:00:00+01:00"),
    ("metrics-rollups", "JOB_SCHEDULED_AT", "9999-12-31T00:00:00Z"),
    ("metrics-rollups", "ROLLUPS_FROM", "0001-01-01"), ("usage-aggregation", "USAGE_DAYS", "0001-01-01"),
  ])
  func `a moment that no data is of is a setting that is wrong`(job: String, name: String, text: String) async throws {
    let nowhere = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"]
    let mode = name == "ROLLUPS_FROM" ? ["ROLLUPS_MODE": "rebuild"] : [:]
    let run = try await Binary(job).run([], nowhere.merging(mode) { $1 }.merging([name: text]) { $1 })
    #expect(run.exitCode == 78 && run.result["error", "message"].string?.contains(name) == true, "\(run.output)")
  }
}
