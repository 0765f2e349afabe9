/// A part of a source that is read in order, by one run at a time.
public struct Partition: Sendable, Hashable {
  /// `redis:events:job`, with the installation before it where there are several: `staging/redis:events:job`.
  public let source: String
  /// The partition's number within its source, from 0.
  public let number: Int

  /// - Parameter source: with the installation before it where there are several.
  public init(source: String, number: Int) { (self.source, self.number) = (source, number) }

  /// Names it for people; the location of each of its entries begins with it.
  public var name: String { "\(source)/\(number)" }
}
