/// A replacement string of GNU parallel's that stands for arguments: `{}`, `{.}`, `{/}`, `{//}`, `{/.}`, and the same with
/// the position of an argument in front, `{1}`, `{-1.}`.
struct Replacement: Hashable, Sendable {
  /// What of the argument.
  enum Part: String, CaseIterable, Sendable {
    case whole = ""
    case withoutExtension = "."
    case name = "/"
    case directory = "//"
    case nameWithoutExtension = "/."
  }

  /// Which argument: 1 is the first, -1 the last, `nil` stands for all of them.
  var position: Int?
  var part: Part

  init(position: Int? = nil, _ part: Part = .whole) {
    self.position = position
    self.part = part
  }

  /// From what is between the braces; `nil` if it is something else.
  init?(_ inside: some Collection<UInt8>) {
    let number = inside.prefix { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }.text
    let rest = inside.dropFirst(number.utf8.count).text
    guard let part = Part(rawValue: rest) else { return nil }
    let position = Int(number)
    guard number.isEmpty || position ?? 0 != 0 else { return nil }
    self.init(position: position, part)
  }

  /// What it stands for. A position that the arguments do not have stands for an empty one, as in GNU parallel.
  func values(of arguments: [Bytes]) -> [Bytes] {
    guard let position else { return arguments.map(part.of) }
    let index = position > 0 ? position - 1 : arguments.count + position
    return [arguments.indices.contains(index) ? part.of(arguments[index]) : []]
  }
}

extension Replacement.Part {
  func of(_ path: Bytes) -> Bytes {
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let name = path[(slash.map { $0 + 1 } ?? 0)...]
    switch self {
    case .whole: return path
    case .name: return Bytes(name)
    case .directory:
      guard let slash else { return ".".bytes }
      return slash == 0 ? "/".bytes : Bytes(path[..<slash])
    case .withoutExtension: return Bytes(path[..<(name.lastIndex(of: UInt8(ascii: ".")) ?? path.endIndex)])
    case .nameWithoutExtension: return Bytes(name[..<(name.lastIndex(of: UInt8(ascii: ".")) ?? name.endIndex)])
    }
  }
}
