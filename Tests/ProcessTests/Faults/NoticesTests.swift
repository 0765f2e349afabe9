import TestSupport
import Testing

/// What Postgres says beside its answers is a part of the log, and nothing more.
@Suite(.timeLimit(.minutes(10))) struct NoticesTests {
  private static let password = "s3cr3t/of~the role"
  private static let encoded = "s3cr3t%2Fof%7Ethe%20role"

  /// A trigger that says something of each row: a secret, twice, and what a terminal would obey.
  private func chatty() async throws -> Usage {
    let usage = try await Usage()
    try await usage.place.execute(
      """
      create function chat() returns trigger language plpgsql as $$
      begin
        raise warning '%', E'\\u001b[2J\\u009b2J\\u202e\\r\\n{"level":"error"} \(Self.password) \(Self.encoded)' using hint = E'\\u001b[0m';
        return new;
      end $$;
      create trigger chat before insert on merchant_usage for each row execute function chat()
      """)
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<50).map { ("m\($0):2025-11-07:x", "5") }))
    return usage
  }

  @Test(arguments: ["json", "text"])
  func `notices are lines of the log, without secrets, with nothing that a terminal obeys, and capped`(format: String)
    async throws
  {
    let usage = try await chatty()
    let url = usage.place.databaseURL + "&password=\(Self.encoded)"
    let run = try await usage.run([], ["DATABASE_URL": url, "JOB_LOG_FORMAT": format])
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let told = run.errors.split(separator: "\n").filter { $0.contains("Postgres says: ") }
    #expect(told.count == 20, "\(run.errors)")
    #expect(
      told.allSatisfy { $0.contains("*** ***") && $0.contains(format == "json" ? #""level":"warning""# : "WARNING") })
    #expect(run.errors.contains("notices_left_out") && run.errors.contains("30"))
    let harmful: (Unicode.Scalar) -> Bool = {
      $0.value < 0x20 && $0 != "\n" || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
    }
    #expect(!run.errors.unicodeScalars.contains(where: harmful))
    if format == "json" {
      #expect(run.errors.split(separator: "\n").allSatisfy { ResultLine(text: String($0)).isThere }, "\(run.errors)")
    }
  }

  @Test func `the operator's command notes them the same way`() async throws {
    let usage = try await Usage()
    #expect(try await usage.run().exitCode == 0)
    try await usage.place.execute(
      """
      create function chat() returns text language plpgsql as $$
      begin
        for number in 1..50 loop raise warning E'\\u001b[2J %', '\(Self.password)'; end loop;
        return '';
      end $$;
      alter table oneshot.job_runs rename to kept_runs;
      create view oneshot.job_runs as select r.*, chat() from oneshot.kept_runs r
      """)
    let url = usage.place.databaseURL + "&password=\(Self.encoded)"
    let outcome = try await Binary("oneshot").run(["runs"], ["DATABASE_URL": url])
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 21 && lines.last == "Postgres said 30 things more", "\(outcome.errors)")
    #expect(lines.first == "Postgres says: \\u{1b}[2J ***")
  }
}
