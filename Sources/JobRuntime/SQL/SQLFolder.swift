extension [SQLFile] {
  /// The built-in files, and those of the folder that a setting names: more, or replacements by the same name.
  ///
  /// - Parameters:
  ///   - folder: what the setting holds.
  ///   - setting: its name, for messages.
  public static func builtIn(
    _ builtIn: [SQLFile], andFrom folder: String?, named setting: String, _ env: inout Environment
  ) -> [SQLFile] {
    guard let folder else { return builtIn }
    var files = builtIn
    do {
      // A ConfigMap's folder has links beside its files, whose names begin with a dot.
      for name in try SmallFile.names(in: folder) where name.hasSuffix(SQLFile.ending) && !name.hasPrefix(".") {
        let file = SQLFile(file: name, in: folder)
        files.removeAll { ExactName($0.name) == ExactName(file.name) }
        files.append(file)
      }
    } catch {
      env.complain(setting, "names \(folder), which cannot be read: \(error)")
    }
    return files
  }

  /// Those that a setting chooses by name.
  ///
  /// - Parameters:
  /// - names: what the setting holds; if it is unset, all are chosen.
  ///   - kind: what the files are, for messages: "board".
  public func chosen(_ names: [String]?, named setting: String, kind: String, _ env: inout Environment) -> [SQLFile] {
    guard let names else { return self }
    if names.isEmpty { env.complain(setting, "names no \(kind)") }
    for name in names where !contains(where: { $0.name == name }) {
      env.complain(
        setting, "names «\(name)», which is not a \(kind); there are \(map(\.name).joined(separator: ", "))")
    }
    return filter { names.contains($0.name) }
  }
}
