/// Whether a setting selects the work: which items a run is for.
///
/// It does if two schedules that differ only in this setting do different work. It is then part of the run's identity
/// (`RunIdentity.variant`), so their runs are no duplicates. A setting that only changes how the work is done does not.
public struct Selection: Sendable, Equatable {
  enum Form: Sendable, Equatable {
    case nothing
    case word
    case tagged(String, isFixed: Bool)
  }

  let form: Form
  var isOnce = false

  /// The setting does not select the work.
  public static let nothing = Selection(form: .nothing)

  /// Selects work by a word, which stands in the variant as it is.
  ///
  /// For words from a fixed list of the job (modes, levels) that no other setting of the job shares.
  public static let work = Selection(form: .word)

  /// The value stands in the variant behind a word: `merchant-acme`.
  ///
  /// - Parameters:
  ///   - tag: of a-z and _, and used by no other setting of the job.
  ///   - isFixed: whether values can only be dates and moments, which stay readable as they are.
  public static func work(as tag: String, isFixed: Bool = false) -> Selection {
    Selection(form: .tagged(tag, isFixed: isFixed))
  }

  /// Selects work once: days, ids, a range.
  ///
  /// It distinguishes runs like all others, but has no separate totals and metrics, because each selection would add a
  /// series.
  public static func once(as tag: String, isFixed: Bool = false) -> Selection {
    Selection(form: .tagged(tag, isFixed: isFixed), isOnce: true)
  }

  var selects: Bool { form != .nothing }

  /// Names as a set: each once, in the order of their bytes.
  public static func asSet(_ names: [String]) -> [String] {
    var seen: Set<ExactName> = []
    return names.filter { seen.insert(ExactName($0)).inserted }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The part that the setting adds to the variant.
  ///
  /// - Parameter words: the value in canonical form: the members of a list, nothing for a switch that is on.
  func part(_ words: [String]) -> Variant.Part {
    switch form {
    case .nothing, .word: Variant.Part(tag: nil, words: words, isFixed: true, isOnce: isOnce)
    case .tagged(let tag, let isFixed): Variant.Part(tag: tag, words: words, isFixed: isFixed, isOnce: isOnce)
    }
  }
}
