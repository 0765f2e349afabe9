import Foundation

extension Binary {
  /// Runs the binary with as much memory for data as a container of the manifests has in all: 64 MiB.
  ///
  /// A run that needs more is ended by the C library, without a result.
  ///
  /// By a limit of the process: a cgroup cannot be made everywhere where tests run.
  package func runInLittleMemory(
    _ arguments: [String] = [], _ environment: [String: String] = [:]
  ) async throws -> Outcome {
    // The stacks of threads count as data; with the usual 8 MiB each they would be most of it.
    let limited = #"ulimit -s 1024 && ulimit -d 65536 && exec "$0" "$@""#
    return try await Binary(path: "/bin/sh").run(["-c", limited, url.path] + arguments, environment)
  }
}
