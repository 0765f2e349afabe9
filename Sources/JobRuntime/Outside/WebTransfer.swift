/// A file that is fetched from a web server, or stored there, by an address that is a secret itself.
public struct WebTransfer: Sendable {
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

  public var url: String
  public var direction: Direction
  /// The setting that would allow private addresses, where only public ones are allowed; then no proxy is used either.
  public var settingForPrivate: String?
  /// Authorities in PEM form, instead of the system's.
  public var authorities: String?

  public init(_ direction: Direction, at url: String) { (self.direction, self.url) = (direction, url) }
}
