import Foundation
import TestSupport
import Testing

/// Rows from a file that a producer has written before.
@Suite(.timeLimit(.minutes(10))) struct FileTests {
  private static let rows = "2\tnew\t2\t\\N\n3\tnew\t2\t\\N\n"

  private func loading(_ text: String, _ more: [String: String] = [:]) async throws -> (Loading, TemporaryFolder) {
    let folder = try TemporaryFolder()
    try text.write(toFile: "\(folder.path)/rows", atomically: true, encoding: .utf8)
    let loading = try await Loading(["STAGE_FILE": "\(folder.path)/rows"].merging(more) { $1 })
    return (loading, folder)
  }

  @Test func `a file is loaded when it has its end marker, and not before`() async throws {
    let (loading, folder) = try await loading(Self.rows)
    let cut = try await loading.run()
    #expect(cut.exitCode == 69 && cut.output.contains("without the line"), "\(cut.output)")
    #expect(try await loading.rows() == [])
    try (Self.rows + "\\.\n").write(toFile: "\(folder.path)/rows", atomically: true, encoding: .utf8)
    // What stands on stdin is nothing to it.
    let whole = try await loading.load("9\tx\t1\t\\N\n\\.\n")
    #expect(whole.exitCode == 0 && whole.count("inserted") == 2, "\(whole.output)\(whole.errors)")
    #expect(try await loading.rows() == ["(2,new,2.00,)", "(3,new,2.00,)"])
  }

  @Test func `after a lost connection a file is read from its beginning again, whatever its length`() async throws {
    let (loading, folder) = try await loading(Self.rows + "\\.\n", ["STAGE_SPOOL": "0", "JOB_BACKOFF_MAX": "1ms"])
    let proxy = try Loading.cuttingOnce(loading, at: "insert into", "oneshot_staged")
    defer { proxy.close() }
    let run = try await loading.run([], loading.place.environment(postgres: proxy))
    #expect(run.exitCode == 0 && run.errors.contains("loading again"), "\(run.output)\(run.errors)")
    #expect(try await loading.rows().count == 2)
    // The file goes with it.
    withExtendedLifetime(folder) {}
  }

  @Test func `what is no file is named, and so is a second source`() async throws {
    let (loading, folder) = try await loading("")
    for (settings, code, complaint) in [
      (["STAGE_FILE": "\(folder.path)/none"], 69, "none cannot be opened: No such file"),
      (["STAGE_FILE": folder.path], 78, "is no regular file"),
      (["STAGE_COMMAND": #"["true"]"#], 78, "cannot be set together with STAGE_COMMAND"),
    ] as [([String: String], Int32, String)] {
      let run = try await loading.run([], settings)
      #expect(run.exitCode == code && run.output.contains(complaint), "\(run.output)")
    }
  }
}
