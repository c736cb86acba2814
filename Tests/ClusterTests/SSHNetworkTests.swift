import Foundation
import Glibc
import Synchronization
import Testing

@testable import Muster

private let plodded = Mutex(0)

/// Takes a moment, and is counted where it runs.
struct Plod: RemoteFunction {
  func callAsFunction(_ x: Int) async throws -> Int {
    try await Task.sleep(for: .milliseconds(5))
    plodded.withLock { $0 += 1 }
    return x
  }
}

struct PlodCount: RemoteThunk {
  func callAsFunction() -> Int { plodded.withLock { $0 } }
}

/// At which address this process reaches another.
struct PeerAddress: RemoteFunction {
  func callAsFunction(_ pid: ProcessID) async throws -> String? {
    _ = try await remotecallFetch(Identity(), on: pid)
    return Cluster.current.members.withLock { $0[pid]?.link?.connection.peerDescription }
  }
}

private func onFourHosts<Value>(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (SSHHosts) async throws -> Value
) async throws -> Value {
  let hosts = try SSHHosts(["namespaces", "4"])
  return try await leavingNothingBehind(sourceLocation: sourceLocation) { try await body(hosts) }
}

extension ClusterTests {
  /// Against four hosts with networks, names and processes of their own.
  @Suite(.disabled(if: SSHHosts.noNamespaces != nil, "\(SSHHosts.noNamespaces ?? "")"))
  struct SSHNetwork {
    @Test func fourHostsWithAddressesOfTheirOwn() async throws {
      try await onFourHosts { hosts in
        let local = try await addprocs(1)
        let names = ["h1", "h2", "h3", "h4"]
        let pids = try await addprocs(names.map { MachineSpec($0, count: 2) }, options: hosts.options)
        let places = try await fromEach(pids, Whereabouts())
        #expect(places.map(\.host) == names.flatMap { [$0, $0] })
        // Through every host, and this one, and back: workers of different hosts are connected, and sealed.
        let way = [pids[2], pids[4], pids[6], local[0], pids[1], pids[3]]
        #expect(try await remotecallFetch(Travel(), on: pids[0], way) == [pids[0]] + way)
        let array = (0..<1_000_000).map { Double($0) }
        let echoed = try await remotecallFetch(Echo<[Double]>(), on: pids[7], array)
        #expect(echoed == array)
        #expect(procs(on: pids[0]) == [pids[0], pids[1]])
        let isSealed = Cluster.current.members.withLock { members in
          pids.allSatisfy { members[$0]?.link?.connection is SealedConnection }
            && !(members[local[0]]?.link?.connection is SealedConnection)
        }
        #expect(isSealed)
      }
    }

    @Test func theNetworkOfOneHostIsCutInAMapAndTheRestFinishes() async throws {
      try await onFourHosts { hosts in
        var options = hosts.options
        options.heartbeatTimeout = .seconds(2)
        let pids = try await addprocs(["h1", "h2", "h3", "h4"], options: options)
        let mapping = Task {
          try await pmap(Plod(), 0..<3000, retryDelays: [Duration](repeating: .zero, count: 3))
        }
        await eventually("all have done something") {
          (try? await fromEach(pids, PlodCount()))?.allSatisfy { $0 > 2 } ?? false
        }
        let lost = try await remotecallFetch(Whereabouts(), on: pids[1])
        #expect(lost.host == "h2")
        try hosts.hosts("cut", ["h2"])
        let values = try await within(.seconds(60), "pmap") { try await mapping.value }
        #expect(values == Array(0..<3000))
        #expect(workers() == [pids[0], pids[2], pids[3]])
        let error = await thrown(ProcessExitedError.self) { try await remotecallFetch(Identity(), on: pids[1]) }
        #expect(error?.reason.contains("no heartbeat") == true, "\(error!)")
        let number = try hosts.networkNumber
        // Those cut off find out by themselves, and end; then the host can be used again.
        await eventually("the processes on h2 end") {
          Shell.run("ip netns pids mssh\(number)-h2 | xargs -r ps -o args= -p | grep -c -- '--worker'").output
            .hasPrefix("0")
        }
        try hosts.hosts("join", ["h2"])
        let again = try await addprocs(["h2"], options: options)
        #expect(try await remotecallFetch(Whereabouts(), on: again[0]).host == "h2")
      }
    }

