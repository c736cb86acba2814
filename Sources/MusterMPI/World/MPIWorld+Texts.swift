#if MPI
  import CMPI
  import Glibc
  import Muster

  /// Single texts between rank 0 and another, before there are connections.
  extension MPIWorld {
    func send(_ text: String, to rank: Int32) throws {
      let bytes = Array(text.utf8)
      try Self.check(
        access { muster_mpi_send(bytes, Int32(bytes.count), rank, 0, control) }, "MPI_Send")
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
  }
#endif
