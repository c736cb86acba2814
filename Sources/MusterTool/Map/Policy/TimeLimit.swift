/// A duration as GNU parallel reads it: seconds, or numbers with units, `1.5`, `90s`, `2m`, `1h30m`, `1d`.
struct TimeLimit: Equatable, Sendable {
  let duration: Duration

  /// - Returns: `nil` for what is no positive duration.
  init?(_ text: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    var seconds = 0.0
    var number = ""
    for character in text {
      if character.isNumber || character == "." {
        number.append(character)
        continue
      }
      guard let unit = units[character], let value = Double(number) else { return nil }
      seconds += value * unit
      number = ""
    }
    if !number.isEmpty {
      guard let value = Double(number) else { return nil }
      seconds += value
    }
    guard seconds > 0, seconds < 1e9 else { return nil }
    duration = .milliseconds(Int((seconds * 1000).rounded(.up)))
  }
}
