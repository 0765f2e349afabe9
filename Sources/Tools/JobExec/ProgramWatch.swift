import BlockingIO
import CChild
import Glibc
import JobRuntime

/// What is done while the program runs: reads what it says, stops it when it has to stop, and takes its end.
struct ProgramWatch {
  private let program: pid_t
  /// The keeper's process, and the number of the group.
  private let group: pid_t
  private let log: Log
  private var said: Said
  private var counts: Counts
  private var ending: ProgramCourse.Ending?
  /// When the program is killed.
  private var killAt: ContinuousClock.Instant?
  /// When what is left in the pipes is given up: a process that has left the group may hold them for ever.
  private var drainUntil: ContinuousClock.Instant?
  /// How much was read since the program has ended, in bytes.
  private var drained = 0
  /// More than pipes hold: what comes then is not the program's.
  private static let most = 1 << 20

  init(program: pid_t, group: pid_t, _ log: Log) {
    (self.program, self.group, self.log) = (program, group, log)
    (said, counts) = (Said(log), Counts(log))
  }

  private enum Source: CaseIterable {
    case output, errors, counts, stop, end
  }

  /// Returns once the program has ended, and its group with it.
  mutating func untilEnd(_ stopping: Pipe, _ output: Pipe, _ errors: Pipe, _ counting: Pipe) -> ProgramCourse.Outcome {
    let watched = oneshot_process_descriptor(program)
    defer { if watched >= 0 { close(watched) } }
    var open: [(source: Source, descriptor: Int32)] = [
      (.output, output.reading), (.errors, errors.reading), (.counts, counting.reading), (.stop, stopping.reading),
    ]
    if watched >= 0 { open.append((.end, watched)) }
    var readers: [Source: LineReader] = [.output: LineReader(), .errors: LineReader(), .counts: LineReader()]
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var isQuiet = false
    while !isDone(open.map(\.source), isQuiet) {
      isQuiet = true
      var waited = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
      poll(&waited, nfds_t(waited.count), patience(watched >= 0))
      for (place, entry) in zip(open, waited) where entry.revents != 0 {
        switch place.source {
        case .end: open.removeAll { $0.source == .end }
        case .stop:
          open.removeAll { $0.source == .stop }
          askToStop()
        case .output, .errors, .counts:
          let count = buffer.withUnsafeMutableBytes { read(place.descriptor, $0.baseAddress, $0.count) }
          if count < 0, errno == EINTR || errno == EAGAIN { continue }
          isQuiet = false
          if ending != nil { drained += max(0, count) }
          if count <= 0 {
            open.removeAll { $0.source == place.source }
          } else {
            buffer.withUnsafeBytes { bytes in
              readers[place.source]?.take(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { take($0, place.source) }
            }
          }
        }
      }
      if let killAt, killAt <= .now, ending == nil {
        log.warning("the program has not ended after SIGTERM; it is killed")
        kill(-group, SIGKILL)
        self.killAt = nil
      }
      reap()
    }
    for source in [Source.output, .errors, .counts] { readers[source]?.end { take($0, source) } }
    if open.contains(where: { [.output, .errors].contains($0.source) }) {
      log.warning("a process that the program started has left its process group and still holds its output")
    }
    return ProgramCourse.Outcome(
      ending: ending ?? .killed(SIGKILL), counts: counts.all, lastLines: said.lastLines, linesLeftOut: said.leftOut)
  }

  /// - Parameter isQuiet: whether the pipes had nothing to read, when they were looked at last.
  private func isDone(_ open: [Source], _ isQuiet: Bool) -> Bool {
    guard ending != nil, let drainUntil else { return false }
    return isQuiet && drainUntil <= .now || drained > Self.most
      || !open.contains { [.output, .errors, .counts].contains($0) }
  }

  /// In milliseconds. At most a second: the first process of a container also takes the ends of those whose parents are
  /// gone.
  private func patience(_ isNotified: Bool) -> Int32 {
    let until = [killAt, drainUntil].compactMap(\.self).min()
    let left = until.map { ContinuousClock.now.duration(to: $0) } ?? .seconds(1)
    let bounded = max(.zero, min(left, isNotified ? .seconds(1) : .milliseconds(50)))
    return Int32((bounded / .milliseconds(1)).rounded(.up))
  }

  private mutating func take(_ line: Line, _ source: Source) {
    switch source {
    case .counts: counts.take(line)
    case .output: said.take(line, from: "stdout")
    case .errors: said.take(line, from: "stderr")
    case .stop, .end: break
    }
  }

  private mutating func askToStop() {
    log.info("stopping the program", ["pid": .integer(Int64(program))])
    kill(-group, SIGTERM)
    // One that was stopped takes it only then.
    kill(-group, SIGCONT)
    killAt = .now + StopLimits.program
  }

  private mutating func reap() {
    var status: Int32 = 0
    while true {
      let ended = waitpid(-1, &status, WNOHANG)
      guard ended > 0 else { break }
      guard ended == program else { continue }
      let signal = status & 0x7F
      ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal)
      // The lock is given back after this: what is left of the group must not work on.
      kill(-group, SIGKILL)
      drainUntil = .now + StopLimits.programOutput
      killAt = nil
    }
  }
}
