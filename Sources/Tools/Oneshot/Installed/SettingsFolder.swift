import Glibc
import JobRuntime

/// A folder that says which jobs are on and with which settings, as the systemd unit of docs/deploy.md reads it:
/// `settings` for all jobs, `JOB.settings` for each that is on, lines `NAME=VALUE`, no secrets.
struct SettingsFolder: Sendable {
  let path: String

  static let ofAll = "settings"
  static let ending = ".settings"

  /// The jobs that have a file.
  func jobs() throws(JobFailure) -> [String] {
    do throws(SmallFile.Failure) {
      return try SmallFile.names(in: path).filter { $0.hasSuffix(Self.ending) && $0 != Self.ending }
        .map { String($0.dropLast(Self.ending.count)) }
    } catch {
      throw JobFailure(
        .misconfigured, "the folder \(path) cannot be read: \(error)",
        hint: "--settings names a folder with a file JOB.settings for each job that is on.")
    }
  }

  /// The settings of a job, those of its own file over those of all.
  func settings(of job: String) throws(JobFailure) -> [String: String] {
    try read(Self.ofAll).merging(try read(job + Self.ending)) { $1 }
  }

  private func read(_ name: String) throws(JobFailure) -> [String: String] {
    let file = "\(path)/\(name)"
    let text: String
    do throws(SmallFile.Failure) { text = try SmallFile.read(file) } catch {
      // As with the unit's EnvironmentFile=-: a file that is not there says nothing.
      if error.number == ENOENT { return [:] }
      throw JobFailure(.misconfigured, "\(file) cannot be read: \(error)")
    }
    return try Self.parse(text, of: file)
  }

  /// - Throws: where a line is none of `NAME=VALUE`.
  static func parse(_ text: String, of file: String) throws(JobFailure) -> [String: String] {
    var settings: [String: String] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimmingBlanks
      if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
      let name = line.prefix { $0 != "=" }
      guard !name.isEmpty, name.count < line.count, name.unicodeScalars.allSatisfy(isOfName) else {
        throw JobFailure(.misconfigured, "\(file):\(index + 1): «\(line)» is none of NAME=VALUE")
      }
      settings[String(name)] = unquoted(line.dropFirst(name.count + 1).trimmingBlanks)
    }
    return settings
  }

  private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
  }

  /// A value without the quotes around it.
  private static func unquoted(_ value: Substring) -> String {
    for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
      return String(value.dropFirst().dropLast())
    }
    return String(value)
  }
}

extension StringProtocol {
  /// Without the blanks around it.
  fileprivate var trimmingBlanks: SubSequence {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
