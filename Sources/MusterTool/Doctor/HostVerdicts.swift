import Muster

/// From what was found out of a host to what is to be said of it: a pure function.
struct HostVerdicts {
  /// How the host was called when it was asked for.
  let place: String
  let facts: HostFacts
  let measurement: LinkMeasurement
  /// Where the worker there is connected from.
  let address: TransportAddress?
  /// Of process 1.
  let build: String
  /// How many workers the job or the hostfile has for the host.
  let slots: Int
  /// In all.
  let peers: Int

  var checks: [Check] {
    [connection, latency, throughput, executable, clock, processors]
      + facts.limits.checks(at: place, peers: peers, hasFastNetwork: facts.hasFastNetwork)
  }

  private var isHere: Bool {
    if case .unix = address { return true }
    return false
  }

  private var connection: Check {
    switch address {
    case .unix: return .ok(place, "reached", "\(facts.name), by a Unix socket: it is this host")
    case .tcp(let host, _):
      let interface = facts.addresses.first { $0.host == host }?.interface
      return .ok(place, "reached", "\(facts.name), by \(interface.map { "its interface \($0), " } ?? "")\(host)")
    default: return .ok(place, "reached", "\(facts.name)\(address.map { ", by \($0)" } ?? "")")
    }
  }

  private var latency: Check {
    let text = "\(Int((measurement.roundTrip * 1e6).rounded())) µs for a call and its answer"
    return measurement.roundTrip < 0.002
      ? .ok(place, "round trip", text)
      : .warning(
        place, "round trip", text,
        "work in batches (batchSize), or choose a faster network with --interface (options.interface)")
  }

  private var throughput: Check {
    let megabytes = measurement.bandwidth / 1e6
    let text = megabytes >= 1000 ? "\((megabytes / 100).rounded() / 10) GB/s" : "\(Int(megabytes.rounded())) MB/s"
    return megabytes >= 50
      ? .ok(place, "bandwidth", text)
      : .warning(
        place, "bandwidth", text,
        "that is less than Gigabit Ethernet: choose another network with --interface (options.interface)")
  }

  private var executable: Check {
    facts.build == build
      ? .ok(place, "executable", "the same build, \(build)")
      : .failure(
        place, "executable", "build \(facts.build) there, and \(build) here",
        "install the same build on all hosts, best on a file system that they share")
  }

  private var clock: Check {
    let offset = measurement.clockOffset
    let text =
      "\((offset * 1e6).rounded() / 1e3) ms ahead of this host's, ± \((measurement.clockError * 1e6).rounded() / 1e3) ms"
    return abs(offset) - measurement.clockError < 1
      ? .ok(place, "clock", text)
      : .warning(
        place, "clock", text, "times in logs will not fit together: have the clocks set (chronyd, systemd-timesyncd)")
  }

  private var processors: Check {
    let quota = facts.quota.map { ", and \($0) CPUs' worth of time" } ?? ""
    let text = "the CPUs \(facts.allowed) may be used\(quota); \(slots) worker\(slots == 1 ? "" : "s")"
    let count = min(Double(facts.allowed.count), facts.quota ?? .infinity)
    return Double(slots) <= max(1, count)
      ? .ok(place, "cpus", text)
      : .warning(place, "cpus", text, "they would share cores: start fewer there, or ask the scheduler for more CPUs")
  }
}
