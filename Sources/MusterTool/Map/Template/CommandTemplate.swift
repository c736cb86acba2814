/// A command with replacement strings, to be filled in for each line of input.
struct CommandTemplate: Sendable, Equatable {
  enum Piece: Sendable, Equatable {
    case literal(Bytes)
    case value(Replacement, Quoting)
    /// `{#}`: the number of the command.
    case sequence
    /// `{%}`: the number of the slot that it runs in, which is known where it is started.
    case slot
  }

  private(set) var pieces: [Piece] = []
  /// Why a value cannot be put where the command wants it, if it cannot: `in a here-document …`.
  private(set) var refusal: String?

  /// - Parameters:
  ///   - words: the command, joined by blanks: what the shell reads. None: the input is commands.
  ///   - quoted: the words mean themselves, not something to the shell (`-q`).
  init(_ words: [Bytes], quoted: Bool = false) {
    if words.isEmpty {
      pieces = [.value(Replacement(), .verbatim)]
      return
    }
    var scanner = ShellScanner()
    for (index, word) in words.enumerated() {
      if index > 0 { add([UInt8(ascii: " ")], &scanner) }
      parse(word, quoted: quoted, &scanner)
    }
    let hasReplacement = pieces.contains { if case .literal = $0 { false } else { true } }
    if !hasReplacement {
      add([UInt8(ascii: " ")], &scanner)
      add(.value(Replacement(), Quoting()), &scanner)
    }
  }

  /// Whether its text depends on where it runs.
  var usesSlot: Bool { pieces.contains(.slot) }

  // MARK: Reading

  private mutating func parse(_ word: Bytes, quoted: Bool, _ scanner: inout ShellScanner) {
    var rest = word[...]
    var literal = Bytes()
    func written(_ literal: Bytes) -> Bytes { quoted ? Quoting()(literal) : literal }
    if quoted, word.isEmpty { add(written([]), &scanner) }
    while let byte = rest.first {
      if byte == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")),
        let piece = Self.piece(rest[(rest.startIndex + 1)..<end])
      {
        if !literal.isEmpty { add(written(literal), &scanner) }
        literal = []
        add(piece, &scanner)
        rest = rest[(end + 1)...]
      } else {
        literal.append(byte)
        rest.removeFirst()
      }
    }
    if !literal.isEmpty { add(written(literal), &scanner) }
  }

  private static func piece(_ inside: ArraySlice<UInt8>) -> Piece? {
    if inside.elementsEqual("#".utf8) { return .sequence }
    if inside.elementsEqual("%".utf8) { return .slot }
    return Replacement(inside).map { .value($0, Quoting()) }
  }

  private mutating func add(_ literal: Bytes, _ scanner: inout ShellScanner) {
    if case .value(let replacement, var quoting) = pieces.last, let first = literal.first, "<>".utf8.contains(first) {
      quoting.isBeforeRedirection = true
      pieces[pieces.count - 1] = .value(replacement, quoting)
    }
    for byte in literal { scanner.pass(byte) }
    if case .literal(let before) = pieces.last {
      pieces[pieces.count - 1] = .literal(before + literal)
    } else {
      pieces.append(.literal(literal))
    }
  }

  private mutating func add(_ piece: Piece, _ scanner: inout ShellScanner) {
    if case .value(let replacement, _) = piece {
      let quoting = scanner.quoting
      if case .impossible(let reason) = quoting.place { refusal = refusal ?? reason }
      if scanner.pending != .nothing, case .literal(let before) = pieces.last {
        pieces[pieces.count - 1] = .literal(before.dropLast() + quoting.neutralized(scanner.pending))
      }
      pieces.append(.value(replacement, quoting))
    } else {
      pieces.append(piece)
    }
    scanner.passValue()
  }

  // MARK: Filling in

  /// The command for these arguments.
  func callAsFunction(_ arguments: [Bytes], sequence: Int) -> CommandText {
    var parts: [Bytes] = [[]]
    for piece in pieces {
      switch piece {
      case .literal(let bytes): parts[parts.count - 1] += bytes
      case .sequence: parts[parts.count - 1] += "\(sequence)".utf8
      case .slot: parts.append([])
      case .value(let replacement, let quoting):
        let values = replacement.values(of: arguments).map { quoting($0) }
        parts[parts.count - 1] += values.joined(separator: [UInt8(ascii: " ")])
      }
    }
    return CommandText(parts: parts)
  }
}

/// A command; the number of its slot goes between the parts.
struct CommandText: Codable, Hashable, Sendable {
  var parts: [Bytes]

  func inSlot(_ slot: Int) -> Bytes { parts.count == 1 ? parts[0] : Bytes(parts.joined(separator: "\(slot)".utf8)) }
}
