import Glibc

/// Small files, read and written whole. What goes wrong is told in words, for the log.
public enum SmallFile {
  /// Reads at most 64 KiB of UTF-8.
  public static func read(_ path: String) throws(Failure) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64 * 1024)
    var used = 0
    while used < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: used), $0.count - used)
      }
      if count < 0 { throw Failure(errno) }
      if count == 0 { break }
      used += count
    }
    guard used < bytes.count else { throw Failure("it is larger than 64 KiB") }
    guard let text = String(validating: bytes[..<used], as: UTF8.self) else { throw Failure("it is not UTF-8") }
    return text
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

  /// Writes over what is there, or makes the file.
  static func write(_ text: String, to path: String) throws(Failure) {
    // Without blocking: a FIFO that nobody reads is an error, not a wait.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o644)
    guard descriptor >= 0 else { throw Failure(errno) }
    defer { close(descriptor) }
    guard writeAll(text, to: descriptor) else { throw Failure(errno) }
  }

  /// Puts a new file in the place of an old one, so that a reader sees the one or the other, whole; everybody
  /// may read it.
  static func replace(_ path: String, with text: String) throws(Failure) {
    try FileDraft(of: path, text).publish()
    FileDraft.removeLeftovers(of: path)
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    /// The system's number of the error, where it is one of the system's.
    public let number: Int32?

    init(_ description: String) { (self.description, number) = (description, nil) }
    init(_ number: Int32) { (description, self.number) = (String(cString: strerror(number)), number) }
  }
}
