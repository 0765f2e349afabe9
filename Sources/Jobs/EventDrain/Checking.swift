import Events
import JobRuntime
import Kafka
import Postgres
import Redis

extension EventDrain: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    needs.tables += settings.handlers.flatMap(\.needs)
    let board = JobRun.tallyTrial(settings.boardPrefix + "check")
    needs.redisTrials = [board]
    switch settings.source {
    case .kafka: break
    case .postgres:
      needs.tables.append(
        TableNeed(
          "oneshot.events", columns: ["seq", "dedup", "event", "written_at", "written_by"],
          privileges: [.select, .delete], limits: [.update: ["written_by"]]))
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

  var libraries: [String: String] {
    guard settings.source == .kafka, let version = KafkaBuild.version else { return [:] }
    return ["librdkafka": version]
  }

  /// A key beside the stream that is never written.
  private static func trialKey(_ stream: String) -> String { "\(stream):oneshot-check" }

  /// Looks for groups that other consumers have read: from the stream's start, everything that they have done would be
  /// done again.
  private func checkGroups(_ run: JobRun) async throws -> [JobFailure] {
    guard settings.source == .redis, settings.start == .first else { return [] }
    var failures: [JobFailure] = []
    do {
      for partition in partitions(run) where try await Position.read(partition, run).0 == nil {
        let stream = stream(partition, run)
        let standing = try await stream.standing()
        await stream.close()
        guard let delivered = standing.delivered, delivered > .start else { continue }
        failures.append(
          JobFailure(
            .misconfigured,
            "another consumer of the group \(settings.group) has read \(stream.key) up to \(delivered); all of that would be processed again",
            hint: "Set EVENTS_START=last to continue where the group is, or name another group in EVENTS_GROUP."))
      }
    } catch let failure as JobFailure { failures.append(failure) } catch {
      // What is not there, or may not be looked at, is named by itself.
    }
    return failures
  }

  private func checkTopic(_ run: JobRun) async throws -> [JobFailure] {
    do {
      guard let topic = try await topic(run) else { return [] }
      let failures = try await topic.check(run)
      await topic.client.close()
      return failures
    } catch let failure as JobFailure { return [failure] } catch {
      // What is not there, or may not be looked at, is named by itself.
      return []
    }
  }

  /// Makes the server parse each handler where a run would: beside the temporary tables `events` and `board_deltas`.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    let handlers = settings.handlers
    return try await checkGroups(run) + checkTopic(run)
      + run.snapshot { session in
        try session.pipeline(StagedBatch.handed)
        return try handlers.compactMap { handler in
          do {
            let columns = try session.describe(handler.file).map(\.name)
            guard !columns.isEmpty, !Set(columns).isSuperset(of: ["n", "outcome"]) else { return nil }
            return JobFailure(
              .misconfigured, "\(handler.file.place): it yields columns without n and outcome",
              hint: "A handler yields the events that it refuses: n, outcome (retry or reject) and message.")
          } catch let failure as SQLFile.Failure {
            return JobFailure(
              .misconfigured, failure.description,
              hint: "Fix the file, or leave \(handler.name) out of EVENTS_HANDLERS.")
          }
        }
      }
  }
}
