import Glibc

/// A folder, and the files below it.
///
/// A name is walked part by part, and no link is followed on the way: nobody who can put names into the table or links
/// into the folder leads the job out of it.
struct Folder: Sendable {
  let path: String
  private let folder: OpenFile

  /// Opens a folder of the operator's, who may have put a link there.
  init(_ path: String) throws(SystemError) {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw SystemError() }
    (self.path, folder) = (path, OpenFile(adopting: number))
  }

  private init(_ path: String, _ folder: OpenFile) { (self.path, self.folder) = (path, folder) }

  /// Why there is no file of that name.
  enum Problem: Error, Equatable {
    /// It leads out of the folder, or through a link.
    case outside
    /// It is a folder, a pipe, a device.
    case notRegular
    case system(SystemError)
  }

  /// Opens a regular file below the folder for reading.
  func file(_ name: String) throws(Problem) -> OpenFile {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard !parts.contains(where: { ["", ".", ".."].contains($0) }) else { throw .outside }
    var place = folder
    for part in parts.dropLast() { place = try Self.step(place, part, O_DIRECTORY) }
    // Without blocking: opening a pipe would wait for somebody who writes to it.
    let file = try Self.step(place, parts[parts.count - 1], O_NONBLOCK)
    let mode: mode_t
    do { mode = try file.facts().st_mode } catch { throw .system(error) }
    guard mode & S_IFMT == S_IFREG else { throw .notRegular }
    return file
  }

  private static func step(_ place: OpenFile, _ part: String, _ flags: Int32) throws(Problem) -> OpenFile {
    let number = openat(place.number, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
    if number >= 0 { return OpenFile(adopting: number) }
    let error = SystemError()
    // With O_DIRECTORY, a link is no folder.
    var facts = stat()
    let isLink = fstatat(place.number, part, &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_mode & S_IFMT == S_IFLNK
    throw error.number == ELOOP || isLink ? .outside : .system(error)
  }

  // MARK: Writing

  /// A folder directly below this one, made where it is missing.
  func subfolder(_ name: String, mode: mode_t = 0o755) throws(SystemError) -> Folder {
    let isNew = mkdirat(folder.number, name, mode) == 0
    guard isNew || errno == EEXIST else { throw SystemError() }
    let number = openat(folder.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard number >= 0 else { throw SystemError() }
    if isNew { try sync() }
    return Folder("\(path)/\(name)", OpenFile(adopting: number))
  }

  /// Moves a file from here to another folder, in one step, over a file of that name.
  func move(_ name: String, to other: Folder, as newName: String) throws(SystemError) {
    guard renameat(folder.number, name, other.folder.number, newName) == 0 else { throw SystemError() }
    try other.sync()
  }

  /// Makes the folder's names durable.
  ///
  /// A file system that cannot sync folders has lost nothing.
  func sync() throws(SystemError) {
    guard fsync(folder.number) == 0 || errno == EINVAL else { throw SystemError() }
  }

  /// Removes a file below the folder; one that is not there is no error.
  func remove(_ name: String) throws(Problem) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var place = folder
    do throws(Problem) {
      for part in parts.dropLast() { place = try Self.step(place, part, O_DIRECTORY) }
    } catch .system(SystemError(ENOENT)) { return }
    guard unlinkat(place.number, parts[parts.count - 1], 0) == 0 || errno == ENOENT else {
      throw .system(SystemError())
    }
  }

  /// Makes a file directly below the folder, which only this user reads.
  func newFile(_ name: String) throws(SystemError) -> OpenFile {
    let number = openat(folder.number, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw SystemError() }
    return OpenFile(adopting: number)
  }

  /// Removes a file directly below the folder.
  func removeFile(_ name: String) throws(SystemError) {
    guard unlinkat(folder.number, name, 0) == 0 else { throw SystemError() }
  }

  /// Removes an empty folder directly below this one.
  func removeFolder(_ name: String) { unlinkat(folder.number, name, AT_REMOVEDIR) }

  // MARK: Looking

  /// A folder directly below this one; `nil` where there is none.
  func existing(_ name: String) -> Folder? {
    let number = openat(folder.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    return number >= 0 ? Folder("\(path)/\(name)", OpenFile(adopting: number)) : nil
  }

  /// What is directly in it, and when each was last changed, in seconds since 1970.
  func entries() throws(SystemError) -> [(name: String, changedAt: Int)] {
    let number = openat(folder.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0, let stream = fdopendir(number) else { throw SystemError() }
    defer { closedir(stream) }
    var entries: [(name: String, changedAt: Int)] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      var facts = stat()
      guard name != ".", name != "..", fstatat(folder.number, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      entries.append((name, facts.st_mtim.tv_sec))
    }
    return entries
  }

  /// Whether this process may make files in it.
  var isWritable: Bool { faccessat(folder.number, ".", W_OK | X_OK, 0) == 0 }
}
