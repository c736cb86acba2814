import Synchronization
import Testing

@testable import Muster

/// References that travel, and those that do not arrive: afterwards nobody keeps anything.

/// Encodes a channel and then fails.
struct FailsHalfway: Codable, Sendable {
  let channel: RemoteChannel<Int>
  var rest = Unencodable()
}

/// What comes before and after it can be decoded, it cannot.
struct BadParcel: Codable, Sendable {
  let first: RemoteChannel<Int>
  let bad: Undecodable
  let second: RemoteChannel<Int>
}

/// Asks for the same value twice, as a decoder does that tries one type after the other.
struct DecodedTwice: Codable, Sendable {
  let channel: RemoteChannel<Int>

  enum Keys: String, CodingKey { case channel }

  init(channel: RemoteChannel<Int>) { self.channel = channel }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    _ = try container.decode(RemoteChannel<Int>.self, forKey: .channel)
    channel = try container.decode(RemoteChannel<Int>.self, forKey: .channel)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(channel, forKey: .channel)
  }
}

/// Does not decode all that was encoded.
struct ForgetsOne: Codable, Sendable {
  let channel: RemoteChannel<Int>

  enum Keys: String, CodingKey { case channel }

  init(channel: RemoteChannel<Int>) { self.channel = channel }
  init(from decoder: any Decoder) throws { channel = RemoteChannel() }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(channel, forKey: .channel)
  }
}

struct TakeTwice: RemoteFunction {
  func callAsFunction(_ parcel: DecodedTwice) async throws -> Int { try await parcel.channel.take() }
}

struct SumOfTakes: RemoteFunction {
  func callAsFunction(_ channels: [RemoteChannel<Int>]) async throws -> Int {
    var sum = 0
    for channel in channels { sum += try await channel.take() }
    return sum
  }
}

struct MakeChannels: RemoteFunction {
  func callAsFunction(_ count: Int) -> [RemoteChannel<Int>] { (0..<count).map { _ in RemoteChannel<Int>() } }
}

/// A result that is too large to be sent unasked, with a reference in it.
struct ManyAndOne: Codable, Sendable {
  let numbers: [Double]
  let channel: RemoteChannel<Int>
}

struct MakeManyAndOne: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Int>) -> ManyAndOne {
    ManyAndOne(numbers: Array(repeating: 1, count: 50_000), channel: channel)
  }
}

struct FetchElsewhere: RemoteFunction {
  let on: ProcessID
  func callAsFunction(_ future: Future<Int>) async throws -> Int {
    try await remotecallFetch(FetchIt(), on: on, future)
  }
}

struct Drop: RemoteProcedure {
  typealias Input = RemoteChannel<Int>
  func callAsFunction(_ channel: RemoteChannel<Int>) {}
}

@Test(arguments: [1, 2] as [ProcessID])
func `a reference whose encoding fails half way is held by nobody`(owner: ProcessID) async throws {
  try await withClusters(2) { _ async throws in
    let channel = RemoteChannel<Int>(on: owner)
    await expectCode(.cannotEncode) {
      _ = try await remotecallFetch(Echo<FailsHalfway>(), on: 2, FailsHalfway(channel: channel))
    }
    await expectCode(.cannotEncode) {
      _ = try await remotecall(Echo<FailsHalfway>(), on: 2, FailsHalfway(channel: channel))
    }
  }
}

@Test(arguments: [1, 2, 3] as [ProcessID])
func `a reference in a call that cannot be decoded is released`(owner: ProcessID) async throws {
  try await withClusters(3) { _ async throws in
    let (first, second) = (RemoteChannel<Int>(on: owner), RemoteChannel<Int>(on: owner))
    for _ in 0..<3 {
      await expectCode(.cannotDecode) {
        _ = try await remotecallFetch(
          Echo<BadParcel>(), on: 2, BadParcel(first: first, bad: Undecodable(), second: second))
      }
    }
    try await first.put(1)
  }
}

@Test(arguments: [1, 2, 3] as [ProcessID])
func `a reference that is decoded twice, or not at all, is held once`(owner: ProcessID) async throws {
  try await withClusters(3) { group async throws in
    let channel = RemoteChannel<Int>(capacity: 3, on: owner)
    for number in 1...3 { try await channel.put(number) }
    #expect(try await remotecallFetch(TakeTwice(), on: 2, DecodedTwice(channel: channel)) == 1)
    #expect(try await remotecallFetch(SumOfTakes(), on: 2, [channel, channel]) == 5)
    _ = try await remotecallFetch(Echo<ForgetsOne>(), on: 2, ForgetsOne(channel: channel))
  }
}

@Test func `references in answers that nobody looks at are released`() async throws {
  try await withClusters(2) { group async throws in
    let hold = Hold.new()
    for _ in 0..<20 { _ = try await remotecall(MakeChannels(), on: 2, 3) }
    for _ in 0..<20 {
      let call = Task.onCluster { try await remotecallFetch(MakeChannels(), on: 2, 3).count }
      call.cancel()
      _ = try? await call.value
    }
    Hold.release(hold)
    _ = try await remotecallFetch(WhoAmI(), on: 2)
  }
}

