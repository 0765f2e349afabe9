import CLibPQ
import Glibc

/// What libpq makes of a connection string, by its own keywords.
enum ConnectionParameters {
  /// What the text itself says.
  ///
  /// Errors: libpq's complaint. It may repeat any part of the text.
  static func written(in url: String) throws(Complaint) -> [String: String] {
    var complaint: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(url, &complaint) else {
      defer { freeLibpqMemory(complaint) }
      throw Complaint(text: complaint.map { String(cString: $0).trimmingNewlines() } ?? "out of memory")
    }
    return values(of: ConnectionOptionsHandle(adopting: parsed))
  }

  struct Complaint: Error { var text: String }

  /// What holds for a connection: the text, then the service file, then the environment (`PGHOST`, `PGOPTIONS`), then
  /// libpq's defaults.
  ///
  /// libpq combines these only for a connection. A connection with a value that no version of libpq takes ends before
  /// it contacts anything, and still shows the combined values.
  static func inEffect(_ url: String) -> [String: String] {
    guard let started = start([("dbname", url), ("channel_binding", "never connect")]) else { return [:] }
    let connection = ConnectionHandle(adopting: started, notices: NoticeReceiver { _ in })
    guard let options = PQconninfo(connection.pointer) else { return [:] }
    return values(of: ConnectionOptionsHandle(adopting: options)).filter { $0.key != "channel_binding" }
  }

  /// Begins to connect.
  ///
  /// A connection string may stand as `dbname`; parameters after it override it.
  ///
  /// - Returns: `nil` without memory.
  static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
    var keywords = parameters.map { strdup($0.keyword) } + [nil]
    var values = parameters.map { strdup($0.value) } + [nil]
    defer {
      keywords.forEach { free($0) }
      values.forEach { free($0) }
    }
    return keywords.withUnsafeMutableBufferPointer { keywords in
      values.withUnsafeMutableBufferPointer { values in
        keywords.withMemoryRebound(to: UnsafePointer<CChar>?.self) { keywords in
          values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
            PQconnectStartParams(keywords.baseAddress, values.baseAddress, 1)
          }
        }
      }
    }
  }

  private static func values(of options: borrowing ConnectionOptionsHandle) -> [String: String] {
    var values: [String: String] = [:]
    var option = options.pointer
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return values
  }
}
