import Glibc
import Muster
import Testing

/// A generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension ClusterTests {
  @Suite struct RandomKills {
    /// Kills one of the children after a random time, in a random way.
    private static func killOne(_ seed: UInt64) -> Task<Void, Never> {
      var random = SeededGenerator(seed: seed)
      let delay = Double.random(in: 0...0.03, using: &random)
      let choice = Int.random(in: 0..<1000, using: &random)
      let signal = [SIGKILL, SIGKILL, SIGTERM, SIGQUIT].randomElement(using: &random)!
      return Task.detached {
        try? await Task.sleep(for: .seconds(delay))
        let children = ProcessTable.children
        if !children.isEmpty { kill(children[choice % children.count], signal) }
      }
    }

    /// The same with all workers of a launch that is under way.
    @Test(arguments: 0..<10) func workersDieDuringAPmap(seed: Int) async throws {
      try await withWorkers(3) { (_) async throws in
        let killer = Self.killOne(UInt64(seed))
        let results = try await within(.seconds(60), "pmap with seed \(seed)") {
          try await pmap(
            Slow(), 0..<150, batchSize: seed % 2 == 0 ? 1 : 3,
            retryDelays: Array(repeating: .milliseconds(1), count: 20))
        }
        #expect(results.count == 150)
        await killer.value
      }
    }

    @Test(arguments: 10..<20) func workersDieDuringAStormOfCalls(seed: Int) async throws {
      try await withWorkers(2) { (pids) async throws in
        let killer = Self.killOne(UInt64(seed))
        try await within(.seconds(60), "the storm with seed \(seed)") {
          await withTaskGroup(of: Void.self) { group in
            for pid in pids {
              group.addTask {
                for index in 0..<30_000 {
                  do { try await remoteDo(TakeNote(), on: pid, index) } catch { return Self.check(error, pid) }
                }
              }
              group.addTask {
                for index in 0..<2000 {
                  do {
                    let square = try await remotecallFetch(Square(), on: pid, index)
                    #expect(square == index * index)
                  } catch { return Self.check(error, pid) }
                }
              }
              group.addTask {
                for _ in 0..<20 {
                  do {
                    let array = try await remotecall(MakeArray(), on: pid, 100_000).fetch()
                    #expect(array.count == 100_000)
                  } catch { return Self.check(error, pid) }
                }
              }
            }
          }
        }
        await killer.value
      }
    }

    private static func check(_ error: any Error, _ pid: ProcessID) {
      #expect(
        (error as? ProcessExitedError)?.pid == pid || (error as? ClusterError)?.code == .noSuchProcess,
        "\(type(of: error)): \(error)")
    }

    @Test(arguments: 20..<30) func workersDieWhileTheyAreBeingAdded(seed: Int) async throws {
      try await leavingNothingBehind { () async throws in
        let killer = Self.killOne(UInt64(seed))
        var options = AddprocsOptions()
        options.atLeast = 1
        let outcome = await within0 { [options] in try await addprocs(3, options: options) }
        await killer.value
        switch outcome {
        case .success(let pids):
          #expect(!pids.isEmpty)
          await eventually("the rest works") {
            for pid in workers() where pid != 1 {
              guard (try? await remotecallFetch(Square(), on: pid, 3)) == 9 else { return false }
            }
            return true
          }
        case .failure(let error): #expect((error as? ClusterError)?.code == .launchFailed, "\(error)")
        }
      }
    }

    @Test(arguments: 30..<40) func process1DiesAtSomeMoment(seed: Int) async throws {
      var random = SeededGenerator(seed: UInt64(seed))
      let before = ProcessTable.socketDirectories
      let program = try RunningProgram([seed % 2 == 0 ? "addprocs" : "storm"])
      if seed % 2 == 1 { try await program.waitForOutput("ready") }
      try await Task.sleep(for: .seconds(Double.random(in: 0...0.4, using: &random)))
      let signal = [SIGKILL, SIGINT, SIGTERM].randomElement(using: &random)!
      kill(program.pid, signal)
      let code = try await program.waitForExit(within: .seconds(20))
      #expect(code == -signal || code == 128 + signal)
      await program.expectNothingLeft()
      // A process 1 that is killed while it makes the directory may leave it; the next one removes it.
      _ = try await RunningProgram.run(["return"])
      await eventually("nothing is left in /tmp") { ProcessTable.socketDirectories.subtracting(before).isEmpty }
    }
  }
}
