import Glibc

/// Small files, read and written whole.
///
/// Failures are texts for the log.
public enum SmallFile {
  /// How long to wait for a pipe that is in the place of a file.
  private static let patience = Duration.seconds(5)

  /// Reads UTF-8, also from a pipe: a shell's `<(…)`.
  ///
  /// - Parameter limit: how many KiB it may have.
  public static func read(_ path: String, atMost limit: Int = 64) throws(Failure) -> String {
    // Without blocking: opening a named pipe waits for somebody who writes to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(errno) }
    defer { close(descriptor) }
    let deadline = ContinuousClock.now + patience
    var bytes = [UInt8](repeating: 0, count: limit * 1024)
    var used = 0
    while used < bytes.count {
      try wait(for: descriptor, until: deadline)
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: used), $0.count - used)
      }
      if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
      if count < 0 { throw Failure(errno) }
      if count == 0 { break }
      used += count
    }
    guard used < bytes.count else { throw Failure("it is larger than \(limit) KiB") }
    guard let text = String(validating: bytes[..<used], as: UTF8.self) else { throw Failure("it is not UTF-8") }
    return text
  }

  /// Waits until there is something to read, or the end.
  ///
  /// A pipe that nobody has opened for writing yet has neither.
  private static func wait(for descriptor: CInt, until deadline: ContinuousClock.Instant) throws(Failure) {
    let left = max(.zero, ContinuousClock.now.duration(to: deadline))
    var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&waited, 1, CInt(left.inMilliseconds)) == 0 else { return }
    throw Failure("it is a pipe, and nobody has written all of it within \(DurationText.format(patience))")
  }

  /// The names in a folder, sorted by their bytes.
  public static func names(in folder: String) throws(Failure) -> [String] {
    guard let stream = opendir(folder) else { throw Failure(errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Replaces the old file with a new one where that is possible, and otherwise overwrites what is there: a mounted
  /// file of a container (`/dev/termination-log`), a pipe.
  static func write(_ text: String, to path: String) throws(Failure) {
    let reason: Failure
    do throws(Failure) {
      return try replace(path, with: text)
    } catch {
      guard error.leavesFile else { throw error }
      reason = error
    }
    // Without blocking: a FIFO that nobody reads is an error, not a wait.
    let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else { throw errno == ENOENT ? reason : Failure(errno) }
    defer { close(descriptor) }
    guard writeAll(text, to: descriptor) else { throw Failure(errno) }
  }

  /// Replaces the old file with a new one, so that a reader sees one or the other, whole; everybody may read it.
  static func replace(_ path: String, with text: String) throws(Failure) {
    try FileDraft(of: path, text).publish()
    FileDraft.removeLeftovers(of: path)
  }

  /// Why a file could not be read or written; the text stands after the file's name.
  public struct Failure: Error, Equatable, CustomStringConvertible {
    /// The rest of a sentence: the system's own words for one of its errors.
    public let description: String
    /// The system's number of the error, where it is one of the system's.
    public let number: Int32?

    /// Whoever can put a link there could choose which file is written.
    static let symbolicLink = Failure("it is a symbolic link, and links are not followed")

    /// Whether what is there cannot have another file in its place, but may be written over.
    fileprivate var leavesFile: Bool {
      number.map { [EBUSY, EACCES, EPERM, EROFS].contains($0) } ?? (self != .symbolicLink)
    }

    init(_ description: String) { (self.description, number) = (description, nil) }
    init(_ number: Int32) { (description, self.number) = (String(cString: strerror(number)), number) }
  }
}
