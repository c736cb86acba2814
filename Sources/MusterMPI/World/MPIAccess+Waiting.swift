#if MPI
  import CMPI
  import CMuster
  import Muster

  extension MPIAccess {
    /// Waits for a request of MPI without keeping a thread, or MPI from others.
    ///
    /// - Returns: whether it has completed; otherwise the task has been cancelled, or MPI is over.
    func wait(for request: muster_mpi_request, _ name: String, isCancellable: Bool = true) async throws -> Bool {
      var request = request
      let start = muster_now()
      while true {
        guard let result = unlessOver({ muster_mpi_test(&request) }) else { return false }
        if result < 0 { try MPIWorld.check(-result, name) }
        if result > 0 { return true }
        if isCancellable, Task.isCancelled { return false }
        let pause = PollingPause.after(waiting: muster_now() &- start)
        if pause == 0 { await Task.yield() } else { await sleep(.nanoseconds(Int64(pause))) }
      }
    }

    /// In a cancelled task, too, where a sleep of its own would return at once, again and again.
    private func sleep(_ duration: Duration) async {
      guard Task.isCancelled else {
        try? await Task.sleep(for: duration)
        return
      }
      await Task.detached { try? await Task.sleep(for: duration) }.value
    }
  }
#endif