    @Test func aShortCutIsSatOut() async throws {
      try await onFourHosts { hosts in
        let pids = try await addprocs(["h1", "h2"], options: hosts.options)
        let mapping = Task { try await pmap(Plod(), 0..<1500) }
        await eventually("both have done something") {
          (try? await fromEach(pids, PlodCount()))?.allSatisfy { $0 > 2 } ?? false
        }
        try hosts.hosts("cut", ["h2"])
        let one = try await remotecallFetch(PlodCount(), on: pids[0])
        await eventually("the other goes on") {
          ((try? await remotecallFetch(PlodCount(), on: pids[0])) ?? 0) > one + 20
        }
        try hosts.hosts("join", ["h2"])
        let values = try await within(.seconds(60), "pmap") { try await mapping.value }
        #expect(values == Array(0..<1500))
        #expect(workers() == pids)
      }
    }

    @Test func theInterfaceThatIsNamedIsUsed() async throws {
      try await onFourHosts { hosts in
        let number = try hosts.networkNumber
        var options = hosts.options
        options.interface = "fd77:\(number)::/64"
        let pids = try await addprocs(["h1", "h2"], options: options)
        let peers = Cluster.current.members.withLock { members in
          pids.compactMap { members[$0]?.link?.connection.peerDescription }
        }
        #expect(peers.count == 2 && peers.allSatisfy { $0.contains("[fd77:\(number)::") }, "\(peers)")
        #expect(try await remotecallFetch(Travel(), on: pids[0], [pids[1]]) == pids)
        options.interface = "ib7"
        let error = await thrown(ClusterError.self) { try await addprocs(["h3"], options: options) }
        #expect(error?.code == .launchFailed || error?.code == .invalidArgument)
        #expect(error?.message.contains("10.214.\(number).254") == true, "\(error!)")
      }
    }

    @Test func workersOfAHostWithAPortListenAtItAndTheNextOnes() async throws {
      try await onFourHosts { hosts in
        let address = "[fd77:\(try hosts.networkNumber)::1]"
        // Its other address is not used.
        let machines: [MachineSpec] = [.init("h1 \(address):9300", count: 3), "h2"]
        let pids = try await addprocs(machines, options: hosts.options)
        var peers: [String?] = []
        for pid in pids.prefix(3) { peers.append(try await remotecallFetch(PeerAddress(), on: pids[3], pid)) }
        #expect(peers == (9300...9302).map { "tcp:\(address):\($0)" })
        // The ports are taken now.
        let error = await thrown(ClusterError.self) {
          try await addprocs(["h1 \(address):9302"], options: hosts.options)
        }
        #expect(error?.message.contains("\(address):9302") == true, "\(error!)")
        #expect(error?.message.contains("Address already in use") == true, "\(error!)")
        #expect(workers() == pids)
      }
    }

    @Test func twoHundredWorkersJoinAtOnce() async throws {
      try await onFourHosts { hosts in
        let machines = ["h1", "h2", "h3", "h4"].map { MachineSpec($0, count: 50) }
        let pids = try await within(.seconds(200), "addprocs") { [options = hosts.options] in
          try await addprocs(machines, options: options)
        }
        #expect(pids.count == 200 && workers() == pids)
        let values = try await pmap(Square(), 1...2000)
        #expect(values == (1...2000).map { $0 * $0 })
        try await within(.seconds(100), "rmprocs") { try await rmprocs(pids) }
      }
    }
  }
}
