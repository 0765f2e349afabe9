/// Posts to web servers over one connection that is kept: the second request needs no new handshake.
package protocol WebClient: Sendable {
  init()

  /// Sends a body by POST. Blocks.
  ///
  /// - Parameter limit: how long it may take, connecting included.
  /// - Throws: why it was not taken, without the URL.
  func post(
    _ body: String, as type: String, to url: String, within limit: Duration
  ) throws(DeliveryFailure)
}

/// The web client of this binary: the module `Delivery` has one, and is linked with the trait `Delivery` only.
///
/// That module imports this one, so it cannot be named here. Instead it makes this type conform to
/// `WebDeliveryProvider`, and the conformance is looked for while the program runs (docs/decisions/0023).
package enum WebDelivery {
  package static let isMissing = "needs a binary built with the trait Delivery (swift build --traits Delivery)"

  package static var isBuiltIn: Bool { provider != nil }

  /// A new client, which has a connection of its own; `nil` in a binary without the module.
  package static func client() -> (any WebClient)? { provider?.clientType.init() }

  private static var provider: (any WebDeliveryProvider.Type)? { WebDelivery.self as? any WebDeliveryProvider.Type }
}

/// What the module that holds the client makes `WebDelivery` conform to.
package protocol WebDeliveryProvider {
  static var clientType: any WebClient.Type { get }
}
