import Dispatch
import Glibc
import JobRuntime

extension Folder {
  /// Does what may wait for the disk, on a thread that nobody else waits for.
  func onDisk<Value: Sendable>(
    _ body: @escaping @Sendable () throws(SystemError) -> Value
  ) async throws -> Value {
    let result = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: Result { () throws(SystemError) in try body() }) }
    }
    do { return try result.get() } catch {
      if error.isFullDisk { throw Unmade.fullDisk }
      throw JobFailure(
        .internal, "a file could not be written to \(path): \(error)",
        hint: "Look at the volume of PREVIEWS_TARGET_DIR: its rights, and whether it is mounted; --check tries it.")
    }
  }

  /// A new file that has no name, to write to.
  func nameless() throws(SystemError) -> OpenFile {
    let name = "source-\(UInt64.random(in: .min ... .max))"
    let file = try newFile(name)
    try removeFile(name)
    return file
  }

  /// Whether more can be written there.
  ///
  /// The system's count of free blocks knows nothing of quotas.
  func hasRoom() throws(SystemError) -> Bool {
    do {
      try nameless().append([UInt8](repeating: 1, count: 1 << 16))
      return true
    } catch {
      if error.isFullDisk { return false }
      throw error
    }
  }
}

extension OpenFile {
  /// Writes bytes to the end, and to the disk.
  func append(_ bytes: [UInt8]) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError() }
      rest = rest.dropFirst(count)
    }
    guard fsync(number) == 0 else { throw SystemError() }
  }

  /// The same file, to read from its beginning.
  func readOnly() throws(SystemError) -> OpenFile {
    let number = open("/proc/self/fd/\(self.number)", O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw SystemError() }
    return OpenFile(adopting: number)
  }
}
