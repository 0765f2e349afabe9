/// Reads settings from environment variables.
///
/// It never throws: each call records the setting and any problem with it, and returns the default, so that all
/// problems can be shown at once.
///
/// An empty variable counts as unset: manifests often carry empty ones.
public struct Environment {
  let variables: [String: String]
  /// The environment as it is, empty variables included.
  package let given: [String: String]
  package private(set) var declarations: [SettingDeclaration] = []
  package private(set) var problems: [SettingProblem] = []
  /// The settings that name a time zone.
  package internal(set) var zones: [ZoneSetting] = []
  /// The words behind the binary's name: a job that takes some reads them as it reads its settings.
  package var arguments: Arguments
  /// What the job's runs are called, where that comes from outside; `nil` for the name in its facts.
  package var jobName: String?
  /// Values that must appear in no output.
  package private(set) var secrets: [String] = []
  /// The parts that the settings that select the work add to the variant, where they differ from their defaults.
  private var selected: [Variant.Part] = []

  /// - Parameter variables: the environment. Empty, to print what can be set.
  public init(_ variables: [String: String]) { self.init(variables, arguments: Arguments()) }

  package init(_ variables: [String: String], arguments: Arguments) {
    given = variables
    self.variables = variables.filter { !$0.value.isEmpty }
    self.arguments = arguments
  }

  // MARK: Kinds of settings

  /// The last setting is of a closed kind.
  private mutating func closed<Value>(_ value: Value) -> Value {
    declarations[declarations.count - 1].isClosed = true
    return value
  }

  /// These settings say where data is, what is executed, how long data is kept, or what is protected: whoever starts a
  /// run may not set them, although they select the work or are of a closed kind.
  public mutating func reserveForInstallers(_ names: String...) {
    for index in declarations.indices where names.contains(declarations[index].name) {
      declarations[index].isForInstallers = true
    }
  }

  /// Reads a text of any form.
  ///
  /// - Parameter selects: whether and how the value selects the work, here and in the functions below.
  public mutating func string(
    _ name: String, default fallback: String, help: String, selects: Selection = .nothing
  ) -> String {
    custom(name, form: "text", default: fallback, help: help, selects: selects, written: { [$0] }) { .success($0) }
      ?? fallback
  }

  /// Reads a text of any form; `nil` where it is not set.
  public mutating func optionalString(_ name: String, help: String, selects: Selection = .nothing) -> String? {
    custom(name, form: "text", default: nil, help: help, selects: selects, written: { [$0] }) { .success($0) }
  }

  /// Reads the path of a file or folder, and does not open it; `nil` where it is not set.
  public mutating func optionalPath(_ name: String, help: String) -> String? {
    custom(name, form: SettingDeclaration.path, default: nil, help: help) { .success($0) }
  }

  /// A path that has to be set.
  ///
  /// Where it is missing, the returned value is never used: the run ends first.
  public mutating func requiredPath(_ name: String, help: String) -> String {
    declarations.append(SettingDeclaration(name: name, form: SettingDeclaration.path, isRequired: true, help: help))
    let path = variables[name] ?? ""
    if path.isEmpty { complain(name, "is required; it reads path") }
    return path
  }

  /// Reads `true`, `1`, `yes`, `on` or their opposites, in any case.
  public mutating func bool(
    _ name: String, default fallback: Bool, help: String, selects: Selection = .nothing
  ) -> Bool {
    let value: Bool? = custom(
      name, form: "true or false", default: "\(fallback)", help: help, selects: selects,
      written: { $0 ? [] : ["off"] }
    ) { text in
      switch text.lowercased() {
      case "true", "1", "yes", "on": .success(true)
      case "false", "0", "no", "off": .success(false)
      default: .failure("is «\(text)», not true or false")
      }
    }
    return closed(value) ?? fallback
  }

