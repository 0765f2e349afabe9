import JobRuntime
import Postgres
import TestSupport
import Testing

/// Databases whose encoding lacks characters of our messages, and of what they quote.
@Suite(.timeLimit(.minutes(10))) struct EncodingTests {
  private static let message = "the key «東京» … café 😀"

  @Test(arguments: [
    ("LATIN1", "the key «[U+6771][U+4EAC]» ... café [U+1F600]"),
    ("WIN1252", "the key <[U+6771][U+4EAC]> ... caf[U+E9] [U+1F600]"),
    ("EUC_JP", "the key <[U+6771][U+4EAC]> ... caf[U+E9] [U+1F600]"), ("UTF8", message), ("SQL_ASCII", message),
  ])
  func `a run that fails is closed, and a letter written, in whichever characters the database has`(
    encoding: String, stored: String
  ) async throws {
    let place = try await Place()
    try await place.withDatabase(in: encoding) { database, settings in
      let failing = SampleJob { _ in throw JobFailure(.misconfigured, Self.message, hint: Self.message) }
      let failed = try await failing.result(in: place, settings)
      #expect(failed.exitCode == 78 && failed.error?.message == Self.message)
      let rejecting = SampleJob { run in
        try await run.transaction { tx in
          try tx.reject([
            ItemFailure(
              item: "a", kind: .named("bad"), message: Self.message, payload: ["text": .string(Self.message + "\"\\")])
          ])
        }
      }
      let rejected = try await rejecting.result(in: place, settings)
      #expect(rejected.exitCode == 65, "\(rejected)")
      let texts = try await database.withSession { session in
        try session.query(
          """
          select status || ' ' || coalesce(error_message, '') || ' ' || coalesce(error_hint, '') as text
          from oneshot.job_runs where job = 'sample' and status <> 'partial'
          union all
          select error_message || ' ' || (payload ->> 'text') from oneshot.dead_letters
          order by 1
          """
        ).map { try $0.value("text", as: String.self) }
      }
      #expect(texts == ["failed \(stored) \(stored)", "\(stored) \(stored)\"\\"])
    }
  }
}
