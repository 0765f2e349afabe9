/// Reads the arguments of a job or of a command.
///
/// Like `Environment` it never throws: each call records what can be given and any problem with the given value, and
/// then returns the default. The declarations are the one source for parsing, `--help`, shell completion and the man
/// page.
///
/// Options are read before operands, because only the options say which words are their values.
package struct Arguments {
  package private(set) var options: [OptionDeclaration] = []
  package private(set) var operands: [OperandDeclaration] = []
  package private(set) var problems: [String] = []
  /// The words that have not been read yet.
  private var words: [String]
  /// The words after `--`: operands, whatever they begin with.
  private var rest: [String]

  /// - Parameter words: empty, to print what can be given.
  package init(_ words: [String] = []) {
    let end = words.firstIndex(of: "--") ?? words.endIndex
    self.words = Array(words[..<end])
    rest = Array(words[end...].dropFirst())
  }

  // MARK: Options

  /// Whether `--name` is given.
  package mutating func flag(_ name: String, help: String) -> Bool {
    options.append(OptionDeclaration(name: name, value: nil, fallback: nil, help: help))
    let isGiven = words.contains("--\(name)")
    words.removeAll { $0 == "--\(name)" }
    if words.contains(where: { $0.hasPrefix("--\(name)=") }) { problems.append("--\(name) takes no value") }
    return isGiven
  }

  /// One of several flags, each a case of an enumeration.
  ///
  /// Only one may be given: a second one is an error.
  ///
  /// - Parameter help: what each of them does.
  package mutating func oneFlag<Choice: RawRepresentable<String> & CaseIterable>(
    of type: Choice.Type, help: (Choice) -> String
  ) -> Choice? {
    options += Choice.allCases.map { OptionDeclaration(name: $0.rawValue, value: nil, fallback: nil, help: help($0)) }
    let given = Choice.allCases.compactMap { choice in
      words.firstIndex(of: "--\(choice.rawValue)").map { (index: $0, choice: choice) }
    }
    guard let first = given.min(by: { $0.index < $1.index }) else { return nil }
    words.remove(at: first.index)
    return first.choice
  }

  package mutating func optionalText(_ name: String, _ value: ValueKind, help: String) -> String? {
    custom(name, value, default: nil, help: help) { .success($0) }
  }

  package mutating func duration(_ name: String, default fallback: Duration?, help: String) -> Duration? {
    custom(name, .text("DURATION"), default: fallback.map(DurationText.format), help: help) { text in
      DurationText.parse(text).map { .success($0) } ?? .failure("is «\(text)», not a duration such as 90s, 1h or 7d")
    } ?? fallback
  }

  package mutating func int(_ name: String, default fallback: Int, in range: ClosedRange<Int>, help: String) -> Int {
    custom(name, .text("N"), default: "\(fallback)", help: help) { text in
      guard let value = Int(text), range.contains(value) else {
        return .failure("is «\(text)», not a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return .success(value)
    } ?? fallback
  }

  /// One word out of the cases of an enumeration.
  package mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type, default fallback: Choice?, help: String
  ) -> Choice? {
    let all = Choice.allCases.map(\.rawValue)
    return custom(name, .choice(all), default: fallback?.rawValue, help: help) { text in
      Choice(rawValue: text).map { .success($0) } ?? .failure("is «\(text)», not one of \(all.joined(separator: ", "))")
    } ?? fallback
  }

  /// An option `--name VALUE` or `--name=VALUE` with its own form.
  ///
  /// - Parameter parse: the value, or what is wrong with it as the rest of a sentence: "is «x», not …".
  package mutating func custom<Value>(
    _ name: String, _ value: ValueKind, default fallback: String?, help: String,
    parse: (String) -> Environment.Parsed<Value>
  ) -> Value? {
    options.append(OptionDeclaration(name: name, value: value, fallback: fallback, help: help))
    guard let text = take("--\(name)") else { return nil }
    switch parse(text) {
    case .success(let value): return value
    case .failure(let message):
      problems.append("--\(name) \(message)")
      return nil
    }
  }

  // MARK: Operands

  /// The next word that is not an option.
  ///
  /// - Returns: an empty text where it is missing, which is recorded as a problem.
  package mutating func operand(_ value: ValueKind, help: String) -> String {
    operands.append(OperandDeclaration(value: value, help: help))
    if let word = nextOperand() { return word }
    problems.append("\(value.placeholder) is missing: \(help)")
    return ""
  }

  /// The next word that is not an option, out of the cases of an enumeration.
  package mutating func choiceOperand<Choice: RawRepresentable<String> & CaseIterable>(
    of type: Choice.Type, help: String
  ) -> Choice? {
    let all = Choice.allCases.map(\.rawValue)
    let text = operand(.choice(all), help: help)
    let choice = Choice(rawValue: text)
    if choice == nil, !text.isEmpty { problems.append("«\(text)» is not one of \(all.joined(separator: ", "))") }
    return choice
  }

  /// The next word that is not an option, if there is one.
  package mutating func optionalOperand(_ value: ValueKind, help: String) -> String? {
    operands.append(OperandDeclaration(value: value, help: help, isOptional: true))
    return nextOperand()
  }

  /// All words that are left and no options: none, one or more.
  package mutating func operands(_ value: ValueKind, help: String) -> [String] {
    operands.append(OperandDeclaration(value: value, help: help, isOptional: true, isRepeated: true))
    var found: [String] = []
    while let word = nextOperand() { found.append(word) }
    return found
  }

  private mutating func nextOperand() -> String? {
    if let index = words.firstIndex(where: { !$0.hasPrefix("--") }) { return words.remove(at: index) }
    return rest.isEmpty ? nil : rest.removeFirst()
  }

  /// All words behind `--`: a program and its arguments.
  package mutating func command(help: String) -> [String] {
    operands.append(OperandDeclaration(value: .text("-- COMMAND [ARGUMENT…]"), help: help))
    defer { rest = [] }
    return rest
  }

  /// Records a problem that shows only when arguments are seen together.
  package mutating func complain(_ message: String) { problems.append(message) }

  /// Ends the reading: words that are left are problems.
  package mutating func end() {
    problems += (words + rest).map { "the argument \($0) is not known, or one too many" }
    (words, rest) = ([], [])
  }

  private mutating func take(_ option: String) -> String? {
    var value: String?
    while let index = words.firstIndex(where: { $0 == option || $0.hasPrefix(option + "=") }) {
      let word = words.remove(at: index)
      if value != nil {
        problems.append("\(option) is given twice")
      }
      if word != option {
        value = String(word.dropFirst(option.count + 1))
      } else if index < words.endIndex, !words[index].hasPrefix("--") {
        value = words.remove(at: index)
      } else {
        problems.append("\(option) needs a value; one that begins with -- is given as \(option)=VALUE")
      }
    }
    return value
  }
}

/// What a value stands for: its name in help, and what a shell may offer for it.
package enum ValueKind: Sendable, Equatable {
  /// Anything, shown under this name.
  case text(String)
  case choice([String])
  /// The name of a job.
  case job
  case file

  /// As it stands in a line of usage.
  package var placeholder: String {
    switch self {
    case .text(let name): name
    case .choice(let words): words.joined(separator: "|")
    case .job: "JOB"
    case .file: "FILE"
    }
  }
}

/// The declaration of one option.
package struct OptionDeclaration: Sendable, Equatable {
  /// Without the dashes.
  package var name: String
  /// `nil` for a flag.
  package var value: ValueKind?
  /// The default as it stands in tables; `nil` reads "none".
  package var fallback: String?
  package var help: String

  package init(name: String, value: ValueKind?, fallback: String?, help: String) {
    (self.name, self.value, self.fallback, self.help) = (name, value, fallback, help)
  }

  /// As it is typed: `--job JOB`.
  package var text: String { "--\(name)" + (value.map { " \($0.placeholder)" } ?? "") }
}

/// The declaration of one operand.
package struct OperandDeclaration: Sendable, Equatable {
  package var value: ValueKind
  package var help: String
  package var isOptional = false
  /// Whether more than one may be given.
  package var isRepeated = false
}
