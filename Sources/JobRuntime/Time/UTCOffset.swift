/// An offset from UTC, written instead of the name of a zone: `UTC-5`, `GMT+5:30`, `-05:00`, `<-05>5`.
struct UTCOffset: Equatable {
  /// East of UTC; negative where clocks are behind it.
  var minutes: Int

  /// - Returns: `nil` for a text that is not an offset.
  init?(_ text: String) {
    var rest = Substring(text)
    // The sign counts east, as people write it; after a name in POSIX's notation it counts west.
    var isPOSIX = false
    if rest.hasPrefix("<"), let end = rest.firstIndex(of: ">") {
      (rest, isPOSIX) = (rest[rest.index(after: end)...], true)
    } else {
      let name = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(name.count)
      isPOSIX = !["", "utc", "gmt", "z"].contains(name.lowercased())
    }
    let sign = rest.first.flatMap { ["+": 1, "-": -1, "−": -1][$0] }
    // Without a sign only POSIX means an offset: `EST5`.
    guard sign != nil || isPOSIX else { return nil }
    let numbers = rest.dropFirst(sign == nil ? 0 : 1).split(separator: ":", omittingEmptySubsequences: false)
    let digits = numbers.map(String.init)
    guard let first = digits.first, digits.count <= 3, digits.allSatisfy({ (1...4).contains($0.count) }) else {
      return nil
    }
    // `+0530` is `+05:30`.
    let parts = digits.count == 1 && first.count > 2 ? [String(first.dropLast(2)), String(first.suffix(2))] : digits
    let values = parts.compactMap { UInt8($0) }.map { Int($0) }
    guard values.count == parts.count, values[0] <= 24, values.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
    minutes = (values[0] * 60 + (values.count > 1 ? values[1] : 0)) * (sign ?? 1) * (isPOSIX ? -1 : 1)
  }

  /// What to write instead.
  ///
  /// `Etc/GMT+5` counts west too, but it is a name of a zone.
  var advice: String {
    let hours = minutes / 60
    guard minutes != 0 else { return "This is an offset; write UTC." }
    let rest = abs(minutes % 60)
    let length = rest == 0 ? "\(abs(hours)) h" : "\(abs(hours)) h \(rest) min"
    let name = rest == 0 && (-12...14).contains(hours) ? "Etc/GMT\(hours > 0 ? "-" : "+")\(abs(hours))" : nil
    let spellings = [name, Self.places[minutes]].compactMap(\.self)
    guard !spellings.isEmpty else { return "This is an offset; name a place, for example Europe/Berlin." }
    return
      "This is an offset, and POSIX counts offsets the other way round. For \(length) \(minutes < 0 ? "behind" : "ahead of") UTC write \(spellings.joined(separator: " or ")); a place also follows daylight saving time."
  }

  /// Of each offset that is in use, a place without daylight saving time.
  static let places: [Int: String] = [
    -660: "Pacific/Pago_Pago", -600: "Pacific/Honolulu", -570: "Pacific/Marquesas", -540: "Pacific/Gambier",
    -480: "Pacific/Pitcairn", -420: "America/Phoenix", -360: "America/Costa_Rica", -300: "America/Bogota",
    -240: "America/Puerto_Rico", -180: "America/Argentina/Buenos_Aires", -120: "America/Noronha",
    -60: "Atlantic/Cape_Verde", 60: "Africa/Lagos", 120: "Africa/Johannesburg", 180: "Africa/Nairobi",
    210: "Asia/Tehran", 240: "Asia/Dubai", 270: "Asia/Kabul", 300: "Asia/Karachi", 330: "Asia/Kolkata",
    345: "Asia/Kathmandu", 360: "Asia/Dhaka", 390: "Asia/Yangon", 420: "Asia/Bangkok", 480: "Asia/Singapore",
    525: "Australia/Eucla", 540: "Asia/Tokyo", 570: "Australia/Darwin", 600: "Australia/Brisbane",
    660: "Pacific/Guadalcanal", 720: "Pacific/Tarawa", 780: "Pacific/Tongatapu", 840: "Pacific/Kiritimati",
  ]
}
