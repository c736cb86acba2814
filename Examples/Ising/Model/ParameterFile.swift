/// Reads the parameter file of a sweep.
///
///     # from a number sign to the end of the line is comment
///     lattice        = 128               side of the square lattice: a power of two from 4 to 1024
///     temperatures   = 1.9 2.0:0.1:2.5   in J/k, from 1 to 10: single ones, or first:step:last
///     seeds          = 1 2 3 4           one run each
///     thermalisation = 500               sweeps before the first measurement
///     measurements   = 2000              per run, one sweep apart: a multiple of bins
///     bins           = 20                per run, at least 2
///
/// Every name must be there once; the order is free.
public struct ParameterFile {
  private enum Name: String, CaseIterable {
    case lattice, temperatures, seeds, thermalisation, measurements, bins
  }

  private let file: String
  private var settings: [Name: [Word]] = [:]
  private var lastLine = 0

  /// Parses the text of a file; its name is used in error messages only.
  public static func parse(_ text: String, file: String) throws -> Parameters {
    try ParameterFile(text, file: file).parameters()
  }

  private init(_ text: String, file: String) throws {
    self.file = file
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      lastLine = index + 1
      try read(Word.words(in: line, line: lastLine))
    }
  }

  /// Reads the words of one line, of which the last marks its end.
  private mutating func read(_ words: [Word]) throws {
    guard words.count > 1 else { return }
    guard let name = Name(rawValue: String(words[0].text)) else {
      throw unexpected(words[0], expected: "one of " + Name.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard settings[name] == nil else { throw error(at: words[0], "\(name) is there twice") }
    guard words[1].text == "=" else { throw unexpected(words[1], expected: "=") }
    guard words.count > 3 else { throw unexpected(words[2], expected: "a value of \(name)") }
    settings[name] = Array(words[2..<words.count - 1])
  }

  private func parameters() throws -> Parameters {
    let bins = try integer(.bins, in: 2...1_000_000)
    let simulation = Simulation(
      side: try integer(.lattice, in: 4...1024, expected: "a power of two from 4 to 1024") { $0.nonzeroBitCount == 1 },
      thermalisation: try integer(.thermalisation, in: 1...1_000_000_000),
      measurements: try integer(
        .measurements, in: bins...1_000_000_000, expected: "a multiple of the number of bins, \(bins)"
      ) { $0 % bins == 0 },
      bins: bins)
    return Parameters(
      simulation: simulation,
      temperatures: try distinct(values(of: .temperatures).flatMap(temperatures(in:))),
      seeds: try distinct(
        values(of: .seeds).map { word in
          guard let seed = UInt64(word.text) else { throw unexpected(word, expected: "a whole number as seed") }
          return (seed, word)
        }))
  }
}

extension ParameterFile {
  private func values(of name: Name) throws -> [Word] {
    guard let values = settings[name] else {
      throw ParameterError(file: file, line: lastLine, column: 1, message: "the file ends without \(name) = …")
    }
    return values
  }

  private func integer(
    _ name: Name, in range: ClosedRange<Int>, expected: String? = nil, where isValid: (Int) -> Bool = { _ in true }
  ) throws -> Int {
    let words = try values(of: name)
    let word = words[0]
    guard let value = Int(word.text), range.contains(value), isValid(value) else {
      throw unexpected(
        word, expected: expected ?? "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    guard words.count == 1 else {
      throw unexpected(words[1], expected: "the end of the line after the one value of \(name)")
    }
    return value
  }

  /// One temperature, or those of a range first:step:last (the order of Julia and Matlab).
  private func temperatures(in word: Word) throws -> [(Double, Word)] {
    let parts = word.split(at: ":")
    guard parts.count > 1 else { return [(try temperature(word), word)] }
    guard parts.count == 3 else { throw unexpected(word, expected: "a temperature or first:step:last") }
    let first = try temperature(parts[0])
    let last = try temperature(parts[2])
    guard let step = Double(parts[1].text), step >= 1e-3, step <= 10 else {
      throw unexpected(parts[1], expected: "a step from 0.001 to 10")
    }
    guard first <= last else { throw unexpected(parts[2], expected: "a last temperature not below the first") }
    // Rounded to the decimals people write, so that 1.5:0.1:1.8 ends with 1.8 and not with 1.8000000000000003.
    let count = Int((last - first) / step + 1e-6)
    return (0...count).map { index in (((first + Double(index) * step) * 1e6).rounded() / 1e6, word) }
  }

  private func temperature(_ word: Word) throws -> Double {
    guard let value = Double(word.text), (1...10).contains(value) else {
      throw unexpected(word, expected: "a temperature from 1 to 10")
    }
    return value
  }

  /// The values; one that is there twice is an error, because its runs would be the same and counted twice.
  private func distinct<Value: Hashable>(_ values: [(value: Value, word: Word)]) throws -> [Value] {
    var seen: Set<Value> = []
    for (value, word) in values where !seen.insert(value).inserted {
      throw error(at: word, "\(value) is there twice")
    }
    return values.map(\.value)
  }

  private func unexpected(_ word: Word, expected: String) -> ParameterError {
    let found = word.isEndOfLine ? "the end of the line" : word.text.isEmpty ? "nothing" : "“\(word.text)”"
    return error(at: word, "expected \(expected), found \(found)")
  }

  private func error(at word: Word, _ message: String) -> ParameterError {
    ParameterError(file: file, line: word.line, column: word.column, message: message)
  }
}
