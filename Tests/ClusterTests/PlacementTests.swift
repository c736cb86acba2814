import Foundation
import Glibc
import Muster
import Testing

/// Where the kernel lets a process run: the sets of all its threads.
private func cpuSets(ofProcess pid: Int32) throws -> Set<CPUSet> {
  let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
  return Set(
    try threads.compactMap { thread in
      let status = ProcessTable.text(of: "/proc/\(pid)/task/\(thread)/status")
      return try status?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }.map {
        try CPUSet($0.dropFirst("Cpus_allowed_list:".count))
      }
    })
}

/// The memory policies of the mappings of the thread that runs it.
struct MemoryPolicies: RemoteThunk {
  func callAsFunction() -> [String] {
    let lines = (try? String(contentsOfFile: "/proc/thread-self/numa_maps", encoding: .utf8)) ?? ""
    return Set(lines.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) })
      .sorted()
  }
}

extension ClusterTests {
  /// On the machine that there is; two cores are enough.
  @Suite struct Placement {
    let cores: [CPUSet]
    let allowed: CPUSet

    init() throws {
      let topology = try HardwareTopology.thisMachine()
      cores = topology.parts(.core, of: topology.allowed)
      allowed = topology.allowed
    }

    private func expect(_ pids: [ProcessID], _ sets: [CPUSet], sourceLocation: SourceLocation = #_sourceLocation)
      async throws
    {
      for (pid, set) in zip(pids, sets) {
        #expect(try cpuSets(ofProcess: try await osPID(of: pid)) == [set], sourceLocation: sourceLocation)
      }
    }

    @Test func eachWorkerIsBoundToACoreOfItsOwnWithAllItsThreads() async throws {
      try await withWorkers(cores.count) { (pids) async throws in
        // Busy, so that it has more threads than one.
        for pid in pids { try await remoteDo(Compute(seconds: 0.05), on: pid) }
        try await expect(pids, cores)
        let report = reportBindings().split(separator: "\n")
        #expect(report.count == pids.count)
        for ((line, pid), core) in zip(zip(report, pids), cores) {
          #expect(
            line.hasPrefix("worker \(pid) on ") && line.contains("CPU \(core) [") && !line.contains("but it runs"))
        }
        #expect(try await pmap(Square(), 1...50) == (1...50).map { $0 * $0 })
      }
      #expect(reportBindings().isEmpty)
      // Process 1 keeps what it had.
      #expect(try cpuSets(ofProcess: getpid()) == [allowed])
    }

    @Test func moreWorkersThanCoresAreNotBound() async throws {
      try await withWorkers(cores.count + 1) { (pids) async throws in
        try await expect(pids, pids.map { _ in allowed })
        #expect(reportBindings().contains("not bound"))
      }
    }

    @Test func moreWorkersThanCoresAreAnErrorWhereThePolicyIsStrict() async throws {
      var options = AddprocsOptions()
      options.placement = .core.strict
      try await leavingNothingBehind { () async throws in
        let error = await thrown(ClusterError.self) { try await addprocs(cores.count + 1, options: options) }
        #expect(error?.code == .invalidArgument && error?.message.contains("\(cores.count + 1) workers") == true)
        let pids = try await addprocs(cores.count, options: options)
        try await expect(pids, cores)
      }
    }

    @Test func laterWorkersGetTheCoresThatEarlierOnesLeft() async throws {
      try await withWorkers(1) { (first) async throws in
        let second = try await addprocs(max(1, cores.count - 1))
        try await expect(first + second, cores)
        let third = try await addprocs(1)
        try await expect(third, [allowed])
        try await rmprocs(first)
        let fourth = try await addprocs(1)
        try await expect(fourth, [cores[0]])
      }
    }

    @Test func workersCanBeLeftUnbound() async throws {
      var options = AddprocsOptions()
      options.bindTo = .none
      try await withWorkers(1, options) { (pids) async throws in try await expect(pids, [allowed]) }
    }

