#if MPI
  import Glibc
  import Muster
  import MusterMPI

  /// Sends itself on at random, with numbers, until it has made so many hops, and comes back by the same way.
  struct Wander: RemoteFunction {
    struct Parcel: Codable, Sendable, Equatable {
      var hops: Int
      var seed: UInt64
      var values: [Double]
    }

    func callAsFunction(_ parcel: Parcel) async throws -> [ProcessID] {
      guard parcel.values.indices.allSatisfy({ parcel.values[$0] == Double($0) + Double(parcel.values.count) }) else {
        throw Complaint(description: "numbers were changed on their way to \(myid())")
      }
      guard parcel.hops > 0 else { return [myid()] }
      var next = Numbers(state: parcel.seed)
      let pid = procs().randomElement(using: &next)!
      let path = try await remotecallFetch(Wander(), on: pid, Wander.parcel(parcel.hops - 1, &next))
      return [myid()] + path
    }

    static func parcel(_ hops: Int, _ numbers: inout Numbers) -> Parcel {
      let count = [0, 3, 100, 2_000, 20_000, 300_000].randomElement(using: &numbers)!
      let seed = numbers.next()
      return Parcel(hops: hops, seed: seed, values: (0..<count).map { Double($0) + Double(count) })
    }
  }

  /// The same numbers every time (splitmix64, Steele and others 2014).
  struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  /// Takes from one channel and puts into the next.
  struct PassOn: RemoteFunction {
    let from: RemoteChannel<Int>
    let to: RemoteChannel<Int>
    func callAsFunction(_ count: Int) async throws -> Int {
      for expected in 0..<count {
        let value = try await from.take()
        guard value == expected else { throw Complaint(description: "\(value) came instead of \(expected)") }
        try await to.put(value)
      }
      return count
    }
  }

  struct MemoryInUse: RemoteThunk {
    /// KiB, from /proc/self/statm, after the C library has given back what is free: that grows with the number of
    /// threads that have ever allocated at once, for an hour or more, and would hide what is lost.
    func callAsFunction() -> Int {
      if let symbol = dlsym(nil, "malloc_trim") {
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
      }
      guard let file = fopen("/proc/self/statm", "r") else { return 0 }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 200)
      guard fgets(&line, 200, file) != nil else { return 0 }
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return Int(text.split(separator: " ")[1])! * 4
    }
  }

  /// Random calls, channels in a ring and large arrays across all pairs: `mpirun -n N MPIPrograms soak SECONDS level`.
  func soak(_ arguments: [String]) async throws {
    let seconds = Int(arguments.first ?? "10")!
    let manager = try await startMainLoop(.mpiTransportAll, threadLevel: threadLevel(arguments, 1))
    let end = ContinuousClock.now + .seconds(seconds)
    var (rounds, hops) = (0, 0)
    var memory: [Int] = []
    var numbers = Numbers(state: 42)
    while ContinuousClock.now < end {
      rounds += 1
      hops += try await soakRound(&numbers)
      var most = 0
      for pid in procs() { most = max(most, try await remotecallFetch(MemoryInUse(), on: pid)) }
      memory.append(most)
    }
    try await stopMainLoop(manager)
    // The least of each quarter: what is under way comes on top of it.
    let quarters = (0..<4).map { quarter in
      memory[(memory.count * quarter / 4)...].prefix(max(1, memory.count / 4)).min() ?? 0
    }
    print("passed: \(rounds) rounds, \(hops) hops; KiB in use, by quarters of the time: \(quarters)")
  }

  private func soakRound(_ numbers: inout Numbers) async throws -> Int {
    let parcels = (0..<24).map { _ in Wander.parcel(Int.random(in: 1...12, using: &numbers), &numbers) }
    let channels = procs().map { RemoteChannel<Int>(capacity: 3, on: $0) }
    return try await withThrowingTaskGroup(of: Int.self) { group in
      for parcel in parcels {
        group.addTask {
          let path = try await Wander()(parcel)
          try check(path.count, is: parcel.hops + 1, "the length of the way")
          return path.count
        }
      }
      // A ring: each process passes on what the one before it has put.
      let count = 300
      for (pid, (from, to)) in zip(procs(), zip(channels, channels.dropFirst())) {
        group.addTask {
          try check(try await remotecallFetch(PassOn(from: from, to: to), on: pid, count), is: count, "passed on")
          return 0
        }
      }
      group.addTask {
        for value in 0..<count { try await channels.first!.put(value) }
        return 0
      }
      group.addTask {
        for value in 0..<count { try check(try await channels.last!.take(), is: value, "the end of the ring") }
        return 0
      }
      return try await group.reduce(0, +)
    }
  }
#endif
