import Glibc

/// A new version of a file: complete, beside the old one, which it replaces in one step.
///
/// A reader sees one or the other, also after the machine lost its power.
public struct FileDraft: Sendable {
  /// The path of the file that is replaced.
  public let path: String
  private let temporary: String
  /// The file itself, whatever its name.
  private let identity: Identity

  private struct Identity: Equatable {
    var device: dev_t
    var number: ino_t

    init(_ facts: stat) { (device, number) = (facts.st_dev, facts.st_ino) }
  }

  /// Writes the new version beside the old file.
  ///
  /// Everybody may read it, whatever the umask says: another user collects the file.
  ///
  /// - Parameter path: the file to replace. The draft is in the same folder, so that replacing is one step.
  public init(of path: String, _ text: String) throws(SmallFile.Failure) {
    self.path = path
    try Self.check(path)
    temporary = Self.name(of: path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SmallFile.Failure(errno) }
    defer { close(descriptor) }
    do throws(SmallFile.Failure) {
      var facts = stat()
      guard writeAll(text, to: descriptor), fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0,
        fstat(descriptor, &facts) == 0
      else { throw SmallFile.Failure(errno) }
      identity = Identity(facts)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Checks whether a file could be put there, and writes nothing.
  public static func check(_ path: String) throws(SmallFile.Failure) {
    var facts = stat()
    // A rename would also replace /dev/null, or a symbolic link.
    if lstat(path, &facts) == 0 {
      switch facts.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFDIR: throw SmallFile.Failure("it is a folder")
      case S_IFLNK: throw SmallFile.Failure.symbolicLink
      default: throw SmallFile.Failure("it is not a regular file")
      }
    } else if errno != ENOENT {
      throw SmallFile.Failure(errno)
    }
    // A draft has a longer name than the file.
    if lstat(name(of: path), &facts) != 0, errno != ENOENT { throw SmallFile.Failure(errno) }
    let folder = folder(of: path)
    guard access(folder, W_OK | X_OK) != 0 else { return }
    // The system checks rights first, and on a read-only file system they are not the problem.
    let refusal = errno
    var mount = statvfs()
    let isReadOnly = statvfs(folder, &mount) == 0 && mount.f_flag & UInt(ST_RDONLY) != 0
    throw SmallFile.Failure(isReadOnly ? EROFS : refusal)
  }

  /// Replaces the old file with the new version.
  ///
  /// Once more it changes nothing: a transaction around it may be repeated, because its connection was lost at the end.
  public func publish() throws(SmallFile.Failure) {
    guard rename(temporary, path) == 0 || errno == ENOENT && isPublished else {
      let failure = SmallFile.Failure(errno)
      discard()
      throw failure
    }
    // Makes the new name durable. A file system that cannot sync folders has lost nothing.
    let folder = open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Whether the file that is there is this one.
  private var isPublished: Bool {
    var facts = stat()
    let isThere = lstat(path, &facts) == 0 && Identity(facts) == identity
    errno = ENOENT
    return isThere
  }

  /// Removes it.
  public func discard() { unlink(temporary) }

  /// Removes drafts of the same file that killed processes have left.
  ///
  /// - Parameter seconds: the age at which nobody writes a draft any more.
  public static func removeLeftovers(of path: String, olderThan seconds: Int = 600) {
    let folder = folder(of: path)
    let prefix = prefix(of: path).dropFirst(folder.utf8.count)
    for name in (try? SmallFile.names(in: folder)) ?? [] where name.hasPrefix(prefix) && name.hasSuffix(ending) {
      let digits = name.dropFirst(prefix.count).dropLast(ending.count)
      var facts = stat()
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        lstat(folder + name, &facts) == 0, facts.st_mtim.tv_sec < time(nil) - seconds
      else { continue }
      unlink(folder + name)
    }
  }

  private static let ending = ".tmp"

  /// The name of this draft alone: in containers all processes have the same number.
  private static func name(of path: String) -> String {
    prefix(of: path) + "\(UInt64.random(in: 100_000_000_000..<1_000_000_000_000))" + ending
  }

  /// The beginning of the names of drafts, folder included.
  private static func prefix(of path: String) -> String {
    let folder = folder(of: path)
    return "\(folder).\(path.dropFirst(folder == "./" ? 0 : folder.count))."
  }

  /// The folder, with the slash at its end.
  private static func folder(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "./"
  }
}
