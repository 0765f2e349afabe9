import JobRuntime
import TestSupport
import Testing

/// What a job and its servers say to each other in one way of working, in this process: a run is a value, and starting
/// a process takes longer than most runs.
struct Conversation: Sendable, CustomStringConvertible {
  let job: any ModelledJob.Type
  let way: [String: String]

  /// Each way of working of each job.
  static let all = modelledJobs.flatMap { job in job.ways.map { Conversation(job: job, way: $0) } }

  var description: String {
    let mode = way.first { $0.key.hasSuffix("_MODE") }
    return job.job + (mode.map { " \($0.value)" } ?? "")
  }

  /// One direction of one connection.
  struct Stream: Hashable, Comparable {
    var connection: Int
    var direction: Proxy.Direction

    /// An order, for lists that are the same each time.
    static func < (one: Stream, other: Stream) -> Bool {
      one.connection != other.connection
        ? one.connection < other.connection : one.direction == .toServer && other.direction == .toClient
    }
  }

  /// What an undisturbed run says.
  ///
  /// - Returns: of each stream, how many bytes there are up to the end of each piece.
  func streams(to server: Cut.Server) async throws -> [Stream: [Int]] { try await streams(of: job, to: server) }

  private func streams<Field: ModelledJob>(
    of job: Field.Type, to server: Cut.Server
  ) async throws -> [Stream: [Int]] {
    let field = try await Field.make(on: nil)
    let proxy = try Proxy(to: server.upstream(of: field.place.servers))
    defer { proxy.close() }
    let run = await field.runHere(
      postgres: server == .postgres ? proxy : nil, redis: server == .redis ? proxy : nil, way)
    try #require(run.exitCode == 0 || run.exitCode == 65, "\(self): \(run.output)\(run.errors)")
    return Dictionary(grouping: proxy.conversation) { Stream(connection: $0.connection, direction: $0.direction) }
      .mapValues { pieces in pieces.map { $0.offset + $0.bytes.count } }
  }
}
