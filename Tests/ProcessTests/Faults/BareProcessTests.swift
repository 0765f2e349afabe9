import Foundation
import Redis
import TestSupport
import Testing

/// Row 28: a process that has nothing but its binary: no /tmp, no HOME, no passwd entry, a root that cannot
/// be written, and 64 MB of memory.
@Suite(.timeLimit(.minutes(10))) struct BareProcessTests {
  private static let user = 65_532

  /// In a mount namespace of its own: /mnt holds the binary and the servers' sockets, everything is
  /// read-only, /tmp and the home folders are empty and closed.
  private static let bare = """
    set -eu
    binary=$1 servers=$2; shift 2
    mount --make-rprivate /
    mount -t tmpfs tmpfs /mnt
    mkdir /mnt/bin /mnt/servers
    mount --bind "$(dirname "$binary")" /mnt/bin
    for socket in .s.PGSQL.5432 redis.sock; do
      : > /mnt/servers/$socket
      mount --bind "$servers/$socket" /mnt/servers/$socket
      chmod 777 "$servers/$socket"
    done
    mount -o remount,ro,bind /mnt
    for folder in /tmp /root /home /var/tmp /dev/shm; do mount -t tmpfs -o ro,mode=000 tmpfs $folder; done
    mount -o remount,ro,bind /
    for folder in / /mnt /tmp; do if touch $folder/written 2>/dev/null; then echo "$folder can be written" >&2; exit 8; fi; done
    exec env -i "$@" /mnt/bin/$(basename "$binary")
    """

  /// Limits its own memory by a cgroup of its own, or says that it cannot.
  private static let limited = """
    cgroup=/sys/fs/cgroup/memory/oneshot-$$
    [ -d /sys/fs/cgroup/memory ] || cgroup=/sys/fs/cgroup/oneshot-$$
    if mkdir $cgroup 2>/dev/null; then
      for file in memory.limit_in_bytes memory.max; do [ ! -e $cgroup/$file ] || echo 64M > $cgroup/$file; done
      [ -e $cgroup/memory.limit_in_bytes ] || [ -e $cgroup/memory.max ] || { rmdir $cgroup; exit 9; }
      sh -c 'echo $$ > '$cgroup'/cgroup.procs; exec "$@"' sh "$@"; code=$?
      rmdir $cgroup; exit $code
    fi
    exit 9
    """

  private func usage() async throws -> Usage {
    let usage = try await Usage()
    // Enough for the rows to be handed over in many pieces.
    try await usage.place.redis(
      all: (0..<50_000).map { RedisCommand("SET", "usage:merchant-\($0):2025-11-0\($0 % 7 + 1):metric", "\($0)") })
    return usage
  }

  /// The settings, with the sockets where the bare process finds them.
  private func environment(_ usage: Usage, _ more: [String: String] = [:]) -> [String] {
    let settings = usage.environment(more).mapValues { $0.replacing(usage.place.servers.folder, with: "/mnt/servers") }
    let libraries = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map { ["LD_LIBRARY_PATH=\($0)"] } ?? []
    return libraries + settings.map { "\($0.key)=\($0.value)" }
  }

  @Test func `28: no tmp, no home, no user and no root that can be written`() async throws {
    guard try await canMountPrivately(for: "the bare process") else { return }
    let usage = try await usage()
    let run = try await Binary(path: "/usr/bin/unshare").run(
      [
        "-m", "setpriv", "--bounding-set", "+all", "sh", "-c", Self.bare, "sh", Usage.binary.url.path,
        usage.place.servers.folder, "setpriv", "--reuid", "\(Self.user)", "--regid", "\(Self.user)", "--clear-groups",
        "env",
      ] + environment(usage))
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.result["status"].string == "succeeded")
    #expect(try await usage.stored().count == 50_000)
  }

  @Test func `28: 64 MB of memory`() async throws {
    let usage = try await usage()
    let settings = usage.environment().map { "\($0.key)=\($0.value)" }
    let run = try await Binary(path: "/bin/sh").run(
      ["-c", Self.limited, "sh", "env"] + settings + [Usage.binary.url.path])
    guard run.exitCode != 9 else {
      skipped("64 MB by a cgroup", because: "no memory cgroup can be made here; RLIMIT_DATA stands in for it")
      let run = try await Binary(path: "/usr/bin/prlimit").run(
        ["--data=\(64 << 20)", "env"] + settings + [Usage.binary.url.path])
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      #expect(try await usage.stored().count == 50_000)
      return
    }
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await usage.stored().count == 50_000)
  }
}
