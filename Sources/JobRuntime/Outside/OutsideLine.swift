import BlockingIO

/// A lane's connections to the outside, on a thread that may block.
///
/// A task that is cancelled meanwhile still gets its reply, and soon: see `StopMark`.
public actor OutsideLine {
  private let thread = ThreadExecutor(label: "outside")
  private let mail: any MailClient
  private let web: any WebClient
  private let mayAct: @Sendable () -> Bool

  /// Runs the actor on its own thread, because the clients block.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// - Parameter run: hands over nothing once its lease is over.
  /// - Returns: `nil` in a binary without the trait `Delivery`.
  public init?(of run: JobRun) {
    guard let mail = WebDelivery.mailClient(), let web = WebDelivery.client() else { return nil }
    (self.mail, self.web) = (mail, web)
    let lease = run.leadership?.lock.lease
    mayAct = { lease?.isHeld ?? true }
  }

  /// Sends one mail.
  ///
  /// - Parameters:
  ///   - isLast: whether the connection ends with it.
  ///   - limit: how long it may take, connecting included.
  public nonisolated func send(_ mail: Mail, by relay: MailRelay, isLast: Bool, within limit: Duration) async
    -> MailReply
  {
    let stop = StopMark(while: mayAct)
    return await withTaskCancellationHandler {
      await blocking { $0.mail.send(mail, by: relay, isLast: isLast, within: limit, unless: stop) }
    } onCancel: {
      stop.set()
    }
  }

  /// Sends one body.
  public nonisolated func send(_ request: WebRequest, within limit: Duration) async -> WebReply {
    let stop = StopMark(while: mayAct)
    return await withTaskCancellationHandler {
      await blocking { $0.web.send(request, within: limit, unless: stop) }
    } onCancel: {
      stop.set()
    }
  }

  /// Fetches or stores one file.
  public nonisolated func transfer(_ transfer: WebTransfer, within limit: Duration) async -> WebReply {
    let stop = StopMark(while: mayAct)
    return await withTaskCancellationHandler {
      await blocking { $0.web.transfer(transfer, within: limit, unless: stop) }
    } onCancel: {
      stop.set()
    }
  }

  private func blocking<Value: Sendable>(_ work: @Sendable (isolated OutsideLine) -> Value) -> Value { work(self) }
}