    @Test func explicitSetsAreWhatWorkersGet() async throws {
      var options = AddprocsOptions()
      options.placement = .masks([cores[cores.count - 1], allowed])
      try await withWorkers(2, options) { (pids) async throws in
        try await expect(pids, [cores[cores.count - 1], allowed])
      }
      options.placement = .cpus([CPUSet.limit - 1])
      try await leavingNothingBehind { () async throws in
        let error = await thrown(ClusterError.self) { try await addprocs(1, options: options) }
        #expect(error?.code == .invalidArgument && error?.message.contains("may use \(allowed)") == true)
      }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1))
    func reservedCoresAreLeftToProcess1() async throws {
      var options = AddprocsOptions()
      options.reservedCores = 1
      try await leavingNothingBehind { () async throws in
        let pids = try await addprocs(.auto, options: options)
        #expect(pids.count == cores.count - 1)
        try await expect(pids, Array(cores.dropFirst()))
        let more = try await addprocs(1, options: options)
        try await expect(more, [allowed.subtracting(cores[0])])
        options.reservedCores = cores.count
        let error = await thrown(ClusterError.self) { [options] in try await addprocs(1, options: options) }
        #expect(error?.message.contains("options.reservedCores is \(cores.count)") == true)
      }
    }

    @Test func autoCountsWhatItIsAskedFor() async throws {
      try await leavingNothingBehind { () async throws in
        #expect(try await addprocs(.auto(.packages)).count == HardwareTopology.thisMachine()[.package].count)
        #expect(try await addprocs(.auto).count == cores.count)
      }
    }

    @Test func threadVariablesAreAsWideAsTheCpuset() async throws {
      var options = AddprocsOptions()
      options.enableThreadedBLAS = true
      try await withWorkers(1, options) { (pids) async throws in
        #expect(try await remotecallFetch(Variable(), on: pids[0], "OMP_NUM_THREADS") == "\(cores.count)")
        try await expect(pids, [allowed])
      }
      options.enableThreadedBLAS = false
      options.threadsPerWorker = cores.count
      try await withWorkers(1, options) { (pids) async throws in
        #expect(try await remotecallFetch(Variable(), on: pids[0], "MKL_NUM_THREADS") == "\(cores.count)")
        try await expect(pids, [allowed])
      }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/thread-self/numa_maps")))
    func memoryCanBeInterleaved() async throws {
      var options = AddprocsOptions()
      options.placement.memory = .interleave
      try await withWorkers(1, options) { (pids) async throws in
        let policies = try await remotecallFetch(MemoryPolicies(), on: pids[0])
        #expect(policies.contains { $0.hasPrefix("interleave") }, "\(policies)")
      }
      try await withWorkers(1) { (pids) async throws in
        let policies = try await remotecallFetch(MemoryPolicies(), on: pids[0])
        #expect(!policies.contains { $0.hasPrefix("interleave") }, "\(policies)")
      }
    }

    @Test func aManagerOfOnesOwnPlacesItsWorkersWithOneCall() async throws {
      try await leavingNothingBehind { () async throws in
        let node = PlacementPlan.Node(name: "here", topology: try .thisMachine())
        let pids = try await addprocs(ByHandManager(cores.count, .dialsBack, on: [node]))
        try await expect(pids, cores)
        #expect(reportBindings().contains("worker \(pids[0]) on here: "))
      }
    }

    /// As where a control group is narrower than the machine that the plan was made for.
    @Test(arguments: [false, true])
    func aWorkerThatDoesNotGetWhatWasPlannedIsNamed(isStrict: Bool) async throws {
      try await leavingNothingBehind { () async throws in
        let count = (allowed.last ?? 0) + 2
        let larger = try HardwareTopology(synthetic: "core:\(count) pu:1")
        var options = AddprocsOptions()
        options.placement = .cpus([count - 1])
        options.placement.isStrict = isStrict
        let manager = ByHandManager(1, .dialsBack, on: [PlacementPlan.Node(name: "here", topology: larger)])
        if isStrict {
          let error = await thrown(ClusterError.self) { try await addprocs(manager, options: options) }
          #expect(error?.code == .launchFailed && error?.message.contains("not placed as planned") == true)
          #expect(error?.message.contains("CPUs \(count - 1) and may run on \(allowed)") == true)
          #expect(error?.message.contains("sched_setaffinity") == true)
        } else {
          let pids = try await addprocs(manager, options: options)
          try await expect(pids, [allowed])
          #expect(reportBindings().contains("(but it runs on CPU \(allowed))"))
        }
      }
    }
  }
}
