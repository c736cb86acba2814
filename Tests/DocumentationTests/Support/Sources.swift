/// All that Muster's own sources say.
enum Sources {
  /// With literals that go over several lines put together.
  static let all: String = {
    let folders = [("Sources", ".swift"), ("Sources", ".c"), ("scripts", ""), ("Tests/Lab", "")]
    let paths = folders.flatMap { Repository.files(in: $0.0, ending: $0.1) } + ["Package.swift", "Makefile"]
    let text = paths.compactMap { try? Repository.text($0) }.joined(separator: "\n")
    return text.replacing(/"\s*\n\s*\+ "/, with: "").replacing(#/ \\\n\s*/#, with: " ")
  }()
}
