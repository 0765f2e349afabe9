import BlockingIO
import CChild
import Glibc

/// What is done while a program runs: reads what it writes, stops it when it has to stop, and takes its end.
struct ProgramWatch<Reader: ProgramReader> {
  private let program: pid_t
  /// The keeper's process, and the number of the group.
  private let group: pid_t
  private let grace: Duration
  private let reapsOrphans: Bool
  private var reader: Reader
  private var end: ProgramEnd?
  private var stopped: ProgramEnd.StopReason?
  /// Whether the reader wants no more.
  private var isUnread = false
  /// When the program is stopped.
  private var stopAt: ContinuousClock.Instant?
  /// When it is killed.
  private var killAt: ContinuousClock.Instant?
  /// When what is left in the pipes is given up: a process that has left the group may hold them for ever.
  private var drainUntil: ContinuousClock.Instant?
  /// How much was read since the program has ended, in bytes.
  private var drained = 0
  /// More than pipes hold: what comes then is not the program's.
  private static var most: Int { 1 << 20 }

  init(_ program: Program, _ number: pid_t, keeper: pid_t, _ reader: Reader) {
    (self.program, group, self.reader) = (number, keeper, reader)
    (grace, reapsOrphans) = (program.grace, program.reapsOrphans)
    stopAt = program.timeLimit.map { .now + $0 }
  }

  private enum Source: Equatable {
    case output(Int32), stop, end

    var isOutput: Bool { self != .stop && self != .end }
  }

  /// Returns once the program has ended, and its group with it.
  mutating func untilEnd(_ stopping: Pipe, _ pipes: [(descriptor: Int32, pipe: Pipe)]) -> (ProgramEnd, Reader) {
    let watched = oneshot_process_descriptor(program)
    defer { if watched >= 0 { close(watched) } }
    var open: [(source: Source, descriptor: Int32)] = pipes.map { (.output($0.descriptor), $0.pipe.reading) }
    open.append((.stop, stopping.reading))
    if watched >= 0 { open.append((.end, watched)) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var isQuiet = false
    reader.note(.started(program))
    while !isDone(open.map(\.source), isQuiet) {
      isQuiet = true
      var waited = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
      poll(&waited, nfds_t(waited.count), patience(watched >= 0))
      for (place, entry) in zip(open, waited) where entry.revents != 0 {
        switch place.source {
        case .end: open.removeAll { $0.source == .end }
        case .stop:
          open.removeAll { $0.source == .stop }
          stop(.requested)
        case .output(let number):
          let count = buffer.withUnsafeMutableBytes { read(place.descriptor, $0.baseAddress, $0.count) }
          if count < 0, errno == EINTR || errno == EAGAIN { continue }
          isQuiet = false
          if end != nil { drained += max(0, count) }
          if count <= 0 {
            open.removeAll { $0.source == place.source }
          } else if !isUnread {
            isUnread = buffer.withUnsafeBytes { bytes in
              !reader.take(UnsafeRawBufferPointer(rebasing: bytes[..<count]), of: number)
            }
            if isUnread { stop(.unread) }
          }
        }
      }
      keepTime()
      reap()
    }
    waitpid(group, nil, 0)
    var end = end ?? ProgramEnd(.killed(SIGKILL))
    end.stopped = stopped
    end.isOutputHeld = open.contains { $0.source.isOutput }
    return (end, reader)
  }

  /// - Parameter isQuiet: whether the pipes had nothing to read, when they were looked at last.
  private func isDone(_ open: [Source], _ isQuiet: Bool) -> Bool {
    guard end != nil, let drainUntil else { return false }
    return isQuiet && drainUntil <= .now || drained > Self.most || !open.contains(where: \.isOutput)
  }

  /// How long to wait for the next event, in milliseconds.
  ///
  /// At most a second, because orphaned processes end without notice.
  private func patience(_ isNotified: Bool) -> Int32 {
    let until = [stopAt, killAt, drainUntil].compactMap(\.self).min()
    let left = until.map { ContinuousClock.now.duration(to: $0) } ?? .seconds(1)
    let bounded = max(.zero, min(left, isNotified ? .seconds(1) : .milliseconds(50)))
    return Int32((bounded / .milliseconds(1)).rounded(.up))
  }

  private mutating func keepTime() {
    guard end == nil else { return }
    if let stopAt, stopAt <= .now { stop(.timeLimit) }
    if let killAt, killAt <= .now {
      reader.note(.killing)
      kill(-group, SIGKILL)
      self.killAt = nil
    }
  }

  private mutating func stop(_ reason: ProgramEnd.StopReason) {
    // What has ended was not stopped, but what is left of its output may be unwanted.
    guard stopped == nil, end == nil || reason == .unread else { return }
    (stopped, stopAt) = (reason, nil)
    guard end == nil else { return }
    reader.note(.stopping)
    kill(-group, SIGTERM)
    // One that was stopped takes it only then.
    kill(-group, SIGCONT)
    killAt = .now + grace
  }

  private mutating func reap() {
    var status: Int32 = 0
    var usage = rusage()
    while end == nil || reapsOrphans {
      let ended = wait4(reapsOrphans ? -1 : program, &status, WNOHANG, &usage)
      guard ended > 0 else { break }
      guard ended == program, end == nil else { continue }
      let signal = status & 0x7F
      var end = ProgramEnd(signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal))
      for time in [usage.ru_utime, usage.ru_stime] {
        end.cpuTime += .seconds(time.tv_sec) + .microseconds(time.tv_usec)
      }
      end.peakMemory = usage.ru_maxrss << 10
      self.end = end
      // What is left of the group must not continue: to its starter its work has ended.
      kill(-group, SIGKILL)
      drainUntil = .now + StopLimits.programOutput
      (stopAt, killAt) = (nil, nil)
    }
  }
}
