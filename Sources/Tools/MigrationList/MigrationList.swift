import Foundation
import PackagePlugin

/// Puts the files of the folder `lines` into the program, so that a migration is there because its file is.
///
/// No list of them is kept by hand. It runs while the package is built and is part of no binary
/// (docs/decisions/0022-migrations-in-lines.md).
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
      all += names.map { "\(line)/\($0)" }
    }
    let output = context.pluginWorkDirectoryURL.appending(path: "Files.swift")
    return [
      // A command whose inputs or arguments have changed is run again.
      .buildCommand(
        displayName: "Listing migrations", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", Self.script, "sh", output.path, folder.path] + all,
        inputFiles: all.map { folder.appending(path: $0) }, outputFiles: [output])
    ]
  }

  /// Writes each file as a string literal.
  ///
  /// One of numbers, as SwiftPM itself embeds files, takes the compiler most of a minute for all of them. In a literal
  /// with ## nothing means anything but what ends it, and a file with that would not compile. The last line break
  /// before the end of a literal is not part of it.
  private static let script = ###"""
    output=$1 folder=$2; shift 2; set -e
    {
      printf 'extension Migration {\n  /// The files of the folder `lines`: their names, and what they hold.\n'
      printf '  static let files: [(name: String, text: String)] = [\n'
      for file; do
        printf '    ("%s", ##"""\n' "${file##*/}"
        cat "$folder/$file"
        printf '\n"""##),\n'
      done
      printf '  ]\n}\n'
    } >"$output"
    """###

  private static func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func stem(of name: String) -> String { String(name.prefix { $0 != "." }) + "." }
}

private struct Problem: Error, CustomStringConvertible {
  var description: String
}
