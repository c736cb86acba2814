#if MPI
  import CMPI
  import CMuster
  import Muster

  extension MPIAccess {
    /// Waits for a request of MPI without keeping a thread, or MPI from others.
    ///
    /// - Returns: whether it has completed; otherwise the task has been cancelled.
    func wait(for request: muster_mpi_request, _ name: String, isCancellable: Bool = true) async throws -> Bool {
      var request = request
      let start = muster_now()
      while true {
        let result = callAsFunction { muster_mpi_test(&request) }
        if result < 0 { try MPIWorld.check(-result, name) }
        if result > 0 { return true }
        if isCancellable, Task.isCancelled { return false }
        let pause = PollingPause.after(waiting: muster_now() &- start)
        // A cancelled sleep would return at once, again and again.
        if pause == 0 || Task.isCancelled {
          await Task.yield()
        } else {
          try? await Task.sleep(for: .nanoseconds(Int64(pause)))
        }
      }
    }
  }
#endif
