import Foundation
import TestSupport

/// The wall clock of a process, which is set while the process runs, as an administrator or NTP sets it: its
/// monotonic clocks and timers go on as they are.
///
/// Not libfaketime (0.9.10): it moves timers on the monotonic clock too (timerfd_settime).
struct WallClock {
  private let folder: TemporaryFolder
  private var offset: String { "\(folder.path)/offset" }

  /// What the process is started with.
  var environment: [String: String] {
    ["LD_PRELOAD": "\(folder.path)/clock.so", "WALL_CLOCK_OFFSET": offset]
  }

  init() async throws {
    folder = try TemporaryFolder()
    try set(0)
    let source = "\(folder.path)/clock.c"
    try Self.source.write(toFile: source, atomically: true, encoding: .utf8)
    // Swift's toolchain has it beside swift.
    let built = try await Binary(path: "/usr/bin/env").run(
      ["clang", "-shared", "-fPIC", "-O1", "-o", "\(folder.path)/clock.so", source])
    guard built.exitCode == 0 else { throw TestFailure("clang: \(built.errors)") }
  }

  func set(_ seconds: Int) throws { try "\(seconds)".write(toFile: offset, atomically: true, encoding: .utf8) }

  private static let source = """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    static long offset(void) {
      char text[24] = {0};
      int file = open(getenv("WALL_CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
      if (file < 0) return 0;
      long length = read(file, text, sizeof text - 1);
      close(file);
      return length > 0 ? atol(text) : 0;
    }

    int clock_gettime(clockid_t clock, struct timespec *now) {
      int code = syscall(SYS_clock_gettime, clock, now);
      if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
      return code;
    }

    int gettimeofday(struct timeval *now, void *zone) {
      struct timespec exact;
      int code = clock_gettime(CLOCK_REALTIME, &exact);
      now->tv_sec = exact.tv_sec;
      now->tv_usec = exact.tv_nsec / 1000;
      return code;
    }

    time_t time(time_t *now) {
      struct timespec exact;
      clock_gettime(CLOCK_REALTIME, &exact);
      if (now) *now = exact.tv_sec;
      return exact.tv_sec;
    }
    """
}
