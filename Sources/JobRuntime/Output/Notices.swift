package import Postgres
import Synchronization

/// The notices of Postgres: the first ones, then a count.
///
/// A trigger may raise one for every row.
package final class Notices: Sendable {
  /// How many are logged.
  private static let most = 20
  /// How many bytes of each.
  private static let longest = 1000

  private let say: @Sendable (Notice) -> Void
  private let received = Mutex(0)

  package init(_ say: @escaping @Sendable (Notice) -> Void) { self.say = say }

  /// The same options, with this as the receiver of their connections' notices.
  package func received(from options: ConnectionOptions) -> ConnectionOptions {
    var options = options
    options.receiveNotice = { [self] notice in take(notice) }
    return options
  }

  private func take(_ notice: Notice) {
    let number = received.withLock { received in
      received += 1
      return received
    }
    guard number <= Self.most else { return }
    var notice = notice
    notice.message = "Postgres says: " + notice.message.shortened(to: Self.longest)
    notice.hint = notice.hint?.shortened(to: Self.longest)
    say(notice)
  }

  /// How many were left out.
  package var leftOut: Int { received.withLock { max(0, $0 - Self.most) } }
}

extension Log {
  /// What Postgres says to a run.
  func notices() -> Notices {
    Notices { notice in
      let facts: JSON = notice.hint.map { ["hint": .string($0)] } ?? [:]
      switch notice.severity {
      case .debug: self.debug(notice.message, facts)
      case .info: self.info(notice.message, facts)
      case .warning: self.warning(notice.message, facts)
      }
    }
  }
}
