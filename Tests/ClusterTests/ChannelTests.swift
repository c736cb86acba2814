import Foundation
import Synchronization
import Testing

@testable import Muster

let keptChannels = Mutex<[RemoteChannel<Int>]>([])

struct KeepChannel: RemoteProcedure {
  typealias Input = RemoteChannel<Int>
  func callAsFunction(_ channel: RemoteChannel<Int>) { keptChannels.withLock { $0.append(channel) } }
}

struct DropKeptChannels: RemoteThunk {
  func callAsFunction() -> Int {
    let channels = keptChannels.withLock { channels in
      defer { channels = [] }
      return channels
    }
    return channels.count
  }
}

/// Puts numbers, from several tasks.
struct Produce: RemoteFunction {
  let numbers: [Int]
  var tasks = 1

  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> Int {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<tasks {
        group.addTask {
          for index in stride(from: task, to: numbers.count, by: tasks) { try await channel.put(numbers[index]) }
        }
      }
      try await group.waitForAll()
    }
    return numbers.count
  }
}

/// Takes from one channel and puts into another, until the first is closed.
struct Forward: RemoteProcedure {
  typealias Input = RemoteChannel<Int>
  let results: RemoteChannel<Int>

  func callAsFunction(_ jobs: RemoteChannel<Int>) async throws {
    for try await job in jobs { try await results.put(job) }
  }
}

struct Collect: RemoteFunction {
  func callAsFunction(_ channel: RemoteChannel<Int>) async throws -> [Int] {
    var all: [Int] = []
    for try await number in channel { all.append(number) }
    return all
  }
}

extension ClusterTests {
  @Suite struct Channels {
    @Test func aChannelBehavesAlikeHereAndElsewhere() async throws {
      try await withWorkers(1) { (pids) async throws in
        for owner in [1, pids[0]] {
          let channel = RemoteChannel<Int>(capacity: 3, on: owner)
          for number in 1...3 { try await channel.put(number) }
          #expect(try await channel.isReady())
          #expect(try await channel.fetch() == 1)
          for number in 1...3 { #expect(try await channel.take() == number) }
          #expect(try await channel.isEmpty)
          try await channel.put(4)
          try await channel.close()
          #expect(try await !channel.isOpen)
          #expect(await thrown(ClusterError.self) { try await channel.put(5) }?.code == .channelClosed)
          #expect(try await remotecallFetch(Collect(), on: pids[0], channel) == [4])
        }
        try await expectNothingKept(by: [1] + pids)
      }
    }

    @Test func theOwnerKeepsAChannelUntilTheOnlyReferenceIsDropped() async throws {
      try await withWorkers(1) { (pids) async throws in
        for owner in [1, pids[0]] {
          do {
            let channel = RemoteChannel<Int>(on: owner)
            try await channel.put(1)
            #expect(try await remotecallFetch(Keeps(), on: owner, channel.id))
            #expect(try await channel.fetch() == 1)
            #expect(try await remotecallFetch(Keeps(), on: owner, channel.id))
          }
          try await expectNothingKept(by: [1] + pids)
        }
      }
    }

    @Test func aChannelStaysWhileAnotherProcessHasIt() async throws {
      try await withWorkers(2) { (pids) async throws in
        for owner in [1, pids[0]] {
          let id: RRID
          do {
            let channel = RemoteChannel<Int>(on: owner)
            id = channel.id
            _ = try await remotecallFetch(KeepChannel(), on: pids[1], channel)
          }
          try await eventually("the other process alone holds it") {
            try await remotecallFetch(HoldersOf(), on: owner, id) == [pids[1]]
          }
          #expect(try await remotecallFetch(DropKeptChannels(), on: pids[1]) == 1)
          try await expectNothingKept(by: [1] + pids)
        }
      }
    }

    @Test func manyProducersReachOneConsumer() async throws {
      try await withWorkers(3) { (pids) async throws in
        let channel = RemoteChannel<Int>(capacity: 100)
        let producing = Task {
          try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, pid) in pids.enumerated() {
              group.addTask {
                let numbers = (0..<1_000).map { $0 * 3 + index }
                return try await remotecallFetch(Produce(numbers: numbers, tasks: 20), on: pid, channel)
              }
            }
            try await group.waitForAll()
          }
          try await channel.close()
        }
        let all = try await within(.seconds(60), "3,000 items") {
          var all: [Int] = []
          for try await number in channel { all.append(number) }
          return all
        }
        try await producing.value
        #expect(all.sorted() == Array(0..<3_000))
      }
    }

    @Test func jobsThatAKilledProcessHadNotTakenAreDoneByOthersOnce() async throws {
      try await withWorkers(3) { (pids) async throws in
        for capacity in [0, 1, 50] {
          let (jobs, results) = (RemoteChannel<Int>(capacity: capacity), RemoteChannel<Int>(capacity: .max))
          let living = workers()
          for pid in living { try await remoteDo(Forward(results: results), on: pid, jobs) }
          let count = 400
          for job in 0..<count {
            try await jobs.put(job)
            if job == count / 2, living.count > 1 { kill(try await osPID(of: living[0]), SIGKILL) }
          }
          try await jobs.close()
          // The killed process may have taken one job away with it; the others are done, and none twice.
          try await eventually("the jobs are done") {
            let isEmpty = try await jobs.isEmpty
            return isEmpty && hasOnlyMyHold(jobs)
          }
          try await results.close()
          var done: [Int] = []
          for try await job in results { done.append(job) }
          #expect(Set(done).count == done.count && done.count >= count - 1)
        }
      }
    }

    /// The workers have left the loop over it, and dropped it.
    private func hasOnlyMyHold(_ channel: RemoteChannel<Int>) -> Bool {
      Cluster.process.references.holders(of: channel.id) == [1]
    }

    @Test func aKilledOwnerIsAnErrorOfAllWhoWait() async throws {
      try await withWorkers(2) { (pids) async throws in
        let channel = RemoteChannel<Int>(capacity: 0, on: pids[0])
        let takes = (0..<5).map { _ in Task { try await channel.take() } }
        let other = RemoteChannel<Int>(capacity: 0, on: pids[0])
        let put = Task { try await other.put(1) }
        try await eventually("the put has arrived") { try await other.isReady() }
        kill(try await osPID(of: pids[0]), SIGKILL)
        for task in takes {
          let error = await thrown(ProcessExitedError.self) {
            try await within(.seconds(20), "take") { try await task.value }
          }
          #expect(error?.pid == pids[0])
        }
        await thrown(ProcessExitedError.self) { try await within(.seconds(20), "put") { try await put.value } }
        await thrown(ProcessExitedError.self) { try await channel.isOpen }
      }
    }

    @Test func outsideTheClusterAChannelIsEmptyAndHarmless() async throws {
      try await withWorkers(1) { (pids) async throws in
        let channel = RemoteChannel<Int>(on: pids[0])
        try await channel.put(1)
        let data = try JSONEncoder().encode(["nested": [channel]])
        let copy = try #require(
          try JSONDecoder().decode([String: [RemoteChannel<Int>]].self, from: data)["nested"]?.first)
        #expect(copy.owner == 0)
        #expect(await thrown(ClusterError.self) { try await copy.take() }?.code == .invalidArgument)
        #expect(try await channel.take() == 1)
      }
    }
  }
}
