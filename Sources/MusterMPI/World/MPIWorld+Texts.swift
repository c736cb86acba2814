#if MPI
  import CMPI
  import Glibc
  import Muster
  import Synchronization

  /// Single texts between rank 0 and another, before there are connections.
  extension MPIWorld {
    private static let textTag: Int32 = 0
    private static let leavingTag: Int32 = 1

    func send(_ text: String, to rank: Int32) throws {
      let bytes = Array(text.utf8)
      try Self.check(
        access { muster_mpi_send(bytes, Int32(bytes.count), rank, Self.textTag, control) }, "MPI_Send")
    }

    /// Waits for what rank 0 sends. Not in MPI_Recv, which would keep a core busy.
    func receiveText() throws -> String {
      var matched = muster_mpi_matched()
      while true {
        let result = access { muster_mpi_improbe(control, &matched) }
        if result < 0 { try Self.check(-result, "MPI_Improbe") }
        if result > 0 { break }
        usleep(200)
      }
      var bytes = [UInt8](repeating: 0, count: Int(matched.count))
      try Self.check(access { muster_mpi_mrecv(&matched, &bytes) }, "MPI_Mrecv")
      return String(decoding: bytes, as: UTF8.self)
    }

    /// Tells rank 0 that this one is about to end.
    func sayLeaving() {
      _ = access { muster_mpi_send(nil, 0, 0, Self.leavingTag, control) }
    }

    /// Takes what ranks have said of their end.
    func hearLeaving() {
      var matched = muster_mpi_matched()
      while access({ muster_mpi_improbe(control, &matched) }) > 0 {
        _ = access { muster_mpi_mrecv(&matched, nil) }
        leaving.withLock { [matched] in _ = $0.insert(matched.source) }
      }
    }

    /// Waits until a rank has said that it is about to end.
    func waitUntilLeaving(_ rank: Int32, atMost limit: Duration) async -> Bool {
      let end = ContinuousClock.now + limit
      while true {
        hearLeaving()
        if leaving.withLock({ $0.contains(rank) }) { return true }
        guard ContinuousClock.now < end else { return false }
        try? await Task.sleep(for: .milliseconds(1))
      }
    }
  }
#endif
