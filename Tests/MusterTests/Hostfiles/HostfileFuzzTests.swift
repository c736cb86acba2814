import Testing

@testable import Muster

/// Files made of good and bad ones by changing them a little.
private struct Mutator {
  private let files: [[UInt8]]
  private static let pieces = [
    "*", ":", "=", "@", "[", "]", "-", ",", "(", "x", ")", " ", "\n", "\r", "\t", "#", "\"", "\0", "%", "0", "9", "00",
    "65536", "99999999999999999999", "auto", "slots", "env=", "é", "\u{301}", "\u{FEFF}", "n[1-9]", "::1",
  ].map { Array($0.utf8) }
  private var generator: SplitMix64

  init(_ files: [String], seed: UInt64) {
    self.files = files.map { Array($0.utf8) }
    generator = SplitMix64(seed: seed)
  }

  mutating func next() -> String {
    var bytes = files.randomElement(using: &generator)!
    for _ in 0...Int.random(in: 0..<3, using: &generator) { change(&bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let start = Int.random(in: 0...bytes.count, using: &generator)
    let end = min(bytes.count, start + Int.random(in: 0...4, using: &generator))
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes.removeSubrange(start..<end)
    case 1: bytes.replaceSubrange(start..<end, with: Self.pieces.randomElement(using: &generator)!)
    case 2: bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator)!, at: start)
    case 3: bytes.removeSubrange(start...)
    case 4: bytes.insert(contentsOf: bytes[start..<end], at: start)
    default:
      let other = files.randomElement(using: &generator)!
      bytes.replaceSubrange(start..., with: other[min(start, other.count)...])
    }
  }
}

/// 100,000 mutated files: each is read or is an error at a place that exists, whatever it is; what has been read is the
/// same when it is written and read again, and holds nothing that a shell or ssh would take for something else.
@Test(arguments: 0..<4)
func `no file whatever breaks the reader`(part: Int) throws {
  let names = (["good", "bad"].flatMap { folder in HostfileCorpus.names(in: folder).map { (folder, $0) } })
  let corpus = try names.map { try HostfileCorpus.text($0, $1, "hosts") }
  // The examples are mostly comment.
  var mutator = Mutator(corpus.filter { $0.utf8.count < 250 }, seed: UInt64(part))
  var good = 0
  for _ in 0..<25_000 {
    let text = mutator.next()
    do {
      let machines = try Hostfile(parsing: text).machines
      good += 1
      if machines.count < 100, !survives(machines) { Issue.record("\(text.debugDescription): \(machines)") }
    } catch {
      if !isInside(error, text) { Issue.record("\(text.debugDescription): \(error)") }
    }
  }
  #expect((2_000...23_000).contains(good), "\(good) of 25,000 are good: the mutations are too wild or too tame")
}

private func survives(_ machines: [MachineSpec]) -> Bool {
  guard !machines.isEmpty, machines.allSatisfy({ $0.host.first != "-" && $0.user?.first != "-" }) else { return false }
  let text = machines.map(\.description).joined(separator: "\n")
  return (try? Hostfile(parsing: text, format: .julia).machines) == machines
}

private func isInside(_ error: ClusterError, _ text: String) -> Bool {
  guard let cause = error.cause as? HostfileError, cause.file == "hostfile", !cause.expected.isEmpty else {
    return false
  }
  let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  guard (1...lines.count).contains(cause.line) else { return false }
  return (1...Substring(lines[cause.line - 1]).count + 1).contains(cause.column)
}
