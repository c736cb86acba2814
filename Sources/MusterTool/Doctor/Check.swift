/// What was looked at, how it is, and what is to be done.
struct Check: Sendable, Hashable, Encodable {
  enum Verdict: String, Sendable, Hashable, Encodable, CaseIterable {
    case ok, warning, failure

    var style: Style {
      switch self {
      case .ok: .green
      case .warning: .yellow
      case .failure: .red
      }
    }
  }

  /// Where: a host, or nothing for all.
  let place: String
  let name: String
  let verdict: Verdict
  let text: String
  /// What to do about it.
  let advice: String?

  static func ok(_ place: String, _ name: String, _ text: String) -> Check {
    Check(place: place, name: name, verdict: .ok, text: text, advice: nil)
  }

  static func warning(_ place: String, _ name: String, _ text: String, _ advice: String) -> Check {
    Check(place: place, name: name, verdict: .warning, text: text, advice: advice)
  }

  static func failure(_ place: String, _ name: String, _ text: String, _ advice: String) -> Check {
    Check(place: place, name: name, verdict: .failure, text: text, advice: advice)
  }

  /// `ok       n1  round trip  120 µs`, and below it what to do.
  func lines(on terminal: Terminal) -> [String] {
    func padded(_ text: String, to width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let word = terminal.styled(padded(verdict.rawValue, to: 8), verdict.style)
    let line = "\(word) \(padded(place, to: 12)) \(padded(name, to: 11)) \(text)"
    return [line] + (advice.map { [String(repeating: " ", count: 9) + "→ \($0)"] } ?? [])
  }
}
