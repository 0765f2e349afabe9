import JobRuntime
import Synchronization

/// Where the rows come from: a stream that is read to its end, and from the beginning again where it can be.
protocol Source: Sendable {
  /// Begins at the beginning.
  ///
  /// - Throws: `JobFailure` for a stream that is gone.
  func begin() throws

  /// Blocks until there are bytes.
  ///
  /// - Returns: the next; none at the end.
  func next() throws -> [UInt8]

  /// Judges, at the end, whether the producer had said everything.
  ///
  /// - Parameter marker: what was seen of the stream.
  func conclude(_ marker: EndMarker, bytes: Int) throws
}

extension Source {
  /// Judges a stream whose producer is out of sight: its last line has to be the marker.
  ///
  /// - Parameters:
  ///   - place: what the stream comes from: `stdin`, a file.
  func requireMarker(_ marker: EndMarker, bytes: Int, on place: String) throws {
    guard !marker.isSeen else { return }
    let quotes = marker.isQuoted ? ", inside of quotes," : ""
    throw JobFailure(
      .unavailable,
      bytes == 0
        ? "the producer did not finish: nothing came on \(place)"
        : "the producer did not finish: after \(bytes) bytes the stream ended\(quotes) without the line \\.",
      hint: #"Nothing was written. The line is written when the producer ends well: { producer && echo '\.'; } | …"#)
  }
}

/// stdin, of which the first part is kept for another beginning.
final class StreamSource: Source {
  private struct State {
    var kept: [[UInt8]] = []
    var size = 0
    /// How much of what is kept was given again.
    var given = 0
    /// Whether there was more than is kept.
    var isOver = false

    /// Keeps bytes in pieces of one size: a producer that writes row by row sends a piece for each, and each would take
    /// the memory of a full one.
    mutating func keep(_ bytes: [UInt8]) {
      let last = kept.count - 1
      if last >= 0, kept[last].count + bytes.count <= StreamSource.piece {
        kept[last] += bytes
      } else {
        var piece: [UInt8] = []
        piece.reserveCapacity(StreamSource.piece)
        piece += bytes
        kept.append(piece)
      }
    }
  }

  private let input: RunInput
  private let spool: Int
  private let state = Mutex(State())

  fileprivate static let piece = 64 << 10

  /// - Parameter spool: how many bytes are kept.
  init(_ input: RunInput, spool: Int) { (self.input, self.spool) = (input, spool) }

  func begin() throws {
    try state.withLock { state in
      guard !state.isOver else {
        throw JobFailure(
          .unavailable,
          "the connection to Postgres was lost after more of the stream was read than STAGE_SPOOL (\(ByteSize.format(spool))) keeps",
          hint: "Start the producer again, with this job behind it; nothing of this run was kept.")
      }
      state.given = 0
    }
  }

  func next() throws -> [UInt8] {
    let again = state.withLock { state -> [UInt8]? in
      guard state.given < state.kept.count else { return nil }
      state.given += 1
      return state.kept[state.given - 1]
    }
    if let again { return again }
    let bytes = try input.next(atMost: Self.piece)
    state.withLock { state in
      guard !state.isOver, !bytes.isEmpty else { return }
      state.size += bytes.count
      if state.size > spool {
        state.isOver = true
        state.kept = []
      } else {
        state.keep(bytes)
      }
      state.given = state.kept.count
    }
    return bytes
  }

  func conclude(_ marker: EndMarker, bytes: Int) throws { try requireMarker(marker, bytes: bytes, on: "stdin") }
}
