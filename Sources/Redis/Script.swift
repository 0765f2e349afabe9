/// A Lua script that the server keeps: sent once, then called by its name.
///
/// The server's name for it is learnt from `SCRIPT LOAD`, so no digest is computed here.
public struct Script: Sendable, Hashable {
  public let source: String

  public init(_ source: String) { self.source = source }
}
