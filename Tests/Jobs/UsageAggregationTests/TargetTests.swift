import Foundation
import TestSupport
import Testing

/// A statement of the user's own takes the counters.
@Suite(.timeLimit(.minutes(10))) struct TargetTests {
  private static let statement = """
    -- Tenants, as this application calls them.
    insert into tenant_usage (tenant, day, hour, metric, amount)
    select merchant, day, coalesce(hour, -1), metric, value from oneshot_staged_usage where day = :day
    on conflict (tenant, day, hour, metric) do update set amount = excluded.amount
    where tenant_usage.amount < excluded.amount
    """

  /// A place with a table of one's own and without ours, and a file that fills it.
  private func target(_ statement: String) async throws -> (Usage, TemporaryFolder, [String: String]) {
    let usage = try await Usage()
    try await usage.place.execute(
      """
      drop view merchant_usage_weekly, merchant_usage_monthly; drop table merchant_usage;
      create table tenant_usage (
        tenant text, day date, hour integer, metric text, amount bigint check (amount <> 13),
        primary key (tenant, day, hour, metric))
      """)
    let folder = try TemporaryFolder()
    let file = URL(filePath: folder.path).appending(path: "To tenants.sql")
    try statement.write(to: file, atomically: true, encoding: .utf8)
    return (usage, folder, ["USAGE_TARGET": file.path])
  }

  private func amounts(_ usage: Usage) async throws -> [[String]] {
    try await usage.place.rows(
      "select tenant || ' ' || day || ' ' || hour || ' ' || metric as a, amount as b from tenant_usage order by 1")
  }

  @Test func `counters go into a table of one's own, and what grows is taken again`() async throws {
    let (usage, folder, settings) = try await target(Self.statement)
    defer { withExtendedLifetime(folder) {} }
    try await usage.set(["a:b:2025-11-05:x": "1", "c:2025-11-06:x": "2"])
    #expect(try await usage.run(["--check"], settings).exitCode == 0)
    let run = try await usage.run([], settings)
    #expect(run.exitCode == 0 && run.count("written") == 2, "\(run.output)")
    #expect(try await amounts(usage) == [["a:b 2025-11-05 -1 x", "1"], ["c 2025-11-06 -1 x", "2"]])
    #expect(try await usage.completed() == ["2025-11-05", "2025-11-06"])
    try await usage.set(["c:2025-11-06:x": "3"])
    let late = try await usage.run([], settings.merging(["USAGE_DAYS": "2025-11-05..2025-11-06"]) { $1 })
    #expect(late.count("written") == 1 && late.count("late") == 1, "\(late.output)")
    #expect(try await amounts(usage).last == ["c 2025-11-06 -1 x", "3"])
  }

  @Test func `two files of one name have their progress each`() async throws {
    let (usage, folder, settings) = try await target(Self.statement)
    let another = try TemporaryFolder()
    defer { withExtendedLifetime((folder, another)) {} }
    try await usage.set(["a:2025-11-05:x": "1"])
    #expect(try await usage.run([], settings).count("written") == 1)
    let file = URL(filePath: another.path).appending(path: "To tenants.sql")
    try Self.statement.replacing("merchant, day", with: "'copy of ' || merchant, day")
      .write(to: file, atomically: true, encoding: .utf8)
    #expect(try await usage.run([], ["USAGE_TARGET": file.path]).count("written") == 1)
    #expect(try await amounts(usage) == [["a 2025-11-05 -1 x", "1"], ["copy of a 2025-11-05 -1 x", "1"]])
  }

  @Test func `hours come with their number`() async throws {
    let (usage, folder, settings) = try await target(Self.statement)
    defer { withExtendedLifetime(folder) {} }
    try await usage.set(["a:2025-11-05T07:x": "1"])
    let hours = settings.merging(["USAGE_KEY_FORMAT": "usage:{merchant}:{yyyy-MM-dd'T'HH}:{metric}"]) { $1 }
    #expect(try await usage.run([], hours).exitCode == 0)
    #expect(try await amounts(usage) == [["a 2025-11-05 7 x", "1"]])
  }

  @Test func `a day that the statement fails for is a dead letter, and the others are taken`() async throws {
    let (usage, folder, settings) = try await target(Self.statement)
    defer { withExtendedLifetime(folder) {} }
    try await usage.set(["a:2025-11-04:x": "1", "a:2025-11-05:x": "13", "a:2025-11-06:x": "2"])
    let run = try await usage.run([], settings)
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-05:*": "day_refused/pending/1"])
    #expect(run.result["errors"][0]["message"].string?.contains("tenant_usage_amount_check") == true, "\(run.output)")
    #expect(try await amounts(usage) == [["a 2025-11-04 -1 x", "1"], ["a 2025-11-06 -1 x", "2"]])
  }

  @Test func `a check names the line that the server does not take, and writes nothing`() async throws {
    let (usage, folder, settings) = try await target(Self.statement.replacing("metric, value", with: "metric, amount"))
    defer { withExtendedLifetime(folder) {} }
    let check = try await usage.run(["--check"], settings)
    #expect(check.exitCode == 78, "\(check.output)")
    let message = check.result["error", "message"].string ?? ""
    #expect(message.contains("To tenants.sql, line 3") && message.contains("amount"), "\(message)")
    #expect(try await amounts(usage).isEmpty)
  }

  @Test func `a file that is not there is a mistake, and so is to compare with it`() async throws {
    let usage = try await Usage()
    let run = try await usage.run([], ["USAGE_TARGET": "/nowhere/target.sql", "USAGE_MODE": "status"])
    #expect(run.exitCode == 78)
    #expect(run.output.contains("/nowhere/target.sql"), "\(run.output)")
  }
}
