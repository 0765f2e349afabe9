import Foundation
import Synchronization
import TestSupport

/// A place with a table that rows are brought into, and the real binary that brings them.
struct Loading: JobFixture {
  static let job = "stage-table"

  let place: Place
  var more: [String: String] = [:]

  /// A table as the recipes have it.
  static let table = "create table tallies (post_id bigint primary key, kind text, seen numeric(8,2), day date)"

  /// - Parameter sql: makes the table, whose name is `tallies`.
  init(_ more: [String: String] = [:], _ sql: String = Self.table, on servers: PrivateServers? = nil) async throws {
    (place, self.more) = (try await Place(on: servers), more)
    try await place.execute(sql)
  }

  var settings: [String: String] {
    ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true", "STAGE_TABLE": "tallies"].merging(more) { $1 }
  }

  /// Runs it with these bytes on stdin.
  func load(_ bytes: [UInt8], _ settings: [String: String] = [:], _ arguments: [String] = []) async throws
    -> Binary.Outcome
  {
    let pipe = Pipe()
    let writer = try pipe.fileHandleForWriting.duplicate()
    let run = try Self.binary.start(arguments, environment(settings), input: pipe)
    try pipe.fileHandleForWriting.close()
    Thread.detachNewThread {
      // One that reads none of it has its reasons.
      try? writer.write(contentsOf: Data(bytes))
      try? writer.close()
    }
    return await run.outcome()
  }

  func load(_ text: String, _ settings: [String: String] = [:], _ arguments: [String] = []) async throws
    -> Binary.Outcome
  { try await load(Array(text.utf8), settings, arguments) }

  /// Runs a shell's pipeline, in which `stage-table` is this binary.
  func pipeline(_ script: String, _ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    let named = script.replacing("stage-table", with: Self.binary.url.path)
    return try await Binary(path: "/bin/bash").run(["-c", named], environment(settings))
  }

  /// Loses the connection to Postgres once, when something with all of these texts is sent.
  static func cuttingOnce(_ loading: Loading, at texts: String...) throws -> Proxy {
    let isCut = Mutex(false)
    return try Proxy(to: loading.place.servers.postgresSocket) { piece in
      guard piece.direction == .toServer, texts.allSatisfy(piece.contains) else { return .pass }
      return isCut.withLock { isCut in
        defer { isCut = true }
        return isCut ? .pass : .cut()
      }
    }
  }

  /// The table's rows, in order.
  func rows() async throws -> [String] {
    try await place.rows("select t::text as a from tallies t order by t::text").map { $0[0] }
  }
}

extension FileHandle {
  /// A second descriptor of the same, which is closed apart from it, and whose reader may be gone.
  func duplicate() throws -> FileHandle {
    signal(SIGPIPE, SIG_IGN)
    return FileHandle(fileDescriptor: dup(fileDescriptor), closeOnDealloc: true)
  }
}
