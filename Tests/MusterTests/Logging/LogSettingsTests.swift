import Logging
import Synchronization
import Testing

@testable import Muster

@Suite struct LogSettingsTests {
  @Test func aLevelIsForEverything() {
    let settings = LogSettings("debug")
    #expect(LogComponent.allCases.allSatisfy { settings[$0] == .debug })
    #expect(LogSettings("")[.cluster] == .notice)
  }

  @Test(arguments: ["slurm=trace,info", "info,slurm=trace"])
  func aComponentMayHaveALevelOfItsOwn(text: String) {
    let settings = LogSettings(text)
    #expect(settings[.slurm] == .trace && settings[.cluster] == .info && settings[.pbs] == .info)
  }

  @Test func slipsAreSaidAndLeftOut() {
    var complaints: [String] = []
    let settings = LogSettings("loud,slurn=debug,pbs=debug") { complaints.append($0) }
    #expect(complaints.count == 2 && complaints[0].contains("'loud'") && complaints[1].contains("'slurn'"))
    #expect(settings[.pbs] == .debug && settings[.slurm] == .notice)
  }

  @Test(arguments: [
    (["OMPI_COMM_WORLD_RANK": "7", "SLURM_PROCID": "3", "SLURM_STEP_ID": "0"], 7), (["PMI_RANK": "2"], 2),
    (["SLURM_PROCID": "3", "SLURM_STEP_ID": "0"], 3),
    // The script of a batch job is no task of a step.
    (["SLURM_PROCID": "0"], nil), ([:], nil), (["PMIX_RANK": "x"], nil),
  ])
  func theRankIsWhatTheLauncherSays(environment: [String: String], rank: Int?) {
    #expect(ProcessRank.of { environment[$0] } == rank)
  }

  @Test func theMetadataNamesWorkerAndNodeAndFollowsTheNumber() {
    let log = ClusterLog(worker: 0, settings: LogSettings("debug")) { _, _ in }
    #expect(log.metadata["worker"] == nil && log.metadata["node"] == "\(hostName())")
    log.become(12)
    #expect(log.metadata["worker"] == "12")
  }

  @Test func aLoggerFollowsTheSettingsUnlessItHasALevelOfItsOwn() {
    let log = ClusterLog(worker: 1, settings: LogSettings()) { _, _ in }
    let follows = log[.slurm]
    var own = log[.slurm]
    own.logLevel = .critical
    log.adopt(LogSettings("slurm=trace,error"))
    #expect(follows.logLevel == .trace && own.logLevel == .critical && log[.pbs].logLevel == .error)
  }

  @Test func warningsAndErrorsAreObservedAndNothingBelow() {
    let seen = Seen()
    let log = ClusterLog(worker: 1, settings: LogSettings("pools=warning,critical")) { component, event in
      seen.add("\(component.rawValue) \(event.level) \(event.message)")
    }
    log[.pools].notice("a")
    log[.pools].warning("test of a warning")
    log[.cluster].error("not logged, not observed")
    #expect(seen.all == ["pools warning test of a warning"])
  }
}

private final class Seen: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}