  /// Reads a whole number within a range.
  public mutating func int(
    _ name: String, default fallback: Int, in range: ClosedRange<Int>, help: String
  ) -> Int {
    let value: Int? = custom(
      name, form: "\(range.lowerBound)…\(range.upperBound)", default: "\(fallback)", help: help
    ) { text in
      guard let value = Int(text) else { return .failure("is «\(text)», not a whole number") }
      guard range.contains(value) else {
        return .failure("is \(value), outside of \(range.lowerBound)…\(range.upperBound)")
      }
      return .success(value)
    }
    return closed(value) ?? fallback
  }

  /// Reads a duration such as `90s`, `1h` or `7d` within a range.
  public mutating func duration(
    _ name: String, default fallback: Duration, in range: ClosedRange<Duration> = .zero ... .days(36_525), help: String,
    selects: Selection = .nothing
  ) -> Duration {
    duration(name, defaultText: DurationText.format(fallback), in: range, help: help, selects: selects) ?? fallback
  }

  /// Reads a duration within a range; `nil` where it is not set.
  public mutating func optionalDuration(
    _ name: String, in range: ClosedRange<Duration> = .zero ... .days(36_525), help: String,
    selects: Selection = .nothing
  ) -> Duration? {
    duration(name, defaultText: nil, in: range, help: help, selects: selects)
  }

  private mutating func duration(
    _ name: String, defaultText: String?, in range: ClosedRange<Duration>, help: String, selects: Selection
  ) -> Duration? {
    let value: Duration? = custom(
      name, form: "duration", default: defaultText, help: help, selects: selects,
      written: { [DurationText.format($0)] }
    ) { text in
      guard let value = DurationText.parse(text) else {
        return .failure("is «\(text)», not a duration such as 500ms, 30s, 5m, 1h or 7d")
      }
      guard range.contains(value) else {
        let bounds = "\(DurationText.format(range.lowerBound))…\(DurationText.format(range.upperBound))"
        return .failure("is \(text), outside of \(bounds)")
      }
      return .success(value)
    }
    return closed(value)
  }

