/// What is behind the options of `muster map`: the command, and after `:::` and its kin where its arguments come from.
struct MapWords: Equatable, Sendable {
  enum Source: Equatable, Sendable {
    case list([Bytes])
    case file(String)
  }

  var command: [Bytes] = []
  /// Every combination of one row of each group is a command; the sources of a group go side by side.
  var groups: [[Source]] = []

  /// - Parameters:
  ///   - words: as on the command line.
  ///   - files: of `-a`. Without any source it is standard input.
  /// - Throws: `MapError` for a `:::+` without anything before it.
  init(_ words: [String], files: [String] = []) throws(MapError) {
    groups = files.map { [.file($0)] }
    let parts = Self.split(words)
    command = parts.command.map(\.bytes)
    for (separator, values) in parts.sources {
      let sources: [Source] = separator.takesFiles ? values.map { .file($0) } : [.list(values.map(\.bytes))]
      if separator.isLinked {
        guard !groups.isEmpty else {
          throw MapError("\(separator.rawValue) links its values to those before it, and there are none")
        }
        groups[groups.count - 1] += sources
      } else {
        groups += sources.map { [$0] }
      }
    }
    if groups.isEmpty { groups = [[.file("-")]] }
  }

  /// How many commands there are, if that can be said without reading anything.
  var count: Int? {
    var product = 1
    for group in groups {
      var rows = Int.max
      for source in group {
        guard case .list(let values) = source else { return nil }
        rows = min(rows, values.count)
      }
      product *= rows
    }
    return product
  }

  var readsStandardInput: Bool { groups.contains { $0.contains(.file("-")) } }

  private enum Separator: String {
    case list = ":::"
    case linkedList = ":::+"
    case files = "::::"
    case linkedFiles = "::::+"

    var takesFiles: Bool { self == .files || self == .linkedFiles }
    var isLinked: Bool { self == .linkedList || self == .linkedFiles }
  }

  private static func split(_ words: [String]) -> (command: [String], sources: [(Separator, [String])]) {
    var command: [String] = []
    var sources: [(Separator, [String])] = []
    for word in words {
      if let separator = Separator(rawValue: word) {
        sources.append((separator, []))
      } else if sources.isEmpty {
        command.append(word)
      } else {
        sources[sources.count - 1].1.append(word)
      }
    }
    return (command, sources)
  }
}
