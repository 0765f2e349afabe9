/// Lambda's runtime interface: where a function's process fetches its events and leaves its answers.
struct LambdaAPI {
  private let http: LoopbackHTTP
  /// Where the extension waits for events, of which it gets none.
  private let waiting: LoopbackHTTP

  init(_ address: HostAndPort) { (http, waiting) = (LoopbackHTTP(address), LoopbackHTTP(address)) }

  struct Event {
    var id: String
    /// When Lambda kills the process.
    var deadline: Timestamp?
    var body: [UInt8]
  }

  /// Registers as an extension without events.
  ///
  /// Lambda sends SIGTERM before SIGKILL only where there is an extension.
  ///
  /// - Returns: the extension's identifier. Lambda hands out no event before `wait` was called with it.
  func register(as name: String) throws(LoopbackHTTP.Failure) -> String {
    let response = try http.send(
      "POST", "/2020-01-01/extension/register",
      [("Lambda-Extension-Name", name), ("Content-Type", "application/json")], #"{"events":[]}"#)
    guard response.status == 200, let id = response.headers["lambda-extension-identifier"], Self.isName(id) else {
      throw Self.refusal("registering as an extension", response)
    }
    return id
  }

  /// Has the extension wait, which says that it has started.
  func wait(as id: String) throws(LoopbackHTTP.Failure) {
    try waiting.leave("GET", "/2020-01-01/extension/event/next", [("Lambda-Extension-Identifier", id)])
  }

  /// Waits for the next event.
  func next() throws(LoopbackHTTP.Failure) -> Event {
    let response = try http.send("GET", "/2018-06-01/runtime/invocation/next")
    guard response.status == 200, let id = response.headers["lambda-runtime-aws-request-id"], Self.isName(id) else {
      throw Self.refusal("waiting for an event", response)
    }
    let milliseconds = response.headers["lambda-runtime-deadline-ms"].flatMap { Int64($0) }
    // Room for sums with it.
    let deadline = milliseconds.flatMap { $0 >= 0 && $0 < 1 << 50 ? Timestamp(microseconds: $0 * 1000) : nil }
    return Event(id: id, deadline: deadline, body: response.body)
  }

  func post(_ answer: LambdaAnswer, to event: Event) throws(LoopbackHTTP.Failure) {
    let path = "/2018-06-01/runtime/invocation/\(event.id)/" + (answer.errorType == nil ? "response" : "error")
    var headers = [("Content-Type", "application/json")]
    if let type = answer.errorType { headers.append(("Lambda-Runtime-Function-Error-Type", type)) }
    let response = try http.send("POST", path, headers, answer.text)
    // The connection was lost when the first try had arrived: that answer counts.
    if response.isOfSecond, response.status == 403 { return }
    guard response.status == 202 else { throw Self.refusal("answering", response) }
  }

  private static func refusal(_ doing: String, _ response: LoopbackHTTP.Response) -> LoopbackHTTP.Failure {
    let body = printable(String(decoding: response.body.prefix(300), as: UTF8.self))
    return LoopbackHTTP.Failure(description: "\(doing): the runtime interface answered \(response.status) \(body)")
  }

  /// It becomes part of a path.
  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x2D }
  }
}
