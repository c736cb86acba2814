import Muster

/// Puts its share of numbers in a channel, from several tasks.
struct Produce: RemoteProcedure {
  typealias Input = RemoteChannel<Int>
  let from: Int
  let to: Int
  let tasks: Int

  func callAsFunction(_ channel: RemoteChannel<Int>) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<tasks {
        group.addTask { for number in stride(from: from + task, to: to, by: tasks) { try await channel.put(number) } }
      }
      try await group.waitForAll()
    }
  }
}

extension Row {
  /// A number put into a channel of a worker and taken out again, against two ping-pongs: each is a round trip.
  static let channelRoundTrip = Row(name: "channelRoundTrip", targets: .everywhere(.ratioAtMost(2.5))) { bench in
    let rounds = bench.scaled(5_000)
    return try await bench.withWorkers(1) { pids in
      let channel = RemoteChannel<Int>(on: pids[0])
      let (ours, raw) = try await bench.interleave(ways: [.spins]) {
        var number = 0
        return try await measure(rounds, warmUp: rounds / 10) {
          number += 1
          try await channel.put(number)
          try check(try await channel.take(), is: number, "what is taken from a channel")
        }
      } raw: { waiting in
        try RawRounds.exchange(
          over: bench.socket, waiting: waiting, window: 1, windows: 2, samples: rounds, warmUp: rounds / 10)
      }
      return .time("channelRoundTrip", bench, ours, raw: raw)
    }
  }

  /// Many tasks on two workers put numbers in a channel of process 1, whose loop takes them.
  static let channelRate = Row(name: "channelRate", targets: .everywhere(.atLeast(500e3))) { bench in
    try await measureChannelRate("channelRate", bench) { _ in 1 }
  }

  /// The same through a channel that one of the two workers keeps.
  static let channelRateRemote = Row(name: "channelRateRemote", targets: .everywhere(.atLeast(500e3))) { bench in
    try await measureChannelRate("channelRateRemote", bench) { $0[0] }
  }

  private static func measureChannelRate(
    _ name: String, _ bench: Bench, owner: @escaping @Sendable ([ProcessID]) -> ProcessID
  ) async throws -> Measurement {
    let items = bench.scaled(400_000)
    return try await bench.withWorkers(2) { pids in
      let owner = owner(pids)
      let ours = try await bench.repeated(blocks: 3) {
        try await measure(1, warmUp: 1) { try await produceAndConsume(items, through: owner, from: pids) }
      }
      return .rate(name, bench, of: items, ours)
    }
  }

  private static func produceAndConsume(_ items: Int, through owner: ProcessID, from pids: [ProcessID]) async throws {
    let channel = RemoteChannel<Int>(capacity: 1_000, on: owner)
    async let producing: Void = {
      let half = items / 2
      let first = try await remotecall(Produce(from: 0, to: half, tasks: 64), on: pids[0], channel)
      let second = try await remotecall(Produce(from: half, to: items, tasks: 64), on: pids[1], channel)
      _ = try await (first.fetch(), second.fetch())
      try await channel.close()
    }()
    var (count, sum) = (0, 0)
    for try await number in channel {
      count += 1
      sum += number
    }
    try await producing
    try check(count, is: items, "the number of items that came through a channel")
    try check(sum, is: items * (items - 1) / 2, "their sum")
  }
}
