import Foundation

/// Says that a check did not take place.
package func skipped(_ what: String, because reason: String) {
  FileHandle.standardError.write(Data("SKIPPED: \(what), because \(reason)\n".utf8))
}
