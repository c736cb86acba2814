import Foundation
import Testing

@testable import Muster

/// A path in a directory of its own, which is removed.
private func withJournalPath<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID())")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try await body(directory.appendingPathComponent("journal").path)
}

@Suite struct JournalTests {
  private let bodies: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 7, count: 300), Array("last".utf8)]

  private func file(_ bodies: [[UInt8]]) -> [UInt8] { JournalFormat.head + bodies.flatMap(JournalFormat.record) }

  @Test func aJournalIsReadAsItWasWritten() throws {
    let content = try #require(JournalFormat.read(file(bodies)))
    #expect(content.bodies.map(Array.init) == bodies)
    #expect(!content.isTorn)
  }

  @Test func aJournalThatIsCutAtAnyByteIsAJournalOfFewerRecords() throws {
    let whole = file(bodies)
    var ends = [JournalFormat.head.count]
    for body in bodies { ends.append(ends.last! + JournalFormat.record(body).count) }
    for size in 0...whole.count {
      let content = try #require(JournalFormat.read(Array(whole.prefix(size))))
      let records = ends.count { $0 <= size } - 1
      #expect(content.bodies.map(Array.init) == Array(bodies.prefix(max(0, records))), "\(size)")
      #expect(content.validSize == (records < 0 ? 0 : ends[records]), "\(size)")
      #expect(content.isTorn == (size != content.validSize), "\(size)")
    }
  }

  @Test func aByteThatIsChangedEndsTheJournalBeforeItsRecord() throws {
    let whole = file(bodies)
    for offset in JournalFormat.head.count..<whole.count {
      var changed = whole
      changed[offset] ^= 0x40
      let content = try #require(JournalFormat.read(changed))
      #expect(content.bodies.count < bodies.count)
      #expect(content.bodies.map(Array.init) == Array(bodies.prefix(content.bodies.count)))
      #expect(content.validSize <= offset)
    }
  }

  @Test func zerosAtTheEndAreNoRecords() throws {
    let content = try #require(JournalFormat.read(file(bodies) + Array(repeating: 0, count: 100)))
    #expect(content.bodies.count == bodies.count && content.isTorn)
  }

  @Test func anotherFileIsNoJournal() async throws {
    #expect(JournalFormat.read(Array("#!/bin/sh\n".utf8)) == nil)
    try await withJournalPath { (path) async throws in
      try Data("precious results".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: ClusterError.self) { _ = try Journal(path: path) }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious results")
    }
  }

  @Test func aJournalIsUsedByOneAtATime() async throws {
    try await withJournalPath { (path) async throws in
      let first = try Journal(path: path)
      let error = #expect(throws: ClusterError.self) { _ = try Journal(path: path) }
      #expect(error?.message.contains("in use") == true)
      withExtendedLifetime(first) {}
    }
  }

  /// Killed at any byte, and continued each time.
  @Test func aMapGoesOnWhereItsJournalWasCut() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      try await withJournalPath { (path) async throws in
        let calls = CountCalls.new()
        let expected = (0..<5).map { $0 * $0 }
        #expect(try await pmap(CountCalls(counter: calls), 0..<5, journal: path) == expected)
        #expect(CountCalls.count(calls) == 5)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for size in 0...whole.count {
          try whole.prefix(size).write(to: URL(fileURLWithPath: path))
          let before = CountCalls.count(calls)
          let known = JournalFormat.read(Array(whole.prefix(size)))!.bodies.count
          let values = try await pmap(CountCalls(counter: calls), 0..<5, journal: path)
          #expect(values == expected)
          #expect(CountCalls.count(calls) - before == 5 - known, "cut at \(size)")
        }
      }
    }
  }

  @Test func whatWasComputedWithOtherParametersIsComputedAnew() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      try await withJournalPath { (path) async throws in
        #expect(try await pmap(Scale(factor: [2]), 1...3, journal: path) == [2, 4, 6])
        #expect(try await pmap(Scale(factor: [3]), 1...4, journal: path) == [3, 6, 9, 12])
        #expect(try await pmap(Scale(factor: [2]), 1...4, journal: path) == [2, 4, 6, 8])
        // Equal items have a result each.
        #expect(try await pmap(Scale(factor: [5]), [1, 1, 1], journal: path) == [5, 5, 5])
        let journal = try Journal(path: path)
        let count = journal.entries.values.reduce(0) { $0 + $1.count }
        #expect(count == 11)
      }
    }
  }

  @Test func largeArraysAreKeptWhole() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      try await withJournalPath { (path) async throws in
        let arrays = [[Double](repeating: 1.5, count: 10_000), [2.5]]
        #expect(try await pmap(Echo<[Double]>(), arrays, journal: path) == arrays)
        pair.one.removeFromPools(2)
        #expect(try await pmap(Echo<[Double]>(), arrays, distributed: false, journal: path) == arrays)
      }
    }
  }

  @Test func whatOthersDidNotFinishIsLeftWhenTheMapFails() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      try await withJournalPath { (path) async throws in
        await #expect(throws: RemoteError.self) { _ = try await pmap(FailAt(item: 3), 0..<6, journal: path) }
        let known = try Journal(path: path).entries.count
        #expect(known >= 3)
      }
    }
  }

  @Test func itemsThatHoldReferencesHaveNoJournal() async throws {
    try await withClusterPair { pair in
      pair.one.addToDefaultPool(2)
      try await withJournalPath { (path) async throws in
        let futures = [Future<Int>()]
        let error = await #expect(throws: ClusterError.self) {
          _ = try await pmap(Echo<Future<Int>>(), futures, journal: path)
        }
        #expect(error?.code == .invalidArgument)
      }
    }
  }
}

/// Squares, and counts how often: the clusters of a test share its memory.
struct CountCalls: RemoteFunction {
  let counter: Int

  func callAsFunction(_ x: Int) -> Int {
    NoteBook.shared.append("called", to: counter)
    return x * x
  }

  static func new() -> Int { NoteBook.shared.newLog() }
  static func count(_ counter: Int) -> Int { NoteBook.shared.entries(of: counter).count }
}

struct Scale: RemoteFunction {
  let factor: [Int]
  func callAsFunction(_ x: Int) -> Int { x * factor[0] }
}

struct FailAt: RemoteFunction {
  let item: Int

  func callAsFunction(_ x: Int) throws -> Int {
    if x == item { throw Complaint(text: "item \(x)") }
    return x
  }
}
