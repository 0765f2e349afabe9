import BlockingIO
import CLibPQ

/// The conversation with the server over one connection: every wait of this module happens here,
/// with a limit, and wakes when the task is cancelled.
///
/// It borrows the connection's pointer and never outlives the call of the session that made it.
struct Wire {
  let pointer: OpaquePointer
  let interrupt: Interrupt
  /// The longest silence of the server while it owes an answer.
  let limit: Duration
  let notices: NoticeReceiver
  /// Asks the server about a statement that has been silent for `limit` and may take longer; `nil` waits without
  /// asking.
  var liveness: Liveness?

  var message: String { String(cString: PQerrorMessage(pointer)).trimmingNewlines() }

  private func lost() -> PostgresError {
    .connection(message.isEmpty ? "the connection was lost" : message)
  }

  func checkInterrupt() throws(PostgresError) {
    if interrupt.isFired { throw .cancelled }
  }

  private func wait(
    for direction: Interrupt.Direction, until deadline: ContinuousClock.Instant, doing what: @autoclosure () -> String
  ) throws(PostgresError) -> Interrupt.Direction {
    switch interrupt.wait(for: direction, on: PQsocket(pointer), until: deadline) {
    case .ready(let direction): return direction
    case .interrupted: throw .cancelled
    case .timedOut: throw .timedOut(what())
    }
  }

  /// Of the database; the server reports it as the connection starts.
  private var encoding: ServerEncoding {
    ServerEncoding(name: PQparameterStatus(pointer, "server_encoding").map { String(cString: $0) } ?? "")
  }

  /// Queues a statement without waiting for the server.
  func send(_ statement: Statement) throws(PostgresError) {
    guard !statement.sql.utf8.contains(0) else {
      throw .invalidStatement("a NUL in the text of: \(statement.summary)")
    }
    var values: [UnsafeMutablePointer<CChar>?] = []
    defer { values.forEach { $0?.deallocate() } }
    for (index, parameter) in statement.parameters.enumerated() {
      guard var text = parameter.text else {
        values.append(nil)
        continue
      }
      if parameter.isDescription { text = encoding.describing(text) }
      // libpq silently ends a text at its first NUL, so two values could become one.
      guard !text.utf8.contains(0) else {
        throw .invalidStatement(
          "value $\(index + 1) holds a NUL, which Postgres cannot store, in: \(statement.summary)")
      }
      values.append(
        text.withCString { source in
          let length = text.utf8.count + 1
          let copy = UnsafeMutablePointer<CChar>.allocate(capacity: length)
          copy.initialize(from: source, count: length)
          return copy
        })
    }
    let sent = PQsendQueryParams(
      pointer, statement.sql, CInt(values.count), statement.parameters.map(\.type),
      values.map { $0.map { UnsafePointer($0) } }, nil, nil, 0)
    guard sent == 1 else { throw lost() }
  }

  /// Sends all that is queued, and takes what the server says meanwhile.
  func flush(until deadline: ContinuousClock.Instant, doing what: @autoclosure () -> String) throws(PostgresError) {
    while true {
      switch PQflush(pointer) {
      case 0: return
      case 1:
        let ready = try wait(for: [.read, .write], until: deadline, doing: what())
        if ready.contains(.read), PQconsumeInput(pointer) == 0 { throw lost() }
      default: throw lost()
      }
    }
  }

  /// The next result of what was sent; `nil` when that statement has no more.
  func nextResult(until deadline: ContinuousClock.Instant, doing what: @autoclosure () -> String) throws(PostgresError)
    -> ResultHandle?
  {
    var received = ReceivedBytes(on: PQsocket(pointer), besides: notices)
    while PQisBusy(pointer) == 1 {
      try waitForAnswer(until: deadline, doing: what())
      if PQconsumeInput(pointer) == 0 { throw lost() }
      // The connection is left as it is, and dropped with all that the server still sends.
      guard received.sinceStart() <= ReceivedBytes.largest else { throw .tooLarge(what()) }
    }
    return PQgetResult(pointer).map { ResultHandle(adopting: $0, notices: notices) }
  }

  /// Waits for the server as long as it is known to work.
  private func waitForAnswer(until deadline: ContinuousClock.Instant, doing what: @autoclosure () -> String)
    throws(PostgresError)
  {
    while let liveness, case let silence = ContinuousClock.now + limit, silence < deadline {
      switch interrupt.wait(for: .read, on: PQsocket(pointer), until: silence) {
      case .ready: return
      case .interrupted: throw .cancelled
      case .timedOut: break
      }
      do throws(PostgresError) {
        if try liveness.isAtWork(pointer, interrupt) { continue }
      } catch {
        if case .cancelled = error { throw error }
        throw .timedOut("\(what()), and the request on a second connection failed: \(error)")
      }
      _ = try wait(for: .read, until: .now + Liveness.grace, doing: "\(what()), although the server is done with it")
      return
    }
    _ = try wait(for: .read, until: deadline, doing: what())
  }

  /// Runs one exchange.
  ///
  /// When it ends by cancellation or silence, the server is asked to stop and what it still sends is drained, so that
  /// the connection can be used for the rollback.
  ///
  /// The cancel request cannot hit a later statement: this thread is the only one that sends
  /// statements, and it sends none before the request has arrived and the answer is drained.
  func exchange<Value>(_ body: () throws(PostgresError) -> Value) throws(PostgresError) -> Value {
    do {
      return try body()
    } catch {
      switch error {
      case .cancelled, .timedOut: stopAndDrain()
      default: break
      }
      throw error
    }
  }

  /// The same conversation, which ignores the task's cancellation, for the short time that an ending takes.
  var patient: Wire {
    Wire(pointer: pointer, interrupt: Interrupt(), limit: StopLimits.drain, notices: notices)
  }

  /// Whether the server owes an answer.
  var isActive: Bool { PQtransactionStatus(pointer) == PQTRANS_ACTIVE }

  /// Asks the server to stop the statement that runs.
  ///
  /// - Returns: whether it has taken the request.
  func stop() -> Bool {
    guard isActive, let cancel = PQgetCancel(pointer) else { return false }
    return CancelHandle(adopting: cancel).send(within: StopLimits.cancelRequest)
  }

  /// Asks the server to stop the statement that runs, and takes what it still sends.
  ///
  /// A request that the server gets before it has begun the statement stops nothing, so the request is repeated.
  func stopAndDrain() {
    // Without an answer of the server the connection stays "active", and `Database` drops it.
    guard stop() else { return }
    let end = ContinuousClock.now + StopLimits.drain
    while !drain(until: min(end, .now + StopLimits.cancelAgain)), .now < end, stop() {}
  }

  /// Takes what the server still sends, for a short time, even if the task is cancelled.
  ///
  /// - Returns: whether that was all.
  @discardableResult
  func drain(until deadline: ContinuousClock.Instant = .now + StopLimits.drain) -> Bool {
    let patient = patient
    do {
      try patient.flush(until: deadline, doing: "ending a statement")
      while let result = try patient.nextResult(until: deadline, doing: "ending a statement") {
        if result.status == PGRES_COPY_IN { break }
      }
      return true
    } catch {
      return false  // The connection stays "active": see above.
    }
  }

  /// Sends a piece of a COPY, waiting while the server is slower.
  func sendCopyData(_ bytes: [UInt8]) throws(PostgresError) {
    let taken = bytes.withUnsafeBytes { buffer in
      PQputCopyData(pointer, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(buffer.count))
    }
    guard taken == 1 else { throw lost() }
    try flush(until: .now + limit, doing: "sending rows (COPY)")
  }
}
