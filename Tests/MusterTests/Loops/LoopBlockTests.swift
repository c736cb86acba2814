import Testing

@testable import Muster

/// A value with memory of its own.
struct OneElement: RemoteLoopBody {
  func callAsFunction(_ i: Int) -> [Int] { [i] }
}

struct LastReducer: RemoteReducer {
  func combine(_ a: Int, _ b: Int) -> Int { b }
}

private func values<B: RemoteLoopBody>(_ body: B, _ range: Range<Int>) throws -> (all: [B.Value], blocks: [Int]) {
  var all: [B.Value] = []
  var blocks: [Int] = []
  try LoopBlocks(body: body, indices: (0..<Int.max).loopIndices()).forEach(in: range) {
    all += $0
    blocks.append($0.count)
  }
  return (all, blocks)
}

@Test func `a loop is evaluated in blocks that are the same on every run`() throws {
  let (all, blocks) = try values(SameIndex(), 7..<10_007)
  #expect(all == Array(7..<10_007) && blocks == [4096, 4096, 1808])
  #expect(try values(OneElement(), 3..<6).all == [[3], [4], [5]])
  #expect(try values(OneElement(), 3..<6).blocks == [1, 1, 1])
  #expect(try values(SameIndex(), 5..<5).blocks == [])
}

@Test func `a loop ends when its task is cancelled`() async throws {
  let task = Task {
    while !Task.isCancelled { await Task.yield() }
    return try values(SameIndex(), 0..<10).all
  }
  task.cancel()
  await #expect(throws: CancellationError.self) { try await task.value }
}

@Test(arguments: 0..<40) func `partial results are put together in order`(count: Int) {
  var results = PartialResults(Concatenate<[Int]>())
  for number in 0..<count { results.append([number]) }
  #expect(results.total ?? [] == Array(0..<count))
}

@Test func `reducers reduce blocks as they combine pairs`() {
  func check<R: RemoteReducer>(_ reducer: R, _ values: [R.Value]) -> R.Value {
    values.withUnsafeBufferPointer { reducer.reduce($0) }
  }
  #expect(check(Sum<Int>(), [1, 2, 3]) == 6 && check(Sum<Double>(), [0.5, 2]) == 2.5 && check(Sum<UInt8>(), [7]) == 7)
  #expect(check(Product<Int>(), [2, 3, 7]) == 42 && check(Product<Float>(), [2, 0.5]) == 1)
  #expect(check(Min<Int>(), [3, -1, 2]) == -1 && check(Max<Double>(), [3, -1, 7, 2]) == 7)
  #expect(check(Min<String>(), ["b", "a"]) == "a" && check(Max<String>(), ["b", "a"]) == "b")
  #expect(check(Concatenate<String>(), ["a", "b", "c"]) == "abc")
  #expect(check(Concatenate<[Int]>(), [[1], [], [2, 3]]) == [1, 2, 3])
  #expect(check(LastReducer(), [4, 5, 6]) == 6)
  #expect(Sum().combine(1, 2) == 3 && Product().combine(3, 2) == 6 && Min().combine(1, 2) == 1)
  #expect(Max().combine(1, 2) == 2 && Concatenate().combine("a", "b") == "ab")
}

@Test func `chunks cover all positions once`() throws {
  for (count, size) in [(0, 3), (1, 3), (7, 3), (9, 3), (5, 100), (3, Int.max)] {
    let queue = try ChunkQueue(count: count, size: size)
    var chunks: [Range<Int>] = []
    while let chunk = queue.next() { chunks.append(chunk) }
    #expect(chunks.flatMap { Array($0) } == Array(0..<count) && chunks.count == queue.chunkCount)
  }
  #expect { try ChunkQueue(count: 1, size: 0) } throws: { ($0 as? ClusterError)?.code == .invalidArgument }
}
