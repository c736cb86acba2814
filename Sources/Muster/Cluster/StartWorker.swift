import Glibc

/// The life of a worker that waits for process 1 to connect, where it cannot dial back: Julia's `start_worker`. Does not
/// return.
///
/// It listens at a free TCP port and writes one line to `out`, `muster_worker:` and the address, such as
/// `muster_worker:tcp:127.0.0.1:9300`; the manager that launched it reports that as `WorkerConfig.connectAt`
/// (`TransportAddress(_:)` reads it). If nobody connects for `MUSTER_WORKER_TIMEOUT` seconds (60), the process exits; and
/// it exits when process 1 has gone, or with a message when it cannot begin.
///
/// - Parameters:
///   - out: the descriptor to write to; standard output by default.
///   - cookie: what `clusterCookie()` says in process 1; `nil`: the first line of standard input.
///   - closeStdin: lets standard input be at its end from then on.
///   - stderrToStdout: lets what is written to standard error go to standard output.
///   - host: the address to listen at, in digits.
public func startWorker(
  out: Int32 = 1, cookie: String? = nil, closeStdin: Bool = true, stderrToStdout: Bool = false,
  bindTo host: String = "127.0.0.1"
) async -> Never {
  await WorkerProcess.serve {
    let line = cookie ?? WorkerProcess.readStandardInput(until: "\n")
    try initWorker(cookie: String(line.prefix { $0 != "\n" }))
    if closeStdin { WorkerProcess.closeStandardInput() }
    let address = try Cluster.process.listenOnTCP(host: host, backlog: 1024)
    try announce(address, to: out)
    if stderrToStdout { dup2(STDOUT_FILENO, STDERR_FILENO) }
  }
}

private func announce(_ address: TransportAddress, to out: Int32) throws {
  let line = Array("muster_worker:\(address)\n".utf8)
  // One write: a line that others write to the same pipe comes before or behind it.
  guard write(out, line, line.count) == line.count else {
    throw ClusterError(
      .launchFailed, "startWorker: cannot write the address to descriptor \(out): \(describe(errno: errno))")
  }
}
