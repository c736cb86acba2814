import Foundation
import Glibc
import Muster
import Testing

/// What a descriptor of the process that runs it is.
struct DescriptorTarget: RemoteFunction {
  func callAsFunction(_ descriptor: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let count = readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, buffer.count - 1)
      guard count >= 0 else { return "closed" }
      buffer[count] = 0
      return String(cString: buffer.baseAddress!)
    }
  }
}

extension ClusterTests {
  /// Managers that are not Muster's own.
  @Suite struct Managers {
    @Test func aWorkerAcceptsItsSecretOnStandardInput() async throws {
      try await leavingNothingBehind { () async throws in
        let pids = try await addprocs(ByHandManager(2, .dialsBack))
        #expect(workers() == pids)
        #expect(try await pmap(Square(), 1...20) == (1...20).map { $0 * $0 })
        for pid in pids { #expect(try await remotecallFetch(DescriptorTarget(), on: pid, 0) == "/dev/null") }
        #expect(try await remotecallFetch(Travel(), on: pids[0], [pids[1]]) == pids)
      }
    }

    @Test(arguments: [true, false], [true, false])
    func startWorkerWithAllItsOptions(closeStdin: Bool, stderrToStdout: Bool) async throws {
      try await leavingNothingBehind { () async throws in
        let way = ByHandManager.Way.isDialled(closeStdin: closeStdin, stderrToStdout: stderrToStdout)
        let pids = try await addprocs(ByHandManager(2, way))
        for pid in pids {
          #expect(try await remotecallFetch(Identity(), on: pid) == pid)
          let descriptors = try await [0, 1, 2].asyncMap { try await remotecallFetch(DescriptorTarget(), on: pid, $0) }
          #expect((descriptors[0] == "/dev/null") == closeStdin, "\(descriptors)")
          #expect((descriptors[1] == descriptors[2]) == stderrToStdout, "\(descriptors)")
        }
        #expect(try await remotecallFetch(Travel(), on: pids[0], [pids[1]]) == pids)
      }
    }

    @Test(arguments: [
      (String(repeating: "ab", count: 16), "process 1 did not connect within"), ("abcd", "cookie"), ("", "cookie"),
    ])
    func aStartedWorkerThatCannotServeSaysWhyAndExits(cookie: String, reason: String) async throws {
      let process = Process()
      let (input, errors) = (Pipe(), Pipe())
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = ["--start-worker"]
      process.environment = ProcessInfo.processInfo.environment.merging(["MUSTER_WORKER_TIMEOUT": "0.1"]) { $1 }
      process.standardInput = input
      process.standardOutput = FileHandle.nullDevice
      process.standardError = errors
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: Data("\(cookie)\n".utf8))
      await eventually("it exits") { !process.isRunning }
      process.terminate()
      #expect(process.terminationStatus == 1)
      let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      #expect(text.hasPrefix("muster worker: ") && text.contains(reason), "\(text)")
    }

    @Test func workersOfDifferentManagersKnowEachOther() async throws {
      try await withWorkers(1) { (first) async throws in
        let second = try await addprocs(ByHandManager(1, .dialsBack))
        let third = try await addprocs(ByHandManager(1, .isDialled(closeStdin: true, stderrToStdout: false)))
        let all = first + second + third
        for pid in all {
          #expect(try await remotecallFetch(WorkersThere(), on: pid) == all)
          for peer in all { #expect(try await remotecallFetch(CallBack(), on: pid, peer) == peer) }
        }
      }
    }

    @Test func blasThreadsAreAsManyAsTheWorkerHasCoresOnlyWhereThatIsAskedFor() async throws {
      let names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
      let before = names.map { getenv($0).map { String(cString: $0) } }
      #expect(!AddprocsOptions().enableThreadedBLAS)
      for isEnabled in [false, true] {
        var options = AddprocsOptions()
        options.enableThreadedBLAS = isEnabled
        try await withWorkers(1, options) { (pids) async throws in
          for name in names {
            let value = try await remotecallFetch(Variable(), on: pids[0], name)
            let count = value.flatMap { Int($0) } ?? 0
            #expect(isEnabled ? count >= 1 : count == 1, "\(name)")
          }
        }
      }
      #expect(names.map { getenv($0).map { String(cString: $0) } } == before)
    }
  }
}

extension Sequence {
  fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
    var result: [T] = []
    for element in self { result.append(try await transform(element)) }
    return result
  }
}
