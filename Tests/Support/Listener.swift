import Foundation

/// A TCP port that takes connections and never answers.
package final class Listener: Sendable {
  package let port: Int
  private let socket: Int32

  package init() throws { (socket, port) = try Socket.listen() }

  /// Listens at 127.0.0.`last`.
  package init(last: UInt32, port: Int) throws { (socket, self.port) = try Socket.listen(last: last, port: port) }

  deinit { close(socket) }

  /// Whether somebody has connected: the kernel takes connections by itself and keeps them until they are
  /// asked for, which nobody does here.
  package var hasConnection: Bool {
    var waited = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&waited, 1, 0) > 0
  }
}