@Test func `a reference in a result that is not sent unasked is held when the result is fetched`() async throws {
  try await withClusters(2) { group async throws in
    for fetches in [true, false] {
      let channel = RemoteChannel<Int>()
      let future = try await remotecall(MakeManyAndOne(), on: 2, channel)
      try await future.wait()
      if fetches {
        let result = try await future.fetch()
        try await result.channel.put(5)
        #expect(try await channel.take() == 5)
      }
    }
  }
}

@Test(arguments: [1, 2, 3] as [ProcessID])
func `a process that has failed says so to whoever its future is sent to`(pid: ProcessID) async throws {
  try await withClusters(3) { _ async throws in
    let future = try await remotecall(Complain(), on: pid, 4)
    await #expect(throws: RemoteError.self) { try await future.fetch() }
    do {
      _ = try await remotecallFetch(FetchIt(), on: 2, future)
      Issue.record("no error")
    } catch let error as RemoteError {
      #expect(error.underlying as? Complaint == Complaint(text: "foobar 4"))
    }
  }
}

@Test func `a reference sent to its owner lets the maker's stay the only hold`() async throws {
  try await withClusters(2) { group async throws in
    let future = Future<Int>(on: 2)
    try await remoteDo(PutIt(value: 9), on: 2, future)
    #expect(try await remotecallFetch(FetchIt(), on: 2, future) == 9)
    await eventually("the owner holds its own") { group[2].references.holders(of: future.id) == [1] }
    #expect(try await future.fetch() == 9)
  }
}

@Test func `references are released through process 1 where there is no connection to the owner`() async throws {
  try await withClusters(3, routes: [(1, 2), (1, 3)]) { group async throws in
    let channel = RemoteChannel<Int>(on: 2)
    for _ in 0..<5 { _ = try await remotecallFetch(Drop(), on: 3, channel) }
    #expect(try await channel.isEmpty)
    // 3 makes one for 2, to which it has no connection, and gives it to 1, which has.
    let other = try await remotecallFetch(MakeChannelOn(owner: 2), on: 3)
    try await other.put(3)
    #expect(try await other.take() == 3)
    await expectCode(.notConnected) { _ = try await remotecallFetch(SumOfTakes(), on: 3, [channel]) }
  }
}

struct MakeChannelOn: RemoteThunk {
  let owner: ProcessID
  func callAsFunction() -> RemoteChannel<Int> { RemoteChannel<Int>(on: owner) }
}

@Test func `what a process held is released when it is lost, also where it had just sent it on`() async throws {
  for _ in 0..<20 {
    try await withClusters(3) { group async throws in
      let channel = RemoteChannel<Int>(on: 1)
      try await remoteDo(SendOn(to: 2), on: 3, channel)
      let link = group[1].openLink(to: 3)!
      link.lose("the test ended it")
      group[2].openLink(to: 3)?.lose("the test ended it")
      await eventually("3 is there") { group[1].references.isGone(3) && group[2].references.isGone(3) }
      try await channel.put(1)
    }
  }
}

struct SendOn: RemoteProcedure {
  typealias Input = RemoteChannel<Int>
  let to: ProcessID
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws { try await remoteDo(Drop(), on: to, channel) }
}

// MARK: - Whatever the order in which messages of different connections arrive

/// A channel with a value in it, a future, and where to say what was found in them.
struct Parcel: Codable, Sendable {
  let channel: RemoteChannel<Int>
  let future: Future<Int>
  let report: RemoteChannel<Int>
}

/// Sends a parcel along a path and keeps nothing; at its end the values are read.
struct PassParcelOn: RemoteProcedure {
  typealias Input = Parcel
  let path: [ProcessID]

  func callAsFunction(_ parcel: Parcel) async throws {
    if let next = path.first {
      try await remoteDo(PassParcelOn(path: Array(path.dropFirst())), on: next, parcel)
      return
    }
    do {
      try await parcel.report.put(parcel.channel.take() + parcel.future.fetch())
    } catch {
      try await parcel.report.put(Int.min)
      throw error
    }
  }
}

@Test(arguments: 0..<12)
func `whatever overtakes what, a reference that is held leads to its value, and nothing is left`(
  seed: Int
) async throws {
  let transport = DelayedTransport()
  let delivery = Task.detached { await transport.run(seed: UInt64(seed)) }
  try await withClusters(3, connect: transport.pair) { group async throws in
    var generator = SplitMix64(seed: UInt64(seed) &+ 1_000)
    let report = RemoteChannel<Int>(capacity: .max)
    let count = 30
    for number in 0..<count {
      let owner = ProcessID(Int.random(in: 1...3, using: &generator))
      let channel = RemoteChannel<Int>(on: owner)
      let future = Future<Int>(on: owner)
      try await remoteDo(PutIt(value: number), on: 2, future)
      try await channel.put(1_000)
      var path: [ProcessID] = []
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        path.append([1, 2, 3].filter { $0 != (path.last ?? 1) }.randomElement(using: &generator)!)
      }
      try await remoteDo(
        PassParcelOn(path: Array(path.dropFirst())), on: path[0],
        Parcel(channel: channel, future: future, report: report))
    }
    var sum = 0
    for _ in 0..<count { sum += try await report.take() }
    #expect(sum == count * 1_000 + count * (count - 1) / 2, "seed \(seed)")
  }
  transport.stop()
  await delivery.value
}
