import Foundation

/// The compiler, for texts that are to compile, or are not to: with the modules that are built already, and the settings
/// of `Package.swift`.
package enum Compiler {
  /// Where the modules' objects are, each module's in a folder of its own.
  package static let products = Binary("Modules").url.deletingLastPathComponent().path
  /// The package's folder.
  package static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    .path

  /// - Parameters:
  ///   - files: what is compiled, and objects that are linked with it.
  ///   - options: what is made of them.
  ///   - isOfPackage: whether what is `package` may be used.
  package static func run(_ files: [String], _ options: [String], isOfPackage: Bool = false) async throws
    -> Binary.Outcome
  {
    let features = [
      "ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault", "NonisolatedNonsendingByDefault",
    ]
    let maps =
      ["CLibPQ", "CHiredis", "COpenSSL"].map { "-fmodule-map-file=\(root)/Sources/\($0)/module.modulemap" }
      + ["-fmodule-map-file=\(products)/CChild.build/module.modulemap"]
    var arguments = ["swiftc", "-swift-version", "6", "-warnings-as-errors", "-I", "\(products)/Modules"]
    for feature in features { arguments += ["-enable-upcoming-feature", feature] }
    for option in maps + ["-I/usr/include/postgresql"] { arguments += ["-Xcc", option] }
    // SwiftPM names a package that is built by itself after its folder.
    if isOfPackage { arguments += ["-package-name", URL(filePath: root).lastPathComponent.lowercased()] }
    return try await Binary(path: "/usr/bin/env").run(arguments + options + files)
  }
}
