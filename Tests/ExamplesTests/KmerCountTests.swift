import Testing

@testable import KmerCount

@Suite struct KmerCountTests {
  /// Counts in the plainest way.
  static func expected(_ genome: Genome, k: Int) -> [String: Int] {
    let letters = (0..<genome.count).map { Array("ACGT")[genome[$0]] }
    let opposite: [Character: Character] = ["A": "T", "C": "G", "G": "C", "T": "A"]
    var counts: [String: Int] = [:]
    for start in 0...(letters.count - k) {
      let word = letters[start..<(start + k)]
      counts[min(String(word), String(word.reversed().map { opposite[$0]! })), default: 0] += 1
    }
    return counts
  }

  @Test(arguments: [
    (workers: 1, bases: 20_000, k: 5, chunk: 1 << 20), (workers: 3, bases: 30_000, k: 6, chunk: 1000),
    (workers: 2, bases: 5_000, k: 1, chunk: 7), (workers: 2, bases: 9, k: 9, chunk: 1),
  ])
  func `all workers together count what one would`(workers: Int, bases: Int, k: Int, chunk: Int) async throws {
    let example = try await Example.run(
      "KmerCount",
      [
        "--procs", "\(workers)", "--bases", "\(bases)", "--k", "\(k)", "--chunk", "\(chunk)", "--seed", "3",
        "--top", "1000000", "--check",
      ])
    #expect(example.code == 0, "\(example)")
    let expected = Self.expected(Genome(count: bases, seed: 3), k: k)
    // Indented lines of a word and its count, the most frequent first.
    let rows = example.lines.filter { $0.hasPrefix("  ") }.map { $0.split(separator: " ") }
    let counts = rows.map { Int($0[1]) ?? 0 }
    let isSame = Dictionary(uniqueKeysWithValues: zip(rows.map { String($0[0]) }, counts)) == expected
    #expect(isSame, "the counts differ from those of the plainest way")
    #expect(counts == counts.sorted(by: >))
    #expect(example.output.contains("on \(workers) workers"), "\(example)")
    #expect(example.output.contains("\(expected.count) different \(k)-mers"), "\(example)")
    #expect(example.output.contains("the same as counted in process 1 alone"), "\(example)")
    #expect(try example.match(/(\d+\.\d) million bases a second/).1 != "")
  }

  @Test func `the most frequent words are those of the repeat`() async throws {
    let example = try await Example.run("KmerCount", ["--procs", "2", "--bases", "200000", "--top", "3"])
    let words = example.lines.filter { $0.hasPrefix("  ") }.map { $0.split(separator: " ")[0] }
    let bases = Genome.repeated.map { "ACGT".map(String.init)[$0] }
    let repeated = bases.joined()
    let opposite = bases.reversed().map { ["A": "T", "C": "G", "G": "C", "T": "A"][$0]! }.joined()
    #expect(words.count == 3, "\(example)")
    for word in words { #expect(repeated.contains(word) || opposite.contains(word), "\(word)") }
  }

  @Test func `the most frequent are the first in order, and no more than there are`() {
    let counts: [UInt32] = [0, 5, 2, 5, 9, 0, 2]
    #expect(mostFrequent(3, of: counts).map(\.code) == [4, 1, 3])
    #expect(mostFrequent(9, of: counts).map(\.code) == [4, 1, 3, 2, 6])
    #expect(mostFrequent(0, of: counts).isEmpty)
  }
}
