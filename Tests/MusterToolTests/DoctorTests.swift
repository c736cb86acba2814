import Foundation
import Muster
import Testing

@testable import MusterTool

@Suite struct DoctorTests {
  @Test func thisHostIsLookedAtForReal() throws {
    let result = try Tool.run(
      ["doctor", "--json"], environment: ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"])
    let checks = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]], "\(result.errors)")
    let here = checks.filter { $0["place"] as? String == "this host" }
    #expect(
      Set(here.compactMap { $0["name"] as? String }).isSuperset(of: [
        "reached", "round trip", "bandwidth", "executable", "clock", "cpus", "limits",
      ]), "\(here)")
    #expect(here.first { $0["name"] as? String == "executable" }?["verdict"] as? String == "ok")
    #expect(result.code == 0, "\(result.output)")
    #if MPI
      let threads = checks.first { $0["name"] as? String == "threads" }
      #expect((threads?["text"] as? String)?.contains("MPI_THREAD_") == true, "\(String(describing: threads))")
    #endif
  }

  @Test func anMPIThatHangsHoldsUpNothingOnAHostOfOneCPU() throws {
    let directory = try MusterProcess.makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let fake = "#!/bin/sh\ncase $1 in --version) echo 'mpirun (Open MPI) 4.1.4' ;; *) exec sleep 1000 ;; esac\n"
    try fake.write(toFile: "\(directory)/mpirun", atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(directory)/mpirun")
    // Longer than it promises, for a machine that is busy; it would wait for 1,000 s.
    let result = try Tool.shell("PATH='\(directory)':\"$PATH\" taskset -c 0 timeout 40 '\(Tool.path)' doctor")
    #expect(result.output.contains("reached") && result.output.contains("round trip"), "\(result.output)")
    #if MPI
      #expect(result.output.contains("one rank has not started within 9 s"), "\(result.output)")
    #endif
    #expect(result.code == 0)
  }

  private func verdicts(
    build: String = "b1", roundTrip: Double = 1e-4, bandwidth: Double = 1e9, clock: Double = 0, slots: Int = 2,
    quota: Double? = nil, address: TransportAddress? = .tcp(host: "10.0.0.2", port: 9)
  ) -> [String: Check.Verdict] {
    let facts = HostFacts(
      name: "n1", build: build, limits: ProcessLimits(),
      addresses: [HostAddress(interface: "ib0", host: "10.0.0.2")], allowed: [0, 1], quota: quota,
      hasFastNetwork: false)
    let measurement = LinkMeasurement(
      roundTrip: roundTrip, bandwidth: bandwidth, clockOffset: clock, clockError: 0.001)
    let checks = HostVerdicts(
      place: "n1", facts: facts, measurement: measurement, address: address, build: "b1", slots: slots, peers: 3
    ).checks
    #expect(checks.allSatisfy { ($0.advice == nil) == ($0.verdict == .ok) })
    return Dictionary(checks.map { ($0.name, $0.verdict) }, uniquingKeysWith: { $1 })
  }

  @Test func aSoundHostIsOkInEveryLine() {
    #expect(verdicts().values.allSatisfy { $0 == .ok })
  }

  @Test func eachFlawIsSeenInItsLine() {
    #expect(verdicts(build: "b2")["executable"] == .failure)
    #expect(verdicts(roundTrip: 0.01)["round trip"] == .warning)
    #expect(verdicts(bandwidth: 1e6)["bandwidth"] == .warning)
    #expect(verdicts(clock: -5)["clock"] == .warning)
    #expect(verdicts(slots: 3)["cpus"] == .warning)
    #expect(verdicts(quota: 1.5)["cpus"] == .warning)
  }

  @Test func limitsThatAreTooLow() {
    let low = ProcessLimits(files: 256, processes: 100, lockedMemory: 65536, addressSpace: 1 << 30)
    #expect(low.checks(at: "n1", peers: 100, hasFastNetwork: true).count { $0.verdict == .warning } == 4)
    #expect(low.checks(at: "n1", peers: 10, hasFastNetwork: false).count { $0.verdict == .warning } == 2)
    #expect(ProcessLimits().checks(at: "n1", peers: 10_000, hasFastNetwork: true).map(\.verdict) == [.ok])
  }

  @Test func typesOfSrun() {
    let list = CommandOutput(code: 0, text: "MPI plugin types are...\n\tnone\n\tpmix\n\tpmi2\n")
    #expect(SchedulerChecks.mpiTypes(list).verdict == .ok && SchedulerChecks.mpiTypes(list).text == "none, pmix, pmi2")
    let none = CommandOutput(code: 0, text: "MPI plugin types are...\n\tnone\n")
    #expect(SchedulerChecks.mpiTypes(none).verdict == .warning)
    let failed = CommandOutput(code: 1, text: "srun: error: resolve_ctls_from_dns_srv: res_nsearch error\n")
    #expect(SchedulerChecks.mpiTypes(failed).verdict == .warning)
  }
}
