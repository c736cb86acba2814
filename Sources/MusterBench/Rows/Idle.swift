import Glibc
import Muster

/// The number by which the operating system knows a worker.
struct SystemProcessID: RemoteThunk {
  func callAsFunction() -> Int32 { getpid() }
}

extension Row {
  /// The resident memory of a worker after its first call, against the same executable without a cluster.
  static let workerMemory = Row(
    name: "workerMemory", transports: [.unix], targets: .everywhere(.atMost(12e6))
  ) { bench in
    let ours = try await bench.withWorkers(1) { pids in
      let pid = try await remotecallFetch(SystemProcessID(), on: pids[0])
      try await Task.sleep(for: .milliseconds(200))
      return try residentMemory(of: pid)
    }
    let raw = try RawProcess.with(.rest, over: bench.socket, waiting: .sleeps) { peer in
      _ = try withBuffer(of: 8) { try peer.socket.receiveAll(into: $0) }
      return try residentMemory(of: peer.pid)
    }
    return Measurement("workerMemory", bench, median: ours, p99: ours, unit: .bytes, raw: raw)
  }

  /// What a cluster that does nothing costs, heartbeats included: per process, the greediest as p99.
  static let idleCPU = Row(name: "idleCPU", transports: [.unix], targets: .everywhere(.atMost(0.001))) { bench in
    try await bench.withWorkers(2) { pids in
      var processes = [getpid()]
      for pid in pids { processes.append(try await remotecallFetch(SystemProcessID(), on: pid)) }
      try await Task.sleep(for: .seconds(2))
      let before = try processes.map(processorTime)
      let start = now()
      try await Task.sleep(for: .seconds(bench.isQuick ? 1 : 10))
      let elapsed = Double(now() - start) * 1e-9
      let fractions = zip(before, try processes.map(processorTime)).map { ($1 - $0) / elapsed }
      let mean = fractions.reduce(0, +) / Double(fractions.count)
      return Measurement("idleCPU", bench, median: mean, p99: fractions.max() ?? mean, unit: .cores)
    }
  }
}

/// Seconds that all threads of a process have run, to the nanosecond.
private func processorTime(of pid: pid_t) throws -> Double {
  var clock = clockid_t()
  var time = timespec()
  guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
    throw BenchError("the processor time of process \(pid) cannot be read")
  }
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// VmRSS in bytes.
func residentMemory(of pid: pid_t) throws -> Double {
  let text = try contents(of: "/proc/\(pid)/status")
  for line in text.split(separator: "\n") where line.hasPrefix("VmRSS:") {
    if let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) }) { return kibibytes * 1024 }
  }
  throw BenchError("/proc/\(pid)/status says nothing of VmRSS")
}

private func contents(of path: String) throws -> String {
  let file = try require(open(path, O_RDONLY), path)
  defer { close(file) }
  return withBuffer(of: 16 * 1024) { buffer in
    let count = max(0, read(file, buffer.baseAddress, buffer.count))
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
