/// A file that is fetched from a web server, or stored there, by an address that is a secret itself.
public struct WebTransfer: Sendable {
  /// Whether the file is fetched or stored, and where it is on this machine.
  public enum Direction: Sendable {
    /// Into an open file, from its beginning, by GET.
    ///
    /// - Parameter atMost: in bytes; of a larger one the reply says `isTooLarge`.
    case fetch(into: Int32, atMost: Int)
    /// All of an open file, by PUT.
    ///
    /// - Parameters:
    ///   - size: in bytes.
    ///   - type: the header Content-Type.
    case store(from: Int32, size: Int, type: String)
  }

  /// The whole address, a secret.
  public var url: String
  /// What is done with the file.
  public var direction: Direction
  /// The setting that would allow private addresses, where only public ones are allowed; then no proxy is used either.
  public var settingForPrivate: String?
  /// Authorities in PEM form, instead of the system's.
  public var authorities: String?

  /// - Parameter url: a presigned address; it appears in no message.
  public init(_ direction: Direction, at url: String) { (self.direction, self.url) = (direction, url) }
}
