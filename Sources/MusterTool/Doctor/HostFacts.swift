import Glibc
import Muster

/// What a worker says of its host.
struct HostFacts: Codable, Sendable {
  let name: String
  let build: String
  let limits: ProcessLimits
  let addresses: [HostAddress]
  /// The CPUs that the job may use there.
  let allowed: CPUSet
  let quota: Double?
  let hasFastNetwork: Bool

  static func current() throws -> HostFacts {
    HostFacts(
      name: Surroundings.nodeName(), build: buildID(), limits: .current(), addresses: HostAddress.current(),
      allowed: try HardwareTopology.thisMachine().allowed, quota: cpuQuota(),
      hasFastNetwork: access("/dev/infiniband", F_OK) == 0)
  }
}

struct TellFacts: RemoteThunk {
  func callAsFunction() throws -> HostFacts { try .current() }
}

/// The time of day on another host, in nanoseconds of 1970.
struct TellTime: RemoteThunk {
  func callAsFunction() -> Int64 { Self.now }

  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Takes much, and says how much.
struct Swallow: RemoteFunction {
  func callAsFunction(_ words: [UInt64]) -> Int { words.count }
}

/// How a worker is reached, as measured by process 1.
struct LinkMeasurement: Sendable {
  /// Seconds; the median.
  let roundTrip: Double
  /// Bytes a second.
  let bandwidth: Double
  /// How far its clock is ahead of ours, in seconds, and how far that may be wrong.
  let clockOffset: Double
  let clockError: Double

  private static let rounds = 200
  /// How long bytes may be sent.
  private static let patience = 0.5

  /// On the Engine, as a program's calls would be.
  static func measure(_ pid: ProcessID) async throws -> LinkMeasurement {
    let clock = ContinuousClock()
    var trips: [Double] = []
    var best = (trip: Double.infinity, offset: 0.0)
    for _ in 0..<rounds {
      let (start, begin) = (TellTime.now, clock.now)
      let there = try await remotecallFetch(TellTime(), on: pid)
      let trip = (clock.now - begin) / .seconds(1)
      trips.append(trip)
      if trip < best.trip { best = (trip, Double(there - start) / 1e9 - trip / 2) }
    }
    return LinkMeasurement(
      roundTrip: trips.sorted()[trips.count / 2], bandwidth: try await bandwidth(to: pid), clockOffset: best.offset,
      clockError: best.trip / 2)
  }

  /// Pieces of growing size until they take long enough to be measured.
  private static func bandwidth(to pid: ProcessID) async throws -> Double {
    let clock = ContinuousClock()
    var (count, best) = (32 << 10, 0.0)
    let end = clock.now + .seconds(patience)
    repeat {
      let words = [UInt64](repeating: 7, count: count)
      let begin = clock.now
      _ = try await remotecallFetch(Swallow(), on: pid, words)
      let seconds = (clock.now - begin) / .seconds(1)
      best = max(best, Double(count * 8) / seconds)
      if seconds < 0.05, count < 4 << 20 { count *= 2 }
    } while clock.now < end
    return best
  }
}
