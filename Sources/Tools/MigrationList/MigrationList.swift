import Foundation
import PackagePlugin

/// Lists the files of the folder `lines`, so that a migration is there because its file is, and no list of them is kept
/// by hand.
///
/// Runs while the package is built and is part of no binary (docs/decisions/0022-migrations-in-lines.md).
///
/// A file is `lines/LINE/LINE_NUMBER_NAME.sql`, with four digits and no gap; beside it may be one that ends with
/// `.check.sql` or `.report.sql`.
@main
struct MigrationList: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folder = target.directoryURL.appending(path: "lines")
    let lines = try Self.names(in: folder)
    var all: [String] = []
    for line in lines {
      let names = try Self.names(in: folder.appending(path: line))
      let steps = names.filter { !$0.hasSuffix(".check.sql") && !$0.hasSuffix(".report.sql") }
      for (number, name) in zip(1..., steps) {
        let digits = String(repeating: "0", count: max(0, 4 - String(number).count)) + String(number)
        guard name.hasPrefix("\(line)_\(digits)_"), name.hasSuffix(".sql") else {
          throw Problem(description: "\(line)/\(name): the next file of this line begins with \(line)_\(digits)_")
        }
      }
      for name in Set(names).subtracting(steps) where !steps.contains(where: { $0.hasPrefix(Self.stem(of: name)) }) {
        throw Problem(description: "\(line)/\(name) belongs to no migration")
      }
      all += names
    }
    let output = context.pluginWorkDirectoryURL.appending(path: "Files.swift")
    return [
      // A command whose arguments have changed is run again.
      .buildCommand(
        displayName: "Listing migrations", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", "printf %s \"$1\" >\"$2\"", "sh", Self.text(of: all), output.path], outputFiles: [output])
    ]
  }

  private static func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func stem(of name: String) -> String { String(name.prefix { $0 != "." }) + "." }

  private static func text(of names: [String]) -> String {
    let entries = names.map { name in
      // As SwiftPM names what it embeds.
      "    (\"\(name)\", PackageResources.\(name.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined())),\n"
    }
    return """
      extension Migration {
        /// What is in the folder `lines`: the files' names, and their bytes.
        static let files: [(name: String, bytes: [UInt8])] = [
      \(entries.joined())  ]
      }

      """
  }
}

private struct Problem: Error, CustomStringConvertible {
  var description: String
}
