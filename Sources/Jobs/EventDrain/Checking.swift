import Events
import JobRuntime
import Postgres
import Redis

extension EventDrain: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    needs.tables += settings.handlers.flatMap(\.needs)
    let board = JobRun.tallyTrial(settings.boardPrefix + "check")
    needs.redisTrials = [board]
    switch settings.source {
    case .postgres:
      needs.tables.append(
        TableNeed(
          "oneshot.events", columns: ["seq", "dedup", "event", "written_at", "written_by"],
          privileges: [.select, .delete]))
    case .redis:
      // On a key that is not there: they change nothing, and find neither stream nor group.
      let (key, group) = (Self.trialKey(settings.stream), settings.group)
      needs.redisTrials += [
        RedisCommand("XINFO", "STREAM", key), RedisCommand("XINFO", "GROUPS", key),
        RedisCommand("XGROUP", "CREATE", key, group, "0"), RedisCommand("XRANGE", key, "-", "+", "COUNT", "1"),
        RedisCommand("XREADGROUP", "GROUP", group, group, "COUNT", "1", "STREAMS", key, ">"),
        RedisCommand("XPENDING", key, group), RedisCommand("XAUTOCLAIM", key, group, group, "0", "0-0", "JUSTID"),
        RedisCommand("XACK", key, group, "0-1"), RedisCommand("XTRIM", key, "MINID", "~", "0"),
      ]
    }
    return needs
  }

  /// A key beside the stream, which nobody writes.
  private static func trialKey(_ stream: String) -> String { "\(stream):oneshot-check" }

  /// Makes the server parse each handler where a run would: beside the temporary tables `events` and `board_deltas`.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    let handlers = settings.handlers
    return try await run.snapshot { session in
      try session.pipeline(StagedBatch.handed)
      return try handlers.compactMap { handler in
        do {
          let columns = try session.describe(handler.file).map(\.name)
          guard !columns.isEmpty, !Set(columns).isSuperset(of: ["n", "outcome"]) else { return nil }
          return JobFailure(
            .misconfigured, "\(handler.file.place): it yields columns, and n and outcome are not among them",
            hint: "What a handler yields are events that it refuses: n, outcome (retry or reject) and message.")
        } catch let failure as SQLFile.Failure {
          return JobFailure(
            .misconfigured, failure.description,
            hint: "Fix the file, or leave \(handler.name) out of EVENTS_HANDLERS.")
        }
      }
    }
  }
}
