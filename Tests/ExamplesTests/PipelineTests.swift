import Foundation
import Testing

@testable import Pipeline

@Suite struct PipelineTests {
  /// Files that are cut in awkward places.
  static let awkward = [
    "a.txt": "One  two\n\n\tThree \r\n", "b.txt": "", "c.txt": "no end", "d.txt": "\n",
    "e.txt": (1...400).map { "line \($0)\tÜ x" }.joined(separator: "\n") + "\n",
    "f.txt": String(repeating: "A very long line, of many blocks. ", count: 200), "g.txt": "the last\n",
  ]

  /// What should come of some files, computed in another way than the example does.
  static func expected(_ files: [String: String]) -> String {
    files.sorted { $0.key < $1.key }.map { $0.value.replacingOccurrences(of: "\r\n", with: "\n") }.map { text in
      let lines = text.hasSuffix("\n") ? text.dropLast() : text[...]
      guard !text.isEmpty else { return "" }
      return lines.components(separatedBy: "\n").map { line in
        let words = line.components(separatedBy: [" ", "\t"]).filter { !$0.isEmpty }
        // The example knows the letters of English only.
        let content = words.joined(separator: " ").replacingOccurrences(of: "Ü", with: "\u{1}").lowercased()
          .replacingOccurrences(of: "\u{1}", with: "Ü")
        return String(format: "%08x", checksum(content)) + " " + content + "\n"
      }.joined()
    }.joined()
  }

  /// CRC-32, bit by bit.
  static func checksum(_ text: String) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in text.utf8 {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc % 2 == 1 ? (crc / 2) ^ 0xEDB8_8320 : crc / 2 }
    }
    return crc ^ 0xFFFF_FFFF
  }

  static func write(_ files: [String: String], to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name)) }
  }

  // MARK: The program

  @Test(arguments: [
    (workers: 1, readers: 1, block: 1, inFlight: 1), (workers: 3, readers: 2, block: 1, inFlight: 5),
    (workers: 2, readers: 5, block: 64, inFlight: 32),
  ])
  func `its output is what the files give one after the other`(
    workers: Int, readers: Int, block: Int, inFlight: Int
  ) async throws {
    try await withFolder { folder in
      try Self.write(Self.awkward, to: folder + "/in")
      let example = try await Example.run(
        "Pipeline",
        [
          "--procs", "\(workers)", folder + "/in", folder + "/out", "--readers", "\(readers)", "--block", "\(block)",
          "--in-flight", "\(inFlight)", "--check",
        ])
      #expect(example.code == 0, "\(example)")
      #expect(try text(folder + "/out") == Self.expected(Self.awkward))
      #expect(example.output.contains("by \(readers) readers and \(workers) transformers"), "\(example)")
      #expect(example.output.contains("the same as is made in process 1 alone"), "\(example)")
    }
  }

  @Test func `a larger input that it makes itself`() async throws {
    try await withFolder { folder in
      let example = try await Example.run(
        "Pipeline",
        [
          "--procs", "3", "--make-input", "1", folder + "/in", folder + "/out", "--block", "8", "--in-flight", "9",
          "--check",
        ])
      #expect(example.code == 0, "\(example)")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/in")
      #expect(files.count == 8)
      let texts = try files.map { ($0, try text(folder + "/in/" + $0)) }
      let isSame = try text(folder + "/out") == Self.expected(Dictionary(uniqueKeysWithValues: texts))
      #expect(isSame, "the output differs from what the files give one after the other")
      // Those before the writer are some of those that have been issued and not written.
      let early = try #require(Int(try example.match(/at most (\d+) blocks were finished/).1))
      #expect(early < 9, "\(example)")
      let blocks = try #require(Int(try example.match(/(\d+) blocks in/).1))
      #expect(blocks > 100, "\(example)")
    }
  }

  @Test func `what cannot be transformed ends it, says where, and leaves no output`() async throws {
    try await withFolder { folder in
      let files = Self.awkward.merging(["e2.bin": "some text\nand \0 zero\n"]) { $1 }
      try Self.write(files, to: folder + "/in")
      let example = try await Example.run(
        "Pipeline", ["--procs", "2", folder + "/in", folder + "/out", "--block", "1", "--in-flight", "2"])
      #expect(example.code == 1, "\(example)")
      #expect(example.errors.contains("in/e2.bin: a byte is zero, so this is not a text file"), "\(example)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["in"])
    }
  }

  @Test func `a folder without files gives an empty output`() async throws {
    try await withFolder { folder in
      try Self.write([:], to: folder + "/in")
      let example = try await Example.run("Pipeline", ["--procs", "1", folder + "/in", folder + "/out"])
      #expect(example.code == 0 && example.output.hasPrefix("0 bytes in 0 files, 0 blocks"), "\(example)")
      #expect(try text(folder + "/out") == "")
    }
  }

  // MARK: Its parts

  @Test func `every line is in exactly one block, wherever the file is cut`() {
    for text in ["", "\n", "a\nbb\n\nccc", "ab\ncd\n", "\n\n\n"] {
      let file = Array(text.utf8)
      for size in 1...(file.count + 1) {
        let cuts = Array(stride(from: 0, to: file.count, by: size)) + [file.count]
        let pieces = zip(cuts, cuts.dropFirst()).map {
          file[lineStart(in: file, from: $0)..<lineStart(in: file, from: $1)]
        }
        #expect(pieces.flatMap { $0 } == file, "\(size): \(text)")
        for piece in pieces where !piece.isEmpty && piece.endIndex < file.count {
          #expect(piece.last == UInt8(ascii: "\n"), "\(size): \(text)")
        }
      }
    }
  }

  @Test func `the checksum is that of gzip`() {
    #expect(crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(crc32([]) == 0)
  }
}
