import JobRuntime

/// What the program says: its lines go to the log, and the last of them are kept.
struct OutputTail {
  private let log: Log
  private var last: [Line] = []
  private var room = Self.burst
  private var filledAt = ContinuousClock.now
  /// Lines that were too many for the log.
  private(set) var leftOut = 0
  private var isLeavingOut = false

  /// How much may be logged at once, and then for each second, in bytes: a flood fills no disk.
  private static let burst = 1 << 20
  private static let perSecond = 128 << 10
  private static let kept = 20

  init(_ log: Log) { self.log = log }

  mutating func take(_ line: Line, from stream: String) {
    if last.count == Self.kept { last.removeFirst() }
    last.append(line)
    let now = ContinuousClock.now
    let gained = (now - filledAt).components
    let millis = gained.seconds * 1000 + gained.attoseconds / 1_000_000_000_000_000
    if millis > 0 {
      room = min(Self.burst, room + Int(min(millis, 10_000)) * Self.perSecond / 1000)
      filledAt = now
    }
    // What a line costs besides its text.
    let cost = line.bytes.count + 100
    guard room >= cost else {
      if !isLeavingOut { log.warning("the program writes more than is logged; lines are left out") }
      isLeavingOut = true
      leftOut += 1
      return
    }
    // Not one line now and then.
    if isLeavingOut, room < Self.perSecond { leftOut += 1; return }
    isLeavingOut = false
    room -= cost
    log.info(line.text(log), ["stream": .string(stream)])
  }

  /// The last lines, for the ledger.
  var lastLines: [String] { last.map { $0.text(log, atMost: 500) } }
}
