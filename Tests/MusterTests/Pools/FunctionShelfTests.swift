import Testing

@testable import Muster

/// A key for each number; made of a function that has captured it.
private func key(_ number: Int, cache: RRID? = nil) throws -> FunctionKey {
  let content = try #require(FunctionContent(of: Captures(numbers: [Double(number)])))
  return FunctionKey(name: try FunctionName(of: "test", content, ContentHash(Cookie.forTests)), cache: cache)
}

extension Cookie {
  fileprivate static let forTests = Cookie()
}

struct Captures: RemoteFunction {
  var numbers: [Double]
  var more: [Double] = []
  var text = ""
  func callAsFunction(_ index: Int) -> Double { numbers[index] }
}

@Test func `beyond the limits what was used least recently goes`() throws {
  var shelf = FunctionShelf(limits: .init(count: 3, byteCount: 100))
  for number in 0..<3 { #expect(shelf.insert(number, byteCount: 10, try key(number)).isEmpty) }
  #expect(shelf.find(try key(0)) as? Int == 0)
  #expect(shelf.insert(3, byteCount: 10, try key(3)).map { $0 as? Int } == [1])
  #expect(shelf.find(try key(1)) == nil && shelf.count == 3)
  // Two have to go for one that is large.
  #expect(shelf.insert(4, byteCount: 85, try key(4)).map { $0 as? Int } == [2, 0])
  #expect(shelf.insert(4, byteCount: 85, try key(4)).isEmpty && shelf.count == 2)
}

@Test func `the latest stays, however large`() throws {
  var shelf = FunctionShelf(limits: .init(count: 3, byteCount: 100))
  #expect(shelf.insert(1, byteCount: 1000, try key(1)).isEmpty)
  #expect(shelf.find(try key(1)) as? Int == 1)
  #expect(shelf.insert(2, byteCount: 2000, try key(2)).count == 1)
  #expect(shelf.count == 1)
}

@Test func `what a pool asked for stays until that is cleared`() throws {
  var shelf = FunctionShelf(limits: .init(count: 2, byteCount: 100))
  let (first, second) = (RRID(whence: 1, id: 1), RRID(whence: 2, id: 1))
  for number in 0..<5 { _ = shelf.insert(number, byteCount: 90, try key(number, cache: first)) }
  _ = shelf.insert(9, byteCount: 90, try key(0, cache: second))
  for number in 0..<5 { _ = shelf.insert(-number, byteCount: 1, try key(number)) }
  #expect(shelf.count == 8)
  #expect(shelf.clear { $0 == first }.count == 5)
  #expect(shelf.count == 3)
  #expect(shelf.find(try key(0, cache: second)) as? Int == 9)
  #expect(shelf.clear(forGood: second) { $0 == second }.count == 1)
  // It has ended: what comes late is not kept for it.
  _ = shelf.insert(9, byteCount: 90, try key(0, cache: second))
  #expect(shelf.count == 2)
}

// MARK: Content

@Test func `content has the name of its type and its bytes, wherever the arrays lie`() throws {
  let hash = ContentHash(Cookie.forTests)
  func name(_ function: Captures, type: String = "type") throws -> FunctionName {
    try FunctionName(of: type, try #require(FunctionContent(of: function)), hash)
  }
  let numbers = (0..<10_000).map(Double.init)
  let function = Captures(numbers: numbers)
  #expect(try name(function) == name(Captures(numbers: numbers.map { $0 })))
  var changed = numbers
  changed[9_999] += 1
  #expect(try name(function) != name(Captures(numbers: changed)))
  #expect(try name(function) != name(function, type: "another"))
  #expect(try name(function) != name(Captures(numbers: numbers, text: " ")))
  // The boundary between two arrays is part of the content.
  #expect(
    try name(Captures(numbers: Array(numbers[..<5_000]), more: Array(numbers[5_000...])))
      != name(Captures(numbers: Array(numbers[..<4_500]), more: Array(numbers[4_500...]))))
  // Another cluster has other names.
  let other = try FunctionName(of: "type", try #require(FunctionContent(of: function)), ContentHash(Cookie()))
  #expect(try name(function) != other)
}

@Test func `content is decoded to what it was made of, small and large`() throws {
  for count in [0, 10, 100_000] {
    let function = Captures(
      numbers: (0..<count).map(Double.init), more: [1, 2], text: String(repeating: "x", count: count))
    let content = try #require(FunctionContent(of: function))
    // As it travels.
    let writer = FrameWriter()
    try writer.encode(content)
    let arrived = try writer.withUnsafeBytes { bytes in
      var reader = FrameReader(bytes, bulk: writer.bulk)
      return try reader.decode(FunctionContent.self)
    }
    let decoded = try arrived.decode(as: Captures.self)
    #expect(decoded.numbers == function.numbers && decoded.more == [1, 2] && decoded.text == function.text)
    #expect(arrived.byteCount == content.byteCount && content.byteCount >= 9 * count)
  }
}

@Test func `an array that is captured three times travels once`() throws {
  struct Thrice: Codable { let first, second, third: [Double] }
  let array = (0..<10_000).map(Double.init)
  let writer = FrameWriter()
  try writer.encode(Thrice(first: array, second: array, third: array))
  #expect(writer.bulk.count == 1)
  let decoded = try writer.withUnsafeBytes { bytes in
    var reader = FrameReader(bytes, bulk: writer.bulk)
    return try reader.decode(Thrice.self)
  }
  #expect(decoded.first == array && decoded.second == array && decoded.third == array)
}

/// Encodes itself for one process only.
struct ForOneProcess: RemoteFunction {
  var numbers = [Double](repeating: 1, count: 1000)

  init() {}
  init(from decoder: any Decoder) throws { numbers = [try Double(from: decoder)] }

  func encode(to encoder: any Encoder) throws {
    try Double((encoder.userInfo[.destination] as? ProcessID)?.rawValue ?? 0).encode(to: encoder)
  }

  func callAsFunction(_ x: Int) -> Double { numbers[0] }
}

@Test func `what depends on where it goes has no content of its own`() {
  #expect(FunctionContent(of: ForOneProcess()) == nil)
  #expect(FunctionContent(of: UsePool(pool: WorkerPool([2]))) == nil)
  #expect(FunctionContent(of: AwaitCaptured(future: Future<Int>(), numbers: [])) == nil)
}

struct AwaitCaptured: RemoteThunk {
  let future: Future<Int>
  let numbers: [Double]
  func callAsFunction() async throws -> Int { try await future.fetch() }
}

struct AddCaptured: RemoteFunction {
  var numbers = [Int](repeating: 1, count: 1_000)
  func callAsFunction(_ x: Int) -> Int { numbers.count + x }
}

@Test func `a call does not fail because an earlier one has given up the function they share`() async throws {
  try await withClusterPair { pair async throws in
    let offer = try #require(FunctionOffer(AddCaptured(), for: WorkerPool([2]), in: pair.one))
    // As if a call that has been cancelled meanwhile had asked for it.
    let earlier = pair.two.storedFunctions.arrival(of: offer.call.key, from: 1)
    #expect(earlier.isNew)
    let call = Task { try await remotecallFetch(offer.call, on: 2, 5) }
    // Served behind it, when it waits.
    #expect(try await remotecallFetch(Square(), on: 2, 3) == 9)
    pair.two.storedFunctions.arrived(offer.call.key, from: 1, .failure(CancellationError()))
    #expect(try await call.value == 1_005)
    withExtendedLifetime(offer) {}
  }
}
