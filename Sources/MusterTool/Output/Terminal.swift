import Glibc

/// What standard output is: a terminal, of some width, with colours or without.
struct Terminal: Sendable {
  let isTerminal: Bool
  let hasColours: Bool
  /// In characters.
  let width: Int

  static let standardOutput = Terminal(descriptor: STDOUT_FILENO)

  /// Colours are for terminals that can show them, and never for who does not want any (no-color.org).
  init(descriptor: Int32, _ variable: (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
    isTerminal = isatty(descriptor) == 1
    hasColours = isTerminal && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    width = variable("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? (isKnown ? Int(size.ws_col) : 100)
  }
}

/// How a piece of text looks.
enum Style: Sendable {
  case bold, dim, red, green, yellow
  /// One of those that tell workers apart.
  case worker(Int)

  private static let workers = [39, 208, 76, 199, 220, 51, 141, 203, 118, 33, 213, 178]

  fileprivate var code: String {
    switch self {
    case .bold: "1"
    case .dim: "2"
    case .red: "31"
    case .green: "32"
    case .yellow: "33"
    case .worker(let number): "38;5;\(Self.workers[number % Self.workers.count])"
    }
  }
}

extension Terminal {
  func styled(_ text: String, _ style: Style) -> String {
    hasColours ? "\u{1B}[\(style.code)m\(text)\u{1B}[0m" : text
  }
}