  /// One word out of the cases of an enumeration.
  public mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, default fallback: Choice, help: String, selects: Selection = .nothing
  ) -> Choice {
    let words = Choice.allCases.map(\.rawValue)
    let form = words.dropLast().joined(separator: ", ") + (words.count > 1 ? " or " : "") + (words.last ?? "")
    let value: Choice? = custom(
      name, form: form, default: fallback.rawValue, help: help, selects: selects, written: { [$0.rawValue] }
    ) { text in
      Choice(rawValue: text).map { .success($0) } ?? .failure("is «\(text)», not \(form)")
    }
    return closed(value) ?? fallback
  }

  /// A setting with its own form.
  ///
  /// - Parameters:
  ///   - form: how a value is written, for `--help`.
  ///   - fallback: the default as it stands in tables; `nil` reads "none".
  ///   - parse: the value, or what is wrong with it as the rest of a sentence: "is «x», not …".
  /// - Returns: `nil` when it is unset or wrong.
  public mutating func custom<Value>(
    _ name: String, form: String, default fallback: String?, help: String,
    parse: (String) -> Parsed<Value>
  ) -> Value? {
    custom(name, form: form, default: fallback, help: help, selects: .nothing, written: { _ in [] }, parse: parse)
  }

  /// A setting with its own form that selects the work.
  ///
  /// - Parameter written: the value as the variant has it, the same for all texts that mean the same work: for a list,
  ///   its members in a fixed order.
  public mutating func custom<Value>(
    _ name: String, form: String, default fallback: String?, help: String, selects: Selection,
    written: (Value) -> [String], parse: (String) -> Parsed<Value>
  ) -> Value? {
    declarations.append(
      SettingDeclaration(name: name, form: form, fallback: fallback, help: help, selects: selects.selects))
    guard let value = parsed(variables[name], name, parse) else { return nil }
    guard selects.selects else { return value }
    let words = written(value)
    if let fallback, case .success(let usual) = parse(fallback), Variant.areSame(words, written(usual)) { return value }
    selected.append(selects.part(words))
    return value
  }

  /// A setting that selects the work and has to be set, as `custom`.
  ///
  /// - Returns: `nil` when it is unset or wrong; then the run ends before.
  public mutating func required<Value>(
    _ name: String, form: String, help: String, selects: Selection, written: (Value) -> [String],
    parse: (String) -> Parsed<Value>
  ) -> Value? {
    let value = custom(name, form: form, default: nil, help: help, selects: selects, written: written, parse: parse)
    declarations[declarations.count - 1].isRequired = true
    if variables[name] == nil { complain(name, "is required; it reads \(form)") }
    return value
  }

  // MARK: What is selected

  /// Records what several settings select together: a list, and the folder that it chooses from.
  ///
  /// - Parameters:
  ///   - names: the settings, which have been read before.
  ///   - tag: as `Selection.work(as:)`.
  ///   - chosen: what they select, in any order.
  ///   - usual: what their defaults select.
  ///   - more: the tag to use instead where all that is usual is selected, and more; only the additional names follow
  ///     it.
  public mutating func select(
    _ names: [String], as tag: String, _ chosen: [String], unlike usual: [String], more: String? = nil
  ) {
    for index in declarations.indices where names.contains(declarations[index].name) {
      declarations[index].selects = true
    }
    let (words, usual) = (Selection.asSet(chosen), Selection.asSet(usual))
    guard !Variant.areSame(words, usual) else { return }
    let added = words.filter { !usual.contains($0) }
    if let more, added.count == words.count - usual.count {
      selected.append(Selection.work(as: more).part(added))
    } else {
      selected.append(Selection.work(as: tag).part(words))
    }
  }

  /// The name of the work that these settings select; empty where they have their defaults.
  package var variant: String { Variant.text(of: selected) }

  /// The same without one-off selections: the name under which totals and metrics are kept.
  package var series: String { Variant.text(of: selected.filter { !$0.isOnce }) }

  /// A setting that may hold a secret: read from `NAME`, or from the file that `NAME_FILE` names.
  ///
  /// - Parameter parse: as in `custom`; its messages must not repeat the value.
  public mutating func secret<Value>(
    _ name: String, form: String, isRequired: Bool, help: String, parse: (String) -> Parsed<Value>
  ) -> Value? {
    declarations.append(
      SettingDeclaration(name: name, form: form, isRequired: isRequired, help: help, isSecret: true))
    let text = secretText(name)
    if let text {
      secrets.append(text)
    } else if isRequired, !problems.contains(where: { [name, name + "_FILE"].contains($0.name) }) {
      problems.append(SettingProblem(name: name, message: "is required; it reads \(form)"))
    }
    return parsed(text, name, parse)
  }

  /// The outcome of parsing a setting's text.
  public enum Parsed<Value> {
    case success(Value)
    case failure(String)
  }

  /// Records a part of a value (the password inside a URL) as a secret too.
  public mutating func conceal(_ values: [String]) { secrets += values }

  /// Records a problem that shows only when settings are seen together.
  public mutating func complain(_ name: String, _ message: String) {
    problems.append(SettingProblem(name: name, message: message))
  }

  private mutating func parsed<Value>(_ text: String?, _ name: String, _ parse: (String) -> Parsed<Value>) -> Value? {
    guard let text else { return nil }
    switch parse(text) {
    case .success(let value): return value
    case .failure(let message):
      problems.append(SettingProblem(name: name, message: message))
      return nil
    }
  }

  private mutating func secretText(_ name: String) -> String? {
    let fileName = name + "_FILE"
    guard let path = variables[fileName] else { return variables[name] }
    guard variables[name] == nil else {
      complain(name, "is set, and \(fileName) too; set only one of them")
      return nil
    }
    do {
      var text = try SmallFile.read(path)
      // The one newline that editors put at the end.
      if text.utf8.last == UInt8(ascii: "\n") { text = String(decoding: text.utf8.dropLast(), as: UTF8.self) }
      if !text.isEmpty { return text }
      complain(fileName, "names \(path), which is empty")
    } catch {
      complain(fileName, "names \(path), which cannot be read: \(error)")
    }
    return nil
  }
}
